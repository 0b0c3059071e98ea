"""A Parquet file with the columns `question` and maybe `id`, `reference_answer` and `context`, read in groups of rows."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from loopwright.datasets.fields import MappedSource, example
from loopwright.datasets.lines import Row
from loopwright.errors import ExtraMissing, UsageError
from loopwright.llm.quoting import quote
from loopwright.records import Example

_GROUP = 1_000


class Parquet(MappedSource):
    def examples(self, base: Path) -> Iterator[Example]:
        for number, row in enumerate(parquet_rows(self.file(base)), 1):
            yield example(row, f"q{number}", self.fields)


def parquet_rows(file: Path) -> Iterator[Row]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise ExtraMissing("parquet", "reading a dataset from Parquet") from None
    number = 0
    try:
        with parquet.ParquetFile(file) as opened:
            for group in opened.iter_batches(batch_size=_GROUP):
                for fields in group.to_pylist():
                    number += 1
                    yield Row(f"{file}, row {number}", fields)
    except (OSError, ValueError) as error:  # pyarrow's own errors are of these
        raise UsageError(f"{file} cannot be read, after row {number}: {quote(str(error), limit=120)}") from None
