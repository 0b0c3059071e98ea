"""Whether values that came one after the other changed their mean somewhere on the way, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from loopwright.measure.intervals import Interval, of_mean


class Sums(NamedTuple):
    """Of values between 0 and 1: how many, their sum, the sum of their squares."""

    n: float
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.n


class Change(NamedTuple):
    """The mean is another from part `at` on, by `by.low` to `by.high` (95 %)."""

    at: int
    before: Sums
    after: Sums
    by: Interval


def difference(before: Sums, after: Sums, level: float = 0.95) -> Interval:
    """How much higher the mean is after, from the interval of each mean (Zou and Donner's way)."""
    one, two = of_mean(*before, level), of_mean(*after, level)
    moved = after.mean - before.mean
    low = moved - math.hypot(after.mean - two.low, one.high - before.mean)
    return Interval(low, moved + math.hypot(two.high - after.mean, before.mean - one.low))


def change(parts: Sequence[Sums], among: int = 1, level: float = 0.95) -> Change | None:
    """The clearest change there is between two parts, if it is beyond doubt: every place where it could be is one more
    occasion to be wrong, and so is every further series that is looked at (`among`). The level is shared out between them."""
    whole = list(accumulate(parts, _plus))
    places = [at for at in range(1, len(parts)) if 0 < whole[at - 1].n < whole[-1].n]
    if not places:
        return None
    each = 1 - (1 - level) / (len(places) * among)
    found = [(_clear(whole[at - 1], _minus(whole[-1], whole[at - 1]), each), at) for at in places]
    clearest, at = max(found)
    if clearest <= 1:
        return None
    before, after = whole[at - 1], _minus(whole[-1], whole[at - 1])
    return Change(at, before, after, difference(before, after))


def _clear(before: Sums, after: Sums, level: float) -> float:
    """How many times the distance of the means is as far as their intervals allow by chance."""
    moved = after.mean - before.mean
    held = difference(before, after, level)
    doubt = moved - held.low if moved > 0 else held.high - moved
    return abs(moved) / doubt


def _plus(one: Sums, other: Sums) -> Sums:
    return Sums(one.n + other.n, one.total + other.total, one.squares + other.squares)


def _minus(one: Sums, other: Sums) -> Sums:
    return Sums(one.n - other.n, one.total - other.total, max(0.0, one.squares - other.squares))
