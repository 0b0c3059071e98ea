"""Publishes the dataset of a run into a folder of its own: each edition with its version and the version before it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson

from loopwright.errors import UsageError
from loopwright.loop.dataset import Published, Sheet
from loopwright.runs.dataset import dataset
from loopwright.runs.folder import RunFolder
from loopwright.store.export import replaced
from loopwright.store.faults import faults

NOTE = "loopwright.json"
"""In a published folder: what it holds."""

EDITIONS = "editions.jsonl"
"""In a run's folder: what was published of it, and where."""

_FORM = 1


class File(NamedTuple):
    """A file that is published, by its path in the folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Publication:
    """`parent` is the version that this one takes the place of. The last of the files is the note, which tells all this."""

    form: Published
    version: str
    parent: str | None
    rows: int
    splits: dict[str, int]
    fields: Mapping[str, str]
    left_out: tuple[str, ...]
    run: str
    files: tuple[File, ...]


class Wanted(NamedTuple):
    """What is to be published. `sets` changes what is told of it, as `output.publish.license=mit` does."""

    form: Published = "hf"
    sheet: Sheet = "jsonl"
    sets: Sequence[str] = ()


def to_folder(run: RunFolder, wanted: Wanted, place: Path) -> Publication:
    """Replaces what was published there before; a folder that holds anything else is left alone."""
    earlier = before(place)
    with made(run, wanted, earlier) as (publication, folder), faults(place):
        place.mkdir(parents=True, exist_ok=True)
        for file in publication.files:
            _put(folder / file.path, place / file.path)
        _remove(place, earlier, publication)
    record(run, publication, str(place.resolve()))
    return publication


@contextmanager
def made(run: RunFolder, wanted: Wanted, earlier: dict[str, Any] | None = None) -> Iterator[tuple[Publication, Path]]:
    """The next edition, in a folder that is gone afterwards. `earlier` is the one it takes the place of, else the last."""
    with TemporaryDirectory(prefix="loopwright-") as scratch:
        folder = Path(scratch)
        edition = dataset(run, wanted.sets).publish(wanted.form, wanted.sheet, folder)
        parent = _parent(edition.version, earlier or _last(run, wanted.form))
        files = tuple(_file(file, folder) for file in sorted(folder.rglob("*")) if file.is_file())
        publication = Publication(wanted.form, parent=parent, run=run.name, files=files, **edition._asdict())
        note = {"loopwright_dataset": _FORM, **asdict(publication)}
        note["files"] = [file._asdict() for file in files]
        (folder / NOTE).write_bytes(orjson.dumps(note, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        yield replace(publication, files=(*files, _file(folder / NOTE, folder))), folder


def record(run: RunFolder, publication: Publication, place: str) -> None:
    """Adds it to what was published of the run."""
    told = {name: getattr(publication, name) for name in ("form", "version", "parent", "rows")}
    line = orjson.dumps({**told, "place": place, "at": time.time()}, option=orjson.OPT_APPEND_NEWLINE)
    with faults(run.path), (run.path / EDITIONS).open("ab") as out:
        out.write(line)


def editions(run: RunFolder) -> list[dict[str, Any]]:
    """What was published of the run, the last one last."""
    file = run.path / EDITIONS
    return [orjson.loads(line) for line in file.read_bytes().splitlines() if line] if file.is_file() else []


def provenance(run: RunFolder) -> dict[str, Any]:
    """PROV-JSON of the rows, with the versions of the dataset that were published, each a revision of the one before."""
    found: dict[str, Any] = {**dataset(run).provenance()}
    entities, derived = dict(found["entity"]), dict(found.get("wasDerivedFrom", {}))
    revised = {each["version"]: each["parent"] for each in editions(run) if each["parent"] is not None}
    for version, parent in revised.items():
        ends = {"prov:generatedEntity": f"lw:dataset/{version}", "prov:usedEntity": f"lw:dataset/{parent}"}
        derived[f"_:revision{len(derived)}"] = {**ends, "prov:type": {"$": "prov:Revision", "type": "prov:QUALIFIED_NAME"}}
        for name in ends.values():
            entities.setdefault(name, {})
    return {**found, "entity": entities, **({"wasDerivedFrom": derived} if derived else {})}


def _last(run: RunFolder, form: Published) -> dict[str, Any] | None:
    return next((each for each in reversed(editions(run)) if each["form"] == form), None)


def _parent(version: str, earlier: dict[str, Any] | None) -> str | None:
    """The same rows published again are the same version, with the parent that it had."""
    if earlier is None:
        return None
    parent: str | None = earlier["parent"] if earlier["version"] == version else earlier["version"]
    return parent


def before(place: Path) -> dict[str, Any] | None:
    """The note of what was published there; refuses a folder that holds anything else."""
    note = place / NOTE
    if note.is_file():
        try:
            told: dict[str, Any] = orjson.loads(note.read_bytes())
            if told["loopwright_dataset"] == _FORM and all(
                name in told for name in ("form", "version", "parent", "fields", "files")
            ):
                return told
        except (ValueError, KeyError, TypeError):
            pass
        raise UsageError(f"{note} is no note of a published dataset; name another folder")
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place} is a file; a dataset is published into a folder")
    if place.is_dir() and any(not each.name.startswith(".") for each in place.iterdir()):
        raise UsageError(f"{place} holds other files than a published dataset; name an empty folder")
    return None


def _remove(place: Path, earlier: dict[str, Any] | None, publication: Publication) -> None:
    """Files of the edition before that are none of this one."""
    kept = {file.path for file in publication.files}
    for path in (str(file["path"]) for file in (earlier or {"files": []})["files"]):
        file = (place / path).resolve()
        if path not in kept and file.is_relative_to(place.resolve()):
            file.unlink(missing_ok=True)
            if file.parent != place.resolve() and not any(file.parent.iterdir()):
                file.parent.rmdir()


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    with source.open("rb") as content, replaced(target) as out:
        shutil.copyfileobj(content, out)


def _file(file: Path, folder: Path) -> File:
    content = file.read_bytes()
    return File(file.relative_to(folder).as_posix(), len(content), sha256(content).hexdigest())
