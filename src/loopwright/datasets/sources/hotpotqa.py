"""HotpotQA in its official format (distractor and fullwiki alike): a JSON array of questions with paragraphs, or JSON lines of
the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from loopwright.datasets.fields import text, text_or_none
from loopwright.datasets.lines import Row, json_rows
from loopwright.datasets.source import FileSource
from loopwright.errors import UsageError
from loopwright.records import Example


class HotpotQa(FileSource):
    """The test sets have no answers: their examples have no reference."""

    checker: ClassVar[str] = "hotpotqa_em"

    context: Annotated[
        bool | None, Field(description="give the paragraphs; true: they must be there; default: where they are")
    ] = None

    def examples(self, base: Path) -> Iterator[Example]:
        for number, row in enumerate(json_rows(self.file(base)), 1):
            id = row.fields.get("_id") or row.fields.get("id") or f"q{number}"
            context = None if self.context is False else _context(row, required=self.context is True)
            yield Example(str(id), {"question": text(row, "question")}, text_or_none(row, "answer"), context)


def _context(row: Row, required: bool) -> str | None:
    """The paragraphs, each under its title."""
    given = row.fields.get("context")
    if not given:
        if required:
            raise UsageError(f"{row.place}: has no 'context', and `context: true` wants one")
        return None
    return "\n\n".join(f"{title}\n{''.join(sentences).strip()}" for title, sentences in _paragraphs(row, given))


def _paragraphs(row: Row, given: Any) -> Iterator[tuple[str, list[str]]]:
    """Pairs of a title and its sentences; Hugging Face's copy has a list of each."""
    if isinstance(given, dict):
        given = list(zip(given.get("title", ()), given.get("sentences", ()), strict=False))
    for each in given if isinstance(given, list) else (None,):
        match each:
            case [str() as title, [*sentences]] if all(isinstance(sentence, str) for sentence in sentences):
                yield title, sentences
            case _:
                raise UsageError(f"{row.place}: 'context' is no list of paragraphs, each a title and its sentences")
