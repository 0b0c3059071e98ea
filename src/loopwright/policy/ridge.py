"""Ridge regression on sums of whole numbers: exact to merge, to age and to take back. Imported when a linear policy decides.

An arm's sums, in units of 1e-9: how much was learned; and the features times themselves, with the features times the reward
(less 0.5, so that an arm without a past counts as middling) as the last row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loopwright.policy.tally import UNIT

Floats: TypeAlias = NDArray[np.float64]

MIDDLE = 0.5
"""What an arm is taken to earn before anything is known of it."""


class Ridge:
    """Frozen: the sums are the state, what is worked out of them is kept beside."""

    __slots__ = ("_solved", "_strength", "sums", "times")

    def __init__(self, times: int, sums: NDArray[np.int64]) -> None:
        self.times = times
        self.sums = sums
        self._solved: Floats | None = None
        self._strength = 0.0

    def plain(self) -> list[int]:
        """The last row, then the upper triangle of the others."""
        size = self.sums.shape[1]
        return [self.times, *self.sums[size].tolist(), *self.sums[:size][np.triu_indices(size)].tolist()]

    def having(self, row: Sequence[float], value: float, weight: float) -> Ridge:
        """The same with one more reward."""
        added = np.array((*row, value - MIDDLE))[:, None] * np.array(row)
        added *= weight * UNIT
        return Ridge(self.times + round(weight * UNIT), self.sums + np.rint(added).astype(np.int64))

    def faded(self, by: float) -> Ridge:
        return Ridge(round(self.times * by), np.rint(self.sums * by).astype(np.int64))

    def solved(self, strength: float) -> Floats:
        """How uncertain each direction is, and the coefficients as the last row."""
        if self._solved is None or self._strength != strength:
            size = self.sums.shape[1]
            sums = self.sums / UNIT
            inverse = np.linalg.inv(sums[:size] + _diagonal(size, strength))
            sums[:size] = inverse
            sums[size] = inverse @ sums[size]
            self._solved, self._strength = sums, strength
        return self._solved


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


def apart(row: Sequence[float], solved: Sequence[Floats]) -> Outlook:
    """One context, and for every arm a model of its own."""
    size = len(row)
    numbers = np.array(row)
    seen = (np.concatenate(solved) @ numbers).reshape(len(solved), size + 1)
    return Outlook(seen[:, size] + MIDDLE, np.sqrt(np.maximum(seen[:, :size] @ numbers, 0.0)))


def together(rows: Sequence[Sequence[float]], solved: Floats) -> Outlook:
    """A row of features for every arm, and one model."""
    size = len(rows[0])
    numbers = np.array(rows)
    variance = np.einsum("ij,ij->i", numbers @ solved[:size], numbers)
    return Outlook(numbers @ solved[size] + MIDDLE, np.sqrt(np.maximum(variance, 0.0)))


def drawn(rows: Sequence[Sequence[float]], solved: Floats, normals: Sequence[float]) -> Floats:
    """How one draw of the coefficients departs from their mean, seen through each arm's features."""
    departure: Floats = np.array(rows) @ (np.linalg.cholesky(solved[:-1]) @ normals)
    return departure


@cache
def _diagonal(size: int, strength: float) -> Floats:
    return strength * np.eye(size)
