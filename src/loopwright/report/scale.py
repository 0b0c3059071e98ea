"""Numbers on an axis: where a value stands, which ticks are round, and how a number is written. Any finite number will do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

_NO_WIDTH = 1e-300


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from `low`..`high` onto a screen's `start`..`end`; what lies outside stands at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        part = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)  # halves: the span of two huge numbers is infinite
        return self.start + min(1.0, max(0.0, part)) * (self.end - self.start)


def scale(values: Iterable[float], start: float, end: float, low: float | None = None, high: float | None = None) -> Scale:
    """One that holds all the values; `low` and `high` widen it."""
    wanted = [*values, *(bound for bound in (low, high) if bound is not None)] or [0.0, 1.0]
    least, most = min(wanted), max(wanted)
    if most / 2 - least / 2 <= max(_NO_WIDTH, 1e-12 * max(abs(least), abs(most))):
        room = max(0.5, abs(least) / 100)
        least, most = max(-_LARGEST, least - room), min(_LARGEST, most + room)
    return Scale(least, most, start, end)


_LARGEST = 1.79e308


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, at most so many."""
    step = _nice(high / most - low / most)
    while (count := math.floor(high / step) - math.ceil(low / step) + 1) > most:
        step = _nice(step * 1.01)
    first = math.ceil(low / step)
    return [_exact((first + k) * step, step) for k in range(count)]


def _nice(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... that is not below."""
    power = math.floor(math.log10(least))
    for step in (1, 2, 5, 10):
        if (nice := float(f"{step}e{power}")) >= least:
            return nice
    return float(f"2e{power + 1}")


def _exact(value: float, step: float) -> float:
    """Without the dust of the multiplication: 0.3, not 0.30000000000000004."""
    return float(f"{value:.15g}") if abs(value) >= step / 2 else 0.0


def written(values: list[float]) -> list[str]:
    """The labels of some ticks, all with as many digits as tell them apart."""
    if not values:
        return []
    largest = max(abs(value) for value in values)
    step = min((after - before for before, after in pairwise(values)), default=largest)
    if largest == 0 or (largest < 1e6 and step >= 1e-4):
        digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
        return [f"{value:,.{digits}f}" for value in values]
    digits = min(15, max(0, math.floor(math.log10(largest) + 1e-9) - math.floor(math.log10(step) + 1e-9)))
    return [_power(f"{value:.{digits}e}") for value in values]


def number(value: float) -> str:
    """One number for a human: four digits that count."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"
    return _power(f"{value:.2e}")


def _power(scientific: str) -> str:
    mantissa, _, power = scientific.partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(power)}" if float(mantissa) else "0"
