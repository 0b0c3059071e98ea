"""Ridge regression on sums of whole numbers: exact to merge, to age and to take back. Imported when a linear policy decides.

An arm's sums, in units of 1e-9: how much was learned; and the features times themselves, with the features times the reward
(less 0.5, so that an arm without a past counts as middling) as the last row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loopwright.policy.tally import UNIT
from loopwright.records import Arm

Floats: TypeAlias = NDArray[np.float64]

_ROOT = float(np.sqrt(UNIT))

MIDDLE = 0.5
"""What an arm is taken to earn before anything is known of it."""


class Ridge:
    """Frozen: the sums are the state, what is worked out of them is kept beside."""

    __slots__ = ("known", "strength", "sums", "times")

    def __init__(self, times: int, sums: NDArray[np.int64]) -> None:
        self.times = times
        self.sums = sums
        self.known: Floats | None = None
        self.strength = 0.0

    def plain(self) -> list[int]:
        """The last row, then the upper triangle of the others."""
        size = self.sums.shape[1]
        return [self.times, *self.sums[size].tolist(), *self.sums[:size][np.triu_indices(size)].tolist()]

    def having(self, row: Sequence[float], value: float, weight: float) -> Ridge:
        """The same with one more reward."""
        column = np.array((*row, value - MIDDLE))
        added = column[:, None] * column[:-1]
        added *= weight * UNIT
        return Ridge(self.times + round(weight * UNIT), self.sums + np.rint(added).astype(np.int64))

    def faded(self, by: float) -> Ridge:
        return Ridge(round(self.times * by), np.rint(self.sums * by).astype(np.int64))

    def solved(self, strength: float) -> Floats:
        """How uncertain each direction is, in units of 1e-9, and the coefficients as the last row."""
        if self.known is None or self.strength != strength:
            sums = self.sums
            size = sums.shape[1]
            known = np.empty(sums.shape)
            known[:size] = inverse = np.linalg.inv(sums[:size] + _diagonal(size, strength))
            known[size] = inverse @ sums[size]
            self.known, self.strength = known, strength
        return self.known


class Models(dict[str, Ridge]):
    """By owner, the sums. Beside them what follows from those of the arms that were last compared, one above the other."""

    arms: Sequence[Arm] = ()
    strength: float
    stack: Floats
    behind: str | None = None
    """The arm that has learned since."""

    def having(self, owner: str, sums: Ridge) -> Models:
        """The same but for this owner. What was worked out goes on to it."""
        now = Models(self)
        now[owner] = sums
        if self.arms and self.behind in (None, owner):
            now.arms, now.strength, now.stack, now.behind = self.arms, self.strength, self.stack, owner
            self.arms = ()
        return now

    def stacked(self, arms: Sequence[Arm], size: int, strength: float) -> Floats:
        """The models of the arms, one above the other."""
        if self.arms is not arms or self.strength != strength:
            self.stack = np.concatenate([recall(self.get(arm.name), size).solved(strength) for arm in arms])
            self.arms, self.strength = arms, strength
        elif self.behind is not None:
            for at, arm in enumerate(arms):
                if arm.name == self.behind:
                    self.stack[at * (size + 1) : (at + 1) * (size + 1)] = self[self.behind].solved(strength)
        self.behind = None
        return self.stack


def models(found: Mapping[str, Any], size: int) -> Models:
    """What the memory holds, also where it was read from JSON."""
    if type(found) is Models:
        return found
    return Models({owner: recall(sums, size) for owner, sums in found.items()})


def recall(found: Any, size: int) -> Ridge:
    """An arm's sums, also where they were read from JSON."""
    if isinstance(found, Ridge):
        return found
    sums = np.zeros((size + 1, size), np.int64)
    if found is None:
        return Ridge(0, sums)
    times, *rest = found
    above = np.triu_indices(size)
    sums[size] = rest[:size]
    sums[above] = rest[size:]
    sums[:size].T[above] = rest[size:]
    return Ridge(times, sums)


class Outlook(NamedTuple):
    """Per arm: what it should earn, and how uncertain that is as a standard deviation in units of the noise."""

    worth: Floats
    spread: Floats


def apart(row: Sequence[float], stack: Floats) -> Outlook:
    """One context, and for every arm a model of its own."""
    size = len(row)
    numbers = np.array(row)
    seen = (stack @ numbers).reshape(-1, size + 1)
    return Outlook(seen[:, size] + MIDDLE, np.sqrt(np.abs(seen[:, :size] @ numbers)) * _ROOT)


def together(rows: Sequence[Sequence[float]], solved: Floats) -> Outlook:
    """A row of features for every arm, and one model."""
    size = len(rows[0])
    numbers = np.array(rows)
    variance = np.einsum("ij,ij->i", numbers @ solved[:size], numbers)
    return Outlook(numbers @ solved[size] + MIDDLE, np.sqrt(np.abs(variance)) * _ROOT)


def drawn(rows: Sequence[Sequence[float]], solved: Floats, normals: Sequence[float]) -> Floats:
    """How one draw of the coefficients departs from their mean, seen through each arm's features."""
    departure: Floats = np.array(rows) @ (np.linalg.cholesky(solved[:-1] * UNIT) @ normals)
    return departure


@cache
def _diagonal(size: int, strength: float) -> NDArray[np.int64]:
    return round(strength * UNIT) * np.eye(size, dtype=np.int64)
