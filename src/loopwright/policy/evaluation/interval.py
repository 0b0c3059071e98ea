"""Means of scores and their 95 % intervals, summed as the scores come.

The scores of a trial count together, as one: so steps that share a fortune do not pass for independent evidence.
"""

from __future__ import annotations

import math
from typing import NamedTuple

_Z = 1.959963984540054


class Estimate(NamedTuple):
    """A mean with its standard error and 95 % interval, which stays within what rewards can be."""

    mean: float
    error: float
    low: float
    high: float


class Carried(NamedTuple):
    """How many decisions carry an estimate, the square of what two more might have added to the error of their sum, and the
    share of what is estimated that the log is silent about: it could be worth anything."""

    effective: float
    doubt: float
    silent: float = 0.0


class Ratio:
    """The sum of scores over the sum of their weights, with the variance of that ratio over trials."""

    __slots__ = ("_cross", "_squares", "_weights", "score", "weight")

    def __init__(self) -> None:
        self.score = 0.0
        self.weight = 0.0
        self._squares = 0.0
        self._cross = 0.0
        self._weights = 0.0

    def add(self, score: float, weight: float) -> None:
        """One trial's sums."""
        self.score += score
        self.weight += weight
        self._squares += score * score
        self._cross += score * weight
        self._weights += weight * weight

    @property
    def mean(self) -> float:
        return self.score / self.weight if self.weight else math.nan

    def estimate(self, low: float, high: float, carried: Carried) -> Estimate:
        """Student's t, with as many degrees of freedom as decisions carry it. Below two, nothing is known."""
        mean, effective, doubt, silent = self.mean, *carried
        if effective < 2 or not self.weight:
            return Estimate(mean, math.nan, low, high)
        unknown = silent * (high - low)
        squares = self._squares - 2 * mean * self._cross + mean * mean * self._weights
        if squares < 1e-15 * self.weight**2:  # all alike: the rule of three
            return _within(mean, 0.0, 3 * (high - low) / effective + unknown, low, high)
        error = math.sqrt(squares + doubt) / self.weight
        return _within(mean, error, student(effective) * error + unknown, low, high)


def plain(mean: float, error: float, low: float, high: float) -> Estimate:
    """With a normal interval."""
    return _within(mean, error, _Z * error, low, high)


def student(freedom: float) -> float:
    """The 97.5 % quantile of Student's t, by its expansion around the normal one; within 1 % from 2 degrees of freedom on."""
    z, v = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


def _within(mean: float, error: float, half: float, low: float, high: float) -> Estimate:
    return Estimate(mean, error, min(max(mean - half, low), high), max(min(mean + half, high), low))
