"""BoolQ in its official format: JSON lines of `question`, `answer` (true or false) and, as a rule, `passage`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.datasets.fields import text, text_or_none
from loopwright.datasets.lines import Row, json_rows
from loopwright.datasets.source import FileSource
from loopwright.errors import UsageError
from loopwright.records import Example

_WORDS = {True: "yes", False: "no", "true": "yes", "false": "no", "yes": "yes", "no": "no"}


class BoolQ(FileSource):
    """Reference answers are `yes` and `no`. SuperGLUE's copy, which says `label`, is read as well."""

    checker: ClassVar[str] = "boolq"

    passage: Annotated[bool | None, Field(description="give the passage; true: it must be there; default: where it is")] = None

    def examples(self, base: Path) -> Iterator[Example]:
        for number, row in enumerate(json_rows(self.file(base)), 1):
            read = text if self.passage else text_or_none
            context = None if self.passage is False else read(row, "passage")
            yield Example(f"q{number}", {"question": text(row, "question")}, _reference(row), context)


def _reference(row: Row) -> str | None:
    """None in a test set, where it is kept from us."""
    given = row.fields.get("answer", row.fields.get("label"))
    if given is None:
        return None
    known = _WORDS.get(given.strip().lower() if isinstance(given, str) else given) if isinstance(given, str | bool) else None
    if known is None:
        raise UsageError(f"{row.place}: the answer is neither true nor false")
    return known
