"""JSON lines, or one JSON array, of objects with `question` and maybe `id`, `reference_answer` and `context`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loopwright.datasets.fields import MappedSource, example
from loopwright.datasets.lines import json_rows
from loopwright.records import Example


class Jsonl(MappedSource):
    def examples(self, base: Path) -> Iterator[Example]:
        for number, row in enumerate(json_rows(self.file(base)), 1):
            yield example(row, f"q{number}", self.fields)
