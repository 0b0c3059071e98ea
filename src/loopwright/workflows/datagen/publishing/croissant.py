"""The dataset's Croissant metadata (MLCommons, version 1.0): its files, and which field of a row stands where in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from loopwright.store.columns import Kind

_TYPES: dict[str, str] = {"bool": "sc:Boolean", "int": "sc:Integer", "float": "sc:Float", "text": "sc:Text", "texts": "sc:Text"}
_ENCODINGS = {"jsonl": "application/jsonlines", "parquet": "application/x-parquet"}
_TERMS = (
    "citeAs column conformsTo! equivalentProperty extract field fileProperty fileObject fileSet format includes isLiveDataset "
    "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source subField "
    "transform"
)


class Described(NamedTuple):
    """What of a dataset is told to machines."""

    name: str
    description: str
    version: str
    license: str | None
    languages: Sequence[str]


class File(NamedTuple):
    """One split in one file."""

    split: str
    path: str
    form: str
    sha256: str
    bytes: int


def croissant(told: Described, kinds: Mapping[str, Kind], files: Sequence[File]) -> dict[str, Any]:
    plain = {"name": told.name, "description": told.description, "license": told.license, "inLanguage": list(told.languages)}
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **{name: value for name, value in plain.items() if value},
        "version": told.version,
        "distribution": [_file(file) for file in files],
        "recordSet": [_records(file, kinds) for file in files],
    }


def _context() -> dict[str, Any]:
    named = {word.rstrip("!"): f"{'dct' if word.endswith('!') else 'cr'}:{word.rstrip('!')}" for word in _TERMS.split()}
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        **named,
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "sc": "https://schema.org/",
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{file.split}-file",
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": _ENCODINGS[file.form],
        "sha256": file.sha256,
    }


def _records(file: File, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": file.split,
        "name": file.split,
        "key": {"@id": f"{file.split}/id"},
        "field": [_field(file.split, name, kind) for name, kind in kinds.items()],
    }


def _field(split: str, name: str, kind: Kind) -> dict[str, Any]:
    field = {
        "@type": "cr:Field",
        "@id": f"{split}/{name}",
        "name": name,
        "dataType": _TYPES[kind],
        "source": {"fileObject": {"@id": f"{split}-file"}, "extract": {"column": name}},
    }
    return {**field, "repeated": True} if kind == "texts" else field
