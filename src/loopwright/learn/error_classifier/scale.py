"""Named features as numbers of one scale: how far each stands from its middle, in units of its spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopwright.errors import UsageError
from loopwright.records import Json

REACH = 4.0
"""How far a feature may seem to stand from its middle, in spreads: of what lies beyond, nothing was learned."""


@dataclass(frozen=True, slots=True)
class Scale:
    features: tuple[str, ...] = ()
    middles: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()

    def row(self, seen: Mapping[str, float]) -> list[float]:
        """A feature that is missing is 0."""
        named = zip(self.features, self.middles, self.spreads, strict=True)
        return [max(-REACH, min(REACH, (seen.get(name, 0.0) - middle) / spread)) for name, middle, spread in named]

    def plain(self) -> dict[str, Json]:
        return {"features": list(self.features), "middles": list(self.middles), "spreads": list(self.spreads)}


def parse_scale(given: Any, where: str) -> Scale:
    """From JSON. What does not fit together is refused; what is no scale at all is a KeyError, a TypeError or a ValueError."""
    found = Scale(tuple(map(str, given["features"])), numbers(given["middles"]), numbers(given["spreads"]))
    if {len(found.middles), len(found.spreads)} != {len(found.features)} or not all(found.spreads):
        raise UsageError(f"{where}: the numbers of features, middles and spreads do not fit together, or one has no spread")
    return found


def numbers(given: Sequence[Any]) -> tuple[float, ...]:
    """Finite ones; anything else is a ValueError or a TypeError."""
    found = tuple(map(float, given))
    if not all(map(math.isfinite, found)):
        raise ValueError("a number that is none")
    return found


def rounded(values: Any) -> tuple[float, ...]:
    """Those of an array or a tensor, to seven digits, so that another machine's last bits change nothing."""
    return tuple(float(f"{value:.7g}") for value in values.tolist())
