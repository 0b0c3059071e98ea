"""A run's tables as JSONL, CSV or Parquet files for other programs: derived, streamed, and never half there."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Any, BinaryIO

import orjson

from loopwright.errors import ExtraMissing, UsageError
from loopwright.store.columns import Column, Kind, Record, columns, guarded, record, text
from loopwright.store.faults import faults
from loopwright.store.reader import ANY, RunReader, Where
from loopwright.store.rows import TABLES, Table
from loopwright.store.schema import sync_folder

_ROWS_PER_GROUP = 10_000


def export(reader: RunReader, table: str, file: Path, form: str | None = None, where: Where = ANY) -> int:
    """Writes the table's rows, in the order of the run, and returns how many. `form` is by default what the name ends in."""
    chosen = form or file.suffix.removeprefix(".")
    if table not in TABLES:
        raise UsageError(f"there is no table {table!r} to export; there are: {', '.join(TABLES)}")
    if chosen not in FORMS:
        raise UsageError(f"{chosen!r} is not a format to export to; there are: {', '.join(FORMS)}")
    return FORMS[chosen](reader, TABLES[table], file, where)


@contextmanager
def replaced(file: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when it is whole and on the disk; if anything fails, what was there stays."""
    with faults(file):
        handle, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            draft.chmod(0o644)
            draft.replace(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(file.parent)


def _to_jsonl(reader: RunReader, table: Table[Any], file: Path, where: Where) -> int:
    count = 0
    with replaced(file) as out:
        for row in reader.rows(table, where):
            out.write(orjson.dumps(record(table, row), option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def _to_csv(reader: RunReader, table: Table[Any], file: Path, where: Where) -> int:
    last = reader.last(table)
    shape = columns(reader, table, where, last)
    count = 0
    with replaced(file) as out:
        lines = TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        sheet = csv.writer(lines)
        sheet.writerow(guarded(column.name) for column in shape)
        for row in reader.rows(table, where, last):
            read = record(table, row)
            sheet.writerow(_cell(column, read) for column in shape)
            count += 1
        lines.detach()
    return count


def _cell(column: Column, record: Record) -> str | int | float | None:
    value = column.value(record)
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return guarded(text(value))


def _to_parquet(reader: RunReader, table: Table[Any], file: Path, where: Where) -> int:
    last = reader.last(table)
    shape = columns(reader, table, where, last)
    rows = (record(table, row) for row in reader.rows(table, where, last))
    kinds = [(column.name, column.kind) for column in shape]
    return parquet(file, kinds, ([column.typed(read) for column in shape] for read in rows))


def parquet(file: Path, kinds: Sequence[tuple[str, Kind]], rows: Iterable[Sequence[Any]]) -> int:
    """Writes rows of typed cells under columns of these names and kinds, and returns how many."""
    arrow, sheets = _arrow()
    types = {"bool": arrow.bool_(), "int": arrow.int64(), "float": arrow.float64(), "text": arrow.string()}
    types["texts"] = arrow.list_(arrow.string())
    schema = arrow.schema([(name, types[kind]) for name, kind in kinds])
    left, count = iter(rows), 0
    with replaced(file) as out, sheets.ParquetWriter(out, schema, compression="zstd") as writer:
        while group := list(islice(left, _ROWS_PER_GROUP)):
            cells = zip(*group, strict=True)
            arrays = [arrow.array(list(values), type) for values, type in zip(cells, schema.types, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            count += len(group)
    return count


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ExtraMissing("parquet", "exporting to Parquet") from None


FORMS: dict[str, Callable[[RunReader, Table[Any], Path, Where], int]] = {
    "jsonl": _to_jsonl,
    "csv": _to_csv,
    "parquet": _to_parquet,
}
