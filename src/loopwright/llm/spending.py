"""Counts what the calls of this life came to, and shows it beside the caps as a frozen snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import NamedTuple

from loopwright.llm.clock import Clock

WINDOW = 10
"""Seconds over which the rate of settled calls is taken."""


class Cap(NamedTuple):
    """One account of the budget, over all lives of the run. USD are in nano-USD."""

    limit: int
    spent: int
    reserved: int


@dataclass(slots=True)
class Spent:
    """What the calls to one model came to in this life, counted as they end.

    `unknown_calls` have no known price: what they cost is not in `nano_usd`. What `uncounted` calls answered, nobody knows: it
    is not in `output_tokens`.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    nano_usd: int = 0
    unknown_calls: int = 0
    uncounted: int = 0
    failed: int = 0
    assumed: int = 0
    cached: int = 0
    overbilled: int = 0

    @property
    def usd_known(self) -> bool:
        return self.unknown_calls == 0


@dataclass(frozen=True, slots=True)
class Spending:
    """A moment of the run's spending: in total, by model, against the caps; later calls do not change it."""

    total: Spent
    by_model: Mapping[str, Spent]
    caps: Mapping[str, Cap]
    in_flight: int
    settled_per_s: float


def total(parts: Iterable[Spent]) -> Spent:
    return Spent(*(sum(column) for column in zip(*map(astuple, [Spent(), *parts]), strict=True)))


class Pace:
    """Settled calls per second over the last seconds, in a ring of counts by the second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._seconds = [0] * (WINDOW + 1)
        self._counts = [0] * (WINDOW + 1)

    def count(self, now: float) -> None:
        second = int(now)
        slot = second % (WINDOW + 1)
        if self._seconds[slot] != second:
            self._seconds[slot] = second
            self._counts[slot] = 0
        self._counts[slot] += 1

    def per_second(self) -> float:
        now = self._clock.monotonic()
        recent = sum(
            count for second, count in zip(self._seconds, self._counts, strict=True) if int(now) - WINDOW <= second <= int(now)
        )
        return recent / min(max(now - self._started, 1.0), WINDOW + now % 1)
