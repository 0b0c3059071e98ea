"""Validators that no text can pass together, as far as that is certain from their parameters alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple, Protocol, runtime_checkable

from loopwright.quality.validator import Validator


@runtime_checkable
class OfText(Protocol):
    """A validator of one text, or of all strings of a row."""

    @property
    def field(self) -> str | None: ...

    def against(self, other: object) -> str | None:
        """Why no text passes both, None where one may."""
        ...


class Clash(NamedTuple):
    """Two validators by their names, why no text passes both, and at which fields they look."""

    names: tuple[str, str]
    why: str
    fields: tuple[str | None, str | None]


def clashes(validators: Mapping[str, Validator]) -> Iterator[Clash]:
    of_texts = [(name, each) for name, each in validators.items() if isinstance(each, OfText)]
    for (one, mine), (other, theirs) in combinations(of_texts, 2):
        if (why := mine.against(theirs)) is not None:
            yield Clash((one, other), why, (mine.field, theirs.field))
