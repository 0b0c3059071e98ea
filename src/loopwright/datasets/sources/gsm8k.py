"""GSM8K in its official format: JSON lines of `question` and an `answer` that works it out and ends in `#### 18`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from loopwright.datasets.checkers.gsm8k import marked
from loopwright.datasets.fields import text
from loopwright.datasets.lines import Row, json_rows
from loopwright.datasets.source import FileSource
from loopwright.errors import UsageError
from loopwright.records import Example


class Gsm8k(FileSource):
    """The reference answer is the number behind `####`, without commas; how it was worked out is left out."""

    checker: ClassVar[str] = "gsm8k_numeric"

    def examples(self, base: Path) -> Iterator[Example]:
        for number, row in enumerate(json_rows(self.file(base)), 1):
            yield Example(f"q{number}", {"question": text(row, "question")}, _reference(row))


def _reference(row: Row) -> str:
    found = marked(text(row, "answer"))
    if found is None:
        raise UsageError(f"{row.place}: the answer has no '#### ' with a number behind it, as GSM8K's have")
    return found
