"""Hands a run's tables to other programs, as a file or as a stream."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal, NamedTuple, TypeAlias

from loopwright.errors import UsageError
from loopwright.runs.folder import RunFolder
from loopwright.store import export
from loopwright.store.reader import ANY, RunReader, Where

What: TypeAlias = Literal["samples", "trials", "decisions", "rewards", "verdicts", "calls"]
Form: TypeAlias = Literal["jsonl", "csv", "parquet"]


class Wanted(NamedTuple):
    """What is to be exported. `accepted` keeps the accepted samples alone."""

    what: What = "samples"
    form: Form = "jsonl"
    accepted: bool = False


def to_file(folder: RunFolder, wanted: Wanted, file: Path) -> int:
    """Writes the file, whole or not at all, and returns how many rows it holds."""
    if wanted.accepted and wanted.what != "samples":
        raise UsageError(f"--accepted chooses among samples; {wanted.what} have no such mark")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")
    where = Where(accepted=True) if wanted.accepted else ANY
    with RunReader.open(folder.store) as reader:
        return export.export(reader, wanted.what.removesuffix("s"), file, wanted.form, where)


def to_stream(folder: RunFolder, wanted: Wanted, stream: BinaryIO) -> int:
    """The same, written to a stream once it is whole."""
    with TemporaryDirectory(prefix="loopwright-") as scratch:
        file = Path(scratch) / f"export.{wanted.form}"
        rows = to_file(folder, wanted, file)
        with file.open("rb") as written:
            shutil.copyfileobj(written, stream)
    return rows
