"""A softmax over named features: what a fitted classifier asks at every turn, in plain Python and the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loopwright.errors import UsageError
from loopwright.learn.error_classifier.scale import Scale, numbers, parse_scale


@dataclass(frozen=True, slots=True)
class Softmax:
    """`weights` has a row for each class."""

    classes: tuple[str, ...]
    scale: Scale
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    rows: int
    """Of examples that it was fitted to."""

    def chances(self, seen: Mapping[str, float]) -> dict[str, float]:
        """Of every class; they add up to 1."""
        if len(self.classes) == 1:
            return {self.classes[0]: 1.0}
        row = self.scale.row(seen)
        logits = [bias + math.fsum(map(_times, weights, row)) for weights, bias in zip(self.weights, self.bias, strict=True)]
        top = max(logits)
        parts = [math.exp(logit - top) for logit in logits]
        total = math.fsum(parts)
        return {name: part / total for name, part in zip(self.classes, parts, strict=True)}

    def plain(self) -> dict[str, Any]:
        return {
            "classes": list(self.classes),
            **self.scale.plain(),
            "weights": [list(row) for row in self.weights],
            "bias": list(self.bias),
            "rows": self.rows,
        }


def parse(given: Any, where: str) -> Softmax:
    """From JSON. What does not fit together is refused: a file may come from anywhere."""
    try:
        found = Softmax(
            tuple(map(str, given["classes"])),
            parse_scale(given, where),
            tuple(map(numbers, given["weights"])),
            numbers(given["bias"]),
            int(given["rows"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise UsageError(f"{where} is no softmax over features") from None
    widths, rows = {*map(len, found.weights)}, {len(found.weights), len(found.bias)}
    if widths - {len(found.scale.features)} or rows != {len(found.classes)} or not found.classes:
        raise UsageError(f"{where}: the numbers of features, classes and weights do not fit together")
    return found


def _times(one: float, other: float) -> float:
    return one * other
