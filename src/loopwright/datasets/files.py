"""Rows of a file that a user has, whatever it is: CSV, JSON lines, a JSON array or Parquet, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from loopwright.datasets.lines import Row, csv_rows, json_rows
from loopwright.datasets.sources.parquet import parquet_rows
from loopwright.errors import UsageError

_READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": csv_rows,
    ".json": json_rows,
    ".jsonl": json_rows,
    ".ndjson": json_rows,
    ".parquet": parquet_rows,
}


def rows(file: Path) -> Iterator[Row]:
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise UsageError(f"{file}: a file of rows ends in {', '.join(_READERS)}")
    return reader(file)
