"""Random numbers that are a function of (run seed, trial, step, purpose): the same whatever runs beside, before or after.

A counter-mode hash: block `i` is blake2b(key, i). Nothing is computed until something is drawn.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Any, TypeVar

T = TypeVar("T")

_BLOCK = Struct("<8Q")
_COUNTER = Struct("<Q")
_UNIT = 2.0**-53


class Keyed:
    """A stream of random numbers for one purpose at one place."""

    __slots__ = ("_block", "_counter", "_place")

    def __init__(self, seed: int, trial: int = 0, step: int = 0, purpose: str = "") -> None:
        self._place = (seed, trial, step, purpose)
        self._counter = 0
        self._block: list[int] = []

    def bits(self) -> int:
        """64 random bits."""
        if not self._block:
            key = repr(self._place).encode()
            self._block.extend(_BLOCK.unpack(blake2b(_COUNTER.pack(self._counter) + key).digest()))
            self._counter += 1
        return self._block.pop()

    def random(self) -> float:
        """Uniform in [0, 1), with 53 bits."""
        return (self.bits() >> 11) * _UNIT

    def below(self, n: int) -> int:
        """Uniform in 0..n-1, without bias."""
        if n < 1:
            raise ValueError(f"no number is below {n}")
        limit = (1 << 64) - (1 << 64) % n
        while (drawn := self.bits()) >= limit:
            pass
        return drawn % n

    def choice(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

    def normal(self) -> float:
        """Standard normal (Box-Muller)."""
        return math.sqrt(-2.0 * math.log(1.0 - self.random())) * math.cos(2.0 * math.pi * self.random())
