"""Confidence intervals that can be kept from sums: for shares, and for means of values between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    low: float
    high: float


def wilson(passed: int, n: int, level: float = 0.95) -> Interval:
    """Of a share, by Wilson's score; everything is possible where nothing was seen."""
    if n == 0:
        return Interval(0.0, 1.0)
    z2 = normal(level) ** 2
    share = passed / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * n)) / n) / (1 + z2 / n)
    return Interval(0.0 if passed == 0 else max(0.0, middle - half), 1.0 if passed == n else min(1.0, middle + half))


def of_mean(n: float, total: float, squares: float, level: float = 0.95) -> Interval:
    """Of the mean of values between 0 and 1, from their sum and the sum of their squares.

    Normal, with z²/2 values of 0 and as many of 1 added to those seen (Agresti and Coull's way for shares): it holds the
    mean, has a width also where all values are equal, and is the plain one where there are many.
    """
    z = normal(level)
    count = n + z * z
    mean = (total + z * z / 2) / count
    variance = max(0.0, (squares + z * z / 2) / count - mean * mean)
    half = z * math.sqrt(variance / count)
    return Interval(max(0.0, mean - half), min(1.0, mean + half))


def of_changes(n: int, up: int, down: int) -> Interval:
    """Of the mean of `n` values, so many of which are 1 and -1, the others 0."""
    still = n - up - down
    low, high = of_mean(n, up + still / 2, up + still / 4)
    return Interval(2 * low - 1, 2 * high - 1)


def at_any_time(total: float, n: float, level: float = 0.95) -> Interval:
    """Of the mean of values between 0 and 1, from their sum: one that holds at every `n` at once, so that whoever gathers the
    values may stop because of them, as a policy does with an arm that disappoints.

    The means that a bet against them, spread over all others (a Beta(1/2, 1/2) mixture), has not made rich (Ville).
    """
    if n == 0:
        return Interval(0.0, 1.0)
    mixed = _log_beta(total + 0.5, n - total + 0.5) - _log_beta(0.5, 0.5) + math.log(1 - level)

    def refuted(mean: float) -> bool:
        if not 0 < mean < 1:
            return total > 0 if mean <= 0 else total < n
        return mixed > total * math.log(mean) + (n - total) * math.log1p(-mean)

    return Interval(_edge(refuted, 0.0, total / n), _edge(refuted, 1.0, total / n))


def _edge(refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where what is not refuted ends."""
    if not refuted(outside):
        return outside
    for _ in range(40):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if refuted(middle) else (outside, middle)
    return outside


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def normal(level: float) -> float:
    """How many standard errors to each side hold the middle part of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
