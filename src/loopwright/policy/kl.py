"""Bounds on the mean of rewards within 0..1, from the divergence between two coins (Bernoulli distributions)."""

from __future__ import annotations

import math

_STEPS = 60
_CLOSE = 1e-9


def divergence(p: float, q: float) -> float:
    """How unlike a coin of chance q is to one of chance p, in nats."""
    won = p * math.log(p / q) if p > 0 else 0.0
    lost = (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return won + lost


def upper(mean: float, most: float) -> float:
    """The highest chance that diverges from the mean by at most `most`."""
    if mean >= 1.0 or most <= 0.0:
        return min(1.0, mean)
    low, high = mean, min(1.0, mean + math.sqrt(most / 2.0))  # Pinsker's inequality
    if high >= 1.0:
        high = 1.0 - 1e-12
    if divergence(mean, high) <= most:
        return high
    at = high
    for _ in range(_STEPS):
        excess = divergence(mean, at) - most
        low, high = (low, at) if excess > 0 else (at, high)
        if high - low < _CLOSE or abs(excess) < _CLOSE * most:
            break
        at -= excess * at * (1.0 - at) / (at - mean)
        if not low < at < high:
            at = (low + high) / 2.0
    return at


def lower(mean: float, most: float) -> float:
    """The lowest chance that diverges from the mean by at most `most`."""
    return 1.0 - upper(1.0 - mean, most)
