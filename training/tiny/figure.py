"""A number with its interval and its goal, and how each kind of number gets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from sklearn.metrics import roc_auc_score

from loopwright.measure.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Figure:
    """`met` is None where nothing was asked of it."""

    name: str
    value: float
    interval: Interval
    n: int
    goal: str = ""
    met: bool | None = None


def share(name: str, right: Sequence[bool], goal: str = "") -> Figure:
    n = len(right)
    value = sum(right) / n
    return Figure(name, value, wilson(sum(right), n), n, goal, _met(value, goal))


def mean_of(name: str, values: Sequence[float]) -> Figure:
    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    mean = float(np.mean(values))
    return Figure(name, mean, Interval(mean - 1.96 * spread, mean + 1.96 * spread), 100 * len(values))


def auroc(name: str, positive: Sequence[bool], scores: Sequence[float], goal: str = "") -> Figure:
    """With the middle 95 % of what 400 draws of as many cases give."""
    truth, said = np.array(positive), np.array(scores)
    if truth.all() or not truth.any():
        return Figure(name, 0.5, Interval(0.0, 1.0), len(truth), goal, False if goal else None)
    value = float(roc_auc_score(truth, said))
    random = np.random.default_rng(1)
    drawn = (random.integers(0, len(truth), len(truth)) for _ in range(400))
    again = [roc_auc_score(truth[some], said[some]) for some in drawn if len(set(truth[some].tolist())) == 2]
    low, high = np.quantile(again, (0.025, 0.975))
    return Figure(name, value, Interval(float(low), float(high)), len(truth), goal, _met(value, goal))


def course(name: str, figures: Sequence[Figure], sign: int) -> Figure:
    """From the first to the last: up all the way (sign 1) or down (-1), but for a case in 200, and surely so as a whole.

    The interval takes the two ends for independent, which makes it wide.
    """
    first, last = figures[0], figures[-1]
    change = last.value - first.value
    half = sum(((end.interval.high - end.interval.low) / 2) ** 2 for end in (first, last)) ** 0.5
    steady = all(sign * (later.value - before.value) >= -0.005 for before, later in pairwise(figures))
    goal = "rising" if sign > 0 else "falling"
    return Figure(name, change, Interval(change - half, change + half), first.n, goal, steady and sign * change > half)


def _met(value: float, goal: str) -> bool | None:
    if not goal:
        return None
    sign, bound = goal.split()
    return value >= float(bound) if sign == ">=" else value <= float(bound)
