"""The rows of a dataset wherever they are: accepted in a run, or published in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from loopwright.errors import ExtraMissing, UsageError
from loopwright.loop.dataset import Entry
from loopwright.quality.row import as_text
from loopwright.runs.dataset import dataset_or_none
from loopwright.runs.folder import find
from loopwright.runs.publish import NOTE, before


def entries(root: Path, word: str) -> list[Entry] | None:
    """Of a published folder or of a run; None where the run's workflow makes no dataset."""
    if (Path(word) / NOTE).is_file():
        return list(_published(Path(word)))
    found = dataset_or_none(find(root, word))
    return None if found is None else list(found.entries())


def _published(place: Path) -> Iterator[Entry]:
    note: Any = before(place)
    if note["form"] != "hf":
        raise UsageError(f"{place} holds conversations; name a run, or a folder that was published with --as hf")
    fields = note["fields"]
    for file in note["files"]:
        path = (place / file["path"]).resolve()
        if file["path"].startswith("data/") and path.is_relative_to(place.resolve()):
            for row in _sheet(path):
                if fields["id"] not in row:
                    raise UsageError(f"{path} has a row without {fields['id']!r}: it is not as it was published")
                id = str(row.pop(fields["id"]))
                label = row.get(fields.get("label"))
                text = as_text(row.get(fields["text"]))
                yield Entry(id, row, text, None if label is None else as_text(label))


def _sheet(file: Path) -> Iterator[dict[str, Any]]:
    if file.suffix == ".jsonl":
        try:
            yield from map(orjson.loads, file.read_bytes().splitlines())
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} is not as it was published: {error}") from None
        return
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise ExtraMissing("parquet", f"reading {file}") from None
    yield from parquet.read_table(file).to_pylist()
