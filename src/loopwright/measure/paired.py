"""What two ways of answering the same rows differ by: for shares of right answers, and for how far numbers are off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.measure.intervals import Interval, normal

DRAWS = 1000
_SEED = 77
Numbers = NDArray[np.float64]


class Fit(NamedTuple):
    """How near numbers come: the mean distance, and the share of the scatter that is told (R², below 0 where the mean of what
    is true would have been nearer)."""

    off: float
    told: float


def difference_of_shares(gained: int, lost: int, n: int, level: float = 0.95) -> Interval:
    """Of how many more are right: `gained` are right only by the first way, `lost` only by the second (Bonett and Price)."""
    if not n:
        return Interval(-1.0, 1.0)
    z = normal(level)
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = z * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return Interval(max(-1.0, up - down - half), min(1.0, up - down + half))


def fit(truth: Sequence[float], said: Sequence[float]) -> Fit:
    true = np.array([truth], float)
    off = true - np.array([said], float)
    return Fit(float(np.abs(off).mean()), float(_told(true, off)[0]))


def fit_within(truth: Sequence[float], said: Sequence[float], level: float = 0.95) -> tuple[Interval, Interval]:
    """Of both parts of a fit, by the bootstrap over rows."""
    true, off = _drawn(np.array(truth, float), np.array(truth, float) - np.array(said, float))
    return _middle(np.abs(off).mean(axis=1), level), _middle(_told(true, off), level)


def difference_told(truth: Sequence[float], one: Sequence[float], other: Sequence[float], level: float = 0.95) -> Interval:
    """Of how much more of the scatter the first way tells: both on the same rows, drawn again together."""
    wanted = np.array(truth, float)
    true, off, others = _drawn(wanted, wanted - np.array(one, float), wanted - np.array(other, float))
    return _middle(_told(true, off) - _told(true, others), level)


def _drawn(*columns: Numbers) -> list[Numbers]:
    places = np.random.default_rng(_SEED).integers(0, len(columns[0]), (DRAWS, len(columns[0])))
    return [column[places] for column in columns]


def _told(true: Numbers, off: Numbers) -> Numbers:
    scatter = ((true - true.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    missed = (off**2).sum(axis=1)
    told: Numbers = np.where(scatter > 0, 1 - missed / np.where(scatter > 0, scatter, 1.0), np.where(missed > 0, 0.0, 1.0))
    return told


def _middle(draws: Numbers, level: float) -> Interval:
    low, high = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(low), float(high))
