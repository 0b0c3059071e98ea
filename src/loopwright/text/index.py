"""Indexes of vectors that lie in a folder: `flat`, numpy alone and exact, and `lancedb`, with the extra of that name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from loopwright.kinds import Kinds
from loopwright.text.embedding import Floats
from loopwright.text.nearest import Nearby

INDEXES = Kinds(
    "index",
    {"flat": "loopwright.text.flat:Flat", "lancedb": "loopwright.text.lance:Lance"},
)
"""A member is called with a folder that exists."""


class Index(Protocol):
    def fill(self, ids: Sequence[str], vectors: Floats) -> None:
        """Takes vectors of length 1 in the place of what was there."""
        ...

    def nearest(self, vector: Floats, limit: int) -> list[Nearby]:
        """The nearest first; of those that are as near, the one that was put in first."""
        ...


def index(kind: str, folder: Path) -> Index:
    return cast(Index, INDEXES.load(kind)(folder))
