"""A softmax over named features: what a fitted classifier asks at every turn, in plain Python and the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopwright.errors import UsageError

REACH = 4.0
"""How far a feature may seem to stand from its middle, in spreads: of what lies beyond, nothing was learned."""


@dataclass(frozen=True, slots=True)
class Softmax:
    """A feature counts by how far it stands from its middle, in units of its spread; one that is missing is 0. `weights` has a
    row for each class."""

    classes: tuple[str, ...]
    features: tuple[str, ...]
    middles: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    rows: int
    """Of examples that it was fitted to."""

    def chances(self, seen: Mapping[str, float]) -> dict[str, float]:
        """Of every class; they add up to 1."""
        if len(self.classes) == 1:
            return {self.classes[0]: 1.0}
        named = zip(self.features, self.middles, self.spreads, strict=True)
        row = [within(seen.get(name, 0.0), middle, spread) for name, middle, spread in named]
        logits = [bias + math.fsum(map(_times, weights, row)) for weights, bias in zip(self.weights, self.bias, strict=True)]
        top = max(logits)
        parts = [math.exp(logit - top) for logit in logits]
        total = math.fsum(parts)
        return {name: part / total for name, part in zip(self.classes, parts, strict=True)}

    def plain(self) -> dict[str, Any]:
        return {
            "classes": list(self.classes),
            "features": list(self.features),
            "middles": list(self.middles),
            "spreads": list(self.spreads),
            "weights": [list(row) for row in self.weights],
            "bias": list(self.bias),
            "rows": self.rows,
        }


def within(value: float, middle: float, spread: float) -> float:
    return max(-REACH, min(REACH, (value - middle) / spread))


def parse(given: Any, where: str) -> Softmax:
    """From JSON. What does not fit together is refused: a file may come from anywhere."""
    try:
        found = Softmax(
            tuple(map(str, given["classes"])),
            tuple(map(str, given["features"])),
            numbers(given["middles"]),
            numbers(given["spreads"]),
            tuple(map(numbers, given["weights"])),
            numbers(given["bias"]),
            int(given["rows"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise UsageError(f"{where} is no softmax over features") from None
    width = len(found.features)
    sizes = {len(found.middles), len(found.spreads), *map(len, found.weights)}
    rows = {len(found.weights), len(found.bias)}
    if sizes - {width} or rows != {len(found.classes)} or not found.classes or not all(found.spreads):
        raise UsageError(f"{where}: the numbers of features, classes and weights do not fit together")
    return found


def numbers(given: Sequence[Any]) -> tuple[float, ...]:
    """Finite ones; anything else is a ValueError or a TypeError."""
    found = tuple(map(float, given))
    if not all(map(math.isfinite, found)):
        raise ValueError("a number that is none")
    return found


def _times(one: float, other: float) -> float:
    return one * other
