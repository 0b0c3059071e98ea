"""Rows as models learn from them: a text, what it stands for, and the arm that wrote it where one did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loopwright.learn.protocol import Target
from loopwright.policy.keyed import Keyed


@dataclass(frozen=True, slots=True)
class Rows:
    """`arms` are as many as texts; None for a row that no arm wrote."""

    texts: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    arms: tuple[str | None, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str], targets: Sequence[Target], arms: Sequence[str | None] = ()) -> Rows:
        return cls(tuple(texts), tuple(targets), tuple(arms) or (None,) * len(texts))

    def __len__(self) -> int:
        return len(self.texts)

    def __add__(self, other: Rows) -> Rows:
        return Rows(self.texts + other.texts, self.targets + other.targets, self.arms + other.arms)

    def at(self, places: Iterable[int]) -> Rows:
        chosen = list(places)
        columns = (self.texts, self.targets, self.arms)
        texts, targets, arms = (tuple(column[place] for place in chosen) for column in columns)
        return Rows(texts, targets, arms)  # type: ignore[arg-type]  # the columns keep their kinds

    def without(self, arm: str) -> Rows:
        return self.at(place for place, each in enumerate(self.arms) if each != arm)

    def shuffled(self, seed: int, purpose: str) -> Rows:
        """In an order of its own, in which the first n are a fair sample."""
        places = list(range(len(self)))
        Keyed(seed, 0, 0, purpose).shuffle(places)
        return self.at(places)
