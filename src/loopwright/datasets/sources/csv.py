"""A CSV file with the columns `id`, `question`, `reference_answer`, and maybe `context`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loopwright.datasets.fields import MappedSource, example
from loopwright.datasets.lines import csv_rows
from loopwright.records import Example


class Csv(MappedSource):
    def examples(self, base: Path) -> Iterator[Example]:
        for number, row in enumerate(csv_rows(self.file(base)), 1):
            yield example(row, f"q{number}", self.fields)
