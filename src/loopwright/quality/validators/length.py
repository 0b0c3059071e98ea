"""Bounds on words, characters and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field, model_validator

from loopwright.quality.counting import count_sentences, count_words, counted
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, ruled

_Count = Annotated[int | None, Field(ge=0)]


class _Bound(NamedTuple):
    unit: str
    least: int | None
    most: int | None
    count: Callable[[str], int]


class Length(Parameters):
    """At least one bound; characters are counted without the spaces around the text."""

    cost: ClassVar[int] = 20
    graded: ClassVar[bool] = False

    field: TextField = None
    min_words: _Count = None
    max_words: _Count = None
    min_characters: _Count = None
    max_characters: _Count = None
    min_sentences: _Count = None
    max_sentences: _Count = None

    @model_validator(mode="after")
    def _bounded(self) -> Length:
        bounds = list(self._bounds())
        if not bounds:
            raise ValueError("bounds nothing: give one of min_words, max_words, min_characters, max_characters, "
                             "min_sentences, max_sentences")  # fmt: skip
        for unit, least, most, _ in bounds:
            if least is not None and most is not None and least > most:
                raise ValueError(f"min_{unit}s is {least} and max_{unit}s {most}: no text has both")
        return self

    def _bounds(self) -> Iterator[_Bound]:
        for bound in (
            _Bound("character", self.min_characters, self.max_characters, len),
            _Bound("word", self.min_words, self.max_words, count_words),
            _Bound("sentence", self.min_sentences, self.max_sentences, count_sentences),
        ):
            if bound.least is not None or bound.most is not None:
                yield bound

    def fitted(self, given: Given) -> Length:
        return self

    def judge(self, row: Row) -> Ruling:
        return ruled(row, self.field, self.rule)

    def rule(self, text: str) -> Ruling:
        stripped = text.strip()
        for unit, least, most, count in self._bounds():
            found = count(stripped)
            if least is not None and found < least:
                return Ruling(False, reason=f"{counted(found, unit)}, at least {least}")
            if most is not None and found > most:
                return Ruling(False, reason=f"{counted(found, unit)}, at most {most}")
        return Ruling(True)

    def against(self, other: object) -> str | None:
        if not isinstance(other, Length):
            return None
        mine, others = tuple(self._bounds()), tuple(other._bounds())
        pairs = (*product(mine, others), *product(others, mine))
        return next((why for low, high in pairs if (why := _beyond(low, high))), None)


def _beyond(low: _Bound, high: _Bound) -> str | None:
    """Words and sentences have at least a character each; a sentence may be less than what counts as a word."""
    if low.least is None or high.most is None or low.least <= high.most or high.unit not in (low.unit, "character"):
        return None
    return f"no text has at least {counted(low.least, low.unit)} and at most {counted(high.most, high.unit)}"
