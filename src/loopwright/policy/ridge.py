"""Ridge regression on sums of whole numbers: exact to merge, to age and to take back. Imported when a linear policy decides.

An arm's sums, in units of 1e-9: how much was learned; and the features times themselves, with the features times the reward
(less 0.5, so that an arm without a past counts as middling) as the last row. A last column of zeros makes them square: with -1
in its corner, the inverse has the coefficients for its last row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from loopwright.policy.encoding import Encoding
from loopwright.policy.tally import UNIT
from loopwright.records import Arm, Fields

Floats: TypeAlias = NDArray[np.float64]

MIDDLE = 0.5
"""What an arm is taken to earn before anything is known of it."""


FRESH = 256
"""After so many rewards the inverse is worked out anew, before rounding adds up."""


class Ridge:
    """Frozen: the sums are the state, what is worked out of them is kept beside, and depends on nothing but the order in which
    rewards came."""

    __slots__ = ("carried", "known", "root", "strength", "sums", "times")

    def __init__(self, times: int, sums: NDArray[np.int64]) -> None:
        self.times = times
        self.sums = sums
        self.known: Floats | None = None
        self.root: Floats | None = None
        self.strength = 0.0
        self.carried = 0

    def plain(self) -> list[int]:
        """The last row, then the upper triangle of the others."""
        size = len(self.sums) - 1
        return [self.times, *self.sums[size, :size].tolist(), *self.sums[np.triu_indices(size)].tolist()]

    def having(self, row: Sequence[float], value: float, weight: float, strength: float) -> Ridge:
        """The same with one more reward. A reward that is added changes the inverse by as much as Sherman and Morrison say."""
        across = np.array((*row, 0.0))
        down = across.copy()
        down[-1] = value - MIDDLE
        added = down[:, None].dot(across[None])
        weight *= UNIT
        added *= weight
        now = Ridge(self.times + round(weight), self.sums + np.rint(added).astype(np.int64))
        if weight > 0.0 and self.carried < FRESH:
            known = self.solved(strength)
            left, right = known.dot(down), across.dot(known)
            left *= weight / (1.0 + weight * float(across.dot(left)))
            now.known, now.strength, now.carried = known - left[:, None].dot(right[None]), strength, self.carried + 1
        return now

    def faded(self, by: float) -> Ridge:
        return Ridge(round(self.times * by), np.rint(self.sums * by).astype(np.int64))

    def solved(self, strength: float) -> Floats:
        """How uncertain each direction is, and the coefficients as the last row, in units of 1e-9."""
        if self.known is None or self.strength != strength:
            self.known, self.strength = _inverse(self.sums + _before(len(self.sums), strength)), strength
            self.root = None
        return self.known

    def drawn(self, rows: Sequence[Sequence[float]], strength: float, normals: Sequence[float]) -> list[float]:
        """How one draw of the coefficients departs from their mean, seen through each arm's features."""
        known, root = self.solved(strength), self.root
        if root is None:
            with one_thread():
                self.root = root = np.linalg.cholesky(known[:-1, :-1] * UNIT).astype(np.float64)
        departures: list[float] = (np.asarray(rows) @ (root @ normals)).tolist()
        return departures


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

    def stacked(self, arms: Sequence[Arm], features: int, strength: float) -> Floats:
        """The models of the arms, one above the other."""
        size = features + 1
        if self.arms is not arms or self.strength != strength:
            self.stack = np.concatenate([recall(self.get(arm.name), features).solved(strength) for arm in arms])
            self.arms, self.strength = arms, strength
        elif self.behind is not None:
            for at, arm in enumerate(arms):
                if arm.name == self.behind:
                    self.stack[at * size : (at + 1) * size] = self[self.behind].solved(strength)
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
    sums = np.zeros((size + 1, size + 1), np.int64)
    if found is None:
        return Ridge(0, sums)
    times, *rest = found
    above = np.triu_indices(size)
    sums[size, :size] = rest[:size]
    sums[above] = rest[size:]
    sums.T[above] = rest[size:]
    return Ridge(times, sums)


class Outlook(NamedTuple):
    """Per arm: what it should earn, and the variance of that in units of the noise's."""

    worth: list[float]
    variance: list[float]


def apart(row: Sequence[float], stack: Floats) -> Outlook:
    """One context, and for every arm a model of its own."""
    numbers = np.array((*row, 0.0))
    seen = stack.dot(numbers).reshape(-1, len(numbers))
    return _outlook(seen[:, -1], seen.dot(numbers))


def together(rows: Sequence[Sequence[float]], solved: Floats) -> Outlook:
    """A row of features for every arm, and one model."""
    numbers = np.asarray(rows)
    with one_thread():
        return _outlook(numbers @ solved[-1, :-1], np.einsum("ij,ij->i", numbers @ solved[:-1, :-1], numbers))


def covariance(rows: Sequence[Sequence[float]], solved: Floats) -> Floats:
    """Of what the arms should earn by one model, in units of the noise's variance."""
    numbers = np.asarray(rows)
    with one_thread():
        found: Floats = numbers @ (solved[:-1, :-1] * UNIT) @ numbers.T
    return found


def _outlook(worth: Floats, variance: Floats) -> Outlook:
    return Outlook([MIDDLE + UNIT * each for each in worth.tolist()], [abs(UNIT * each) for each in variance.tolist()])


def rows(encoding: Encoding, context: Fields, arms: Sequence[Arm]) -> Floats:
    """For each arm what `encoding.row` gives."""
    if not encoding.kept or encoding.kept[0] is not arms:
        encoding.kept[:] = arms, np.array([encoding.arm(arm.name) for arm in arms])
    features: Floats = encoding.kept[1]
    width = len(encoding.of_arms[0])
    products = features[:, :width, None] * np.array(encoding.context(context))
    return np.concatenate([products.reshape(len(arms), -1), features[:, width:]], axis=1)


def _inverse(matrix: NDArray[np.int64]) -> Floats:
    with one_thread():
        found: Floats = np.linalg.inv(matrix)
    return found


def one_thread() -> AbstractContextManager[object]:
    """For products of matrices: several threads wait for each other in a loop, and where cores are scarce that takes hundreds
    of times as long."""
    limited: AbstractContextManager[object] = _blas().limit(limits=1)
    return limited


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache
def _before(size: int, strength: float) -> NDArray[np.int64]:
    """What is taken to be known before anything is."""
    return np.diag([*[round(strength * UNIT)] * (size - 1), -UNIT])
