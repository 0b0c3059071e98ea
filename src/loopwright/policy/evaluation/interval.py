"""Ratios of sums with their standard errors and 95 % intervals."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_Z = 1.959963984540054

Bounds: TypeAlias = tuple[float, float]
"""What a mean is known to lie between."""
SCALED: Bounds = (0.0, 1.0)
ANY: Bounds = (-math.inf, math.inf)


class Estimate(NamedTuple):
    """A mean with its standard error and 95 % interval, which stays within what rewards can be. NaN is what is not known."""

    mean: float
    error: float
    low: float
    high: float

    def times(self, span: float) -> Estimate:
        """In a unit of which so many make one of these."""
        return Estimate(*(span * each for each in self))


class Evidence(NamedTuple):
    """What an estimate rests on: how many decisions (`effective`), the square of what two more might have added to the error
    of their sum (`doubt`), and how much of what is asked the log is `silent` of: that could be worth anything."""

    effective: float
    doubt: float
    silent: float = 0.0


def evidence(weights: Floats, missed: Floats) -> Evidence:
    """Of weights, and of what the table's predictions missed."""
    if not len(weights):
        return Evidence(0.0, 0.0)
    return weighed(float(weights.sum()), float(weights @ weights), float(missed @ missed) / len(missed))


def weighed(total: float, squares: float, missed: float) -> Evidence:
    """From sums of weights and of their squares: Kish's effective sample size; and, after Agresti and Coull, two more decisions
    of the usual weight, which would have been off as all were, by a mean square of `missed`: so that a few decisions that
    happened to agree do not pass for certainty."""
    return Evidence(total**2 / squares, 2 * missed * (squares / total) ** 2) if squares else Evidence(0.0, 0.0)


def ratio(scores: Floats, weights: Floats, rests_on: Evidence, within: Bounds = SCALED) -> Estimate:
    """The sum of the scores over that of the weights, one of each per trial: the error is that of the delta method, clustered
    by trial."""
    total = float(weights.sum())
    mean = float(scores.sum()) / total if rests_on.effective else math.nan
    off = scores - mean * weights
    return spread(mean, float(off @ off), (total, len(scores)), rests_on, within)


def spread(mean: float, squares: float, over: tuple[float, int], rests_on: Evidence, within: Bounds) -> Estimate:
    """The mean over so much, made of so many scores that are off from it by these squares. The interval is Student's t, with
    as many degrees of freedom as decisions carry it. Below two, nothing is known."""
    total, number = over
    freedom = min(rests_on.effective, number)
    if freedom < 2:
        return Estimate(mean, math.nan, *within)
    if squares < 1e-15 * total**2:  # all alike: the rule of three
        return _within(mean, 0.0, 3 / freedom + rests_on.silent, within)
    error = math.sqrt(squares + rests_on.doubt) / total
    half = student(freedom) * error + rests_on.silent
    return _within(mean, math.nan if rests_on.silent else error, half, within)


def silence(weight: Estimate) -> float:
    """Weights average 1 where the run could have done all that the other policy does. What they lack counts from four standard
    errors on, so that chance alone widens no interval; an error that is not known leaves it open, and has bounds of its own."""
    return 0.0 if math.isnan(weight.error) else max(0.0, 1.0 - weight.mean - 4 * weight.error)


def normal(mean: float, error: float) -> Estimate:
    return _within(mean, error, _Z * error, SCALED)


def _within(mean: float, error: float, half: float, bounds: Bounds) -> Estimate:
    least, most = bounds
    return Estimate(mean, error, min(max(mean - half, least), most), max(min(mean + half, most), least))


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
