"""What a run keeps of its rows to judge by a small model what they are worth: the rows, who wrote them, what was found last.
Only `settle` changes a `Ledger`; what a batch is shown is an `Account`, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from loopwright.learn.protocol import Target
from loopwright.records import DecisionId
from loopwright.workflows.datagen.material import ByLabel

EVALUATION = "evaluation"
"""Where what an evaluation found stands in the data of the batch that it was made in."""


class Taken(NamedTuple):
    """An accepted row, and the arm that wrote it."""

    text: str
    target: Target
    arm: str


class Chosen(NamedTuple):
    """How often an arm was chosen, and when it was last."""

    batches: int
    last: DecisionId


class Judged(NamedTuple):
    """What the last evaluation found: the score, after how many rows, the real rows of the dev set that were told wrong, and
    how often each arm had been chosen by then."""

    score: float
    rows: int
    mistakes: ByLabel
    batches: Mapping[str, int]


class Account(NamedTuple):
    """The first `size` of `rows`, whatever is added to them later; `left_out` are places of rows that stand in the dev set."""

    rows: Sequence[Taken]
    size: int
    left_out: frozenset[int]
    chosen: Mapping[str, Chosen]
    judged: Judged | None

    def kept(self, most: int, without: frozenset[int] = frozenset()) -> list[Taken]:
        """The rows that a model may learn from; of more than so many a fair sample, in which those of the last time stay as far
        as there is room."""
        out = self.left_out | without
        places = [place for place in range(self.size) if place not in out]
        if len(places) > most:
            places = sorted(sorted(places, key=_rank)[:most])
        return [self.rows[place] for place in places]


def _rank(place: int) -> bytes:
    return blake2b(place.to_bytes(8), digest_size=8).digest()


class Ledger:
    def __init__(self) -> None:
        self._rows: list[Taken] = []
        self._left_out: frozenset[int] = frozenset()
        self._chosen: dict[str, Chosen] = {}
        self.judged: Judged | None = None

    def account(self) -> Account:
        return Account(self._rows, len(self._rows), self._left_out, dict(self._chosen), self.judged)

    def choose(self, arm: str, decision: DecisionId) -> None:
        before = self._chosen.get(arm)
        self._chosen[arm] = Chosen(1 if before is None else before.batches + 1, decision)

    def add(self, entry: Taken) -> None:
        self._rows.append(entry)

    def leave_out(self, places: Sequence[int]) -> None:
        self._left_out |= frozenset(places)
