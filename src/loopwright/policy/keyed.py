"""Random numbers that are a function of (run seed, trial, step, purpose): the same whatever runs beside, before or after.

A counter-mode hash: block `i` is blake2b(i, place). Nothing is computed until something is drawn.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from math import cos as _cos
from math import log as _log
from math import sin as _sin
from math import sqrt as _sqrt
from struct import Struct
from typing import Any, TypeVar

T = TypeVar("T")

_numbers = Struct("<8Q").unpack
_packed = Struct("<Qqqq").pack
_UNIT = 2.0**-53
_HALF = 2.0**-32
_HALF_MASK = 2**32 - 1
_TURN = 2.0 * math.pi * _HALF
_LOG_4 = math.log(4.0)
_MASK = 2**63 - 1
_RANGE = 2**64
_LOW = _RANGE - 1
_NONE: list[int] = []


def _hashed(counter: int, seed: int, trial: int, step: int, purpose: str) -> tuple[int, ...]:
    return _numbers(blake2b(_packed(counter, seed & _MASK, trial, step) + purpose.encode()).digest())


_first = lru_cache(maxsize=256)(partial(_hashed, 0))


class Keyed:
    """A stream of random numbers for one purpose at one place. Most decisions draw one number: so the first one of eight trials
    in a row come from the same hash, and only what is drawn beyond has blocks of its own."""

    __slots__ = ("_block", "_counter", "_place")

    def __init__(self, seed: int, trial: int = 0, step: int = 0, purpose: str = "") -> None:
        self._place = (seed, trial, step, purpose)
        self._counter = 0
        self._block = _NONE

    def _refill(self) -> list[int]:
        counter = self._counter
        self._counter = counter + 1
        if counter:
            self._block = block = list(_hashed(counter, *self._place))
        else:
            seed, trial, step, purpose = self._place
            self._block = block = [_first(seed, trial >> 3, step, purpose)[trial & 7]]
        return block

    def bits(self) -> int:
        """64 random bits."""
        return (self._block or self._refill()).pop()

    def random(self) -> float:
        """Uniform in [0, 1), with 53 bits."""
        if self._counter:
            return ((self._block or self._refill()).pop() >> 11) * _UNIT
        self._counter = 1
        seed, trial, step, purpose = self._place
        return (_first(seed, trial >> 3, step, purpose)[trial & 7] >> 11) * _UNIT

    def below(self, n: int) -> int:
        """Uniform in 0..n-1, without bias."""
        if n < 1:
            raise ValueError(f"no number is below {n}")
        spread = (self._block or self._refill()).pop() * n
        if spread & _LOW < n:  # rare: only here can the number be one of those that would come up too often
            while spread & _LOW < _RANGE % n:
                spread = self.bits() * n
        return spread >> 64

    def choice(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

    def normal(self) -> float:
        """Standard normal (Box-Muller)."""
        return math.sqrt(-2.0 * math.log(1.0 - self.random())) * math.cos(2.0 * math.pi * self.random())

    def normals(self, count: int) -> list[float]:
        """Standard normals, two from each 64 bits, and so none beyond 6.7."""
        drawn: list[float] = []
        for _ in range((count + 1) // 2):
            bits = (self._block or self._refill()).pop()
            radius = _sqrt(-2.0 * _log(1.0 - (bits >> 32) * _HALF))
            angle = (bits & _HALF_MASK) * _TURN
            drawn.append(radius * _cos(angle))
            drawn.append(radius * _sin(angle))
        return drawn if len(drawn) == count else drawn[:count]

    def gamma(self, shape: float) -> float:
        """Gamma of scale 1, by Marsaglia and Tsang's squeeze; shapes below 1 by the power of a uniform number."""
        if shape < 1.0:
            return self.gamma(shape + 1.0) * math.pow(1.0 - self.random(), 1.0 / shape)
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            z = self.normal()
            v = (1.0 + c * z) ** 3
            if v > 0.0 and math.log(1.0 - self.random()) < 0.5 * z * z + d - d * v + d * math.log(v):
                return d * v

    def beta(self, a: float, b: float) -> float:
        """Beta(a, b): by Cheng's rejection from a logistic curve where both exceed 1."""
        if a <= 1.0 or b <= 1.0:
            return self._beta_at_the_edge(a, b)
        least, most = (a, b) if a < b else (b, a)
        total = a + b
        slope = math.sqrt((total - 2.0) / (2.0 * a * b - total))
        rise = least + 1.0 / slope
        while True:
            u = ((self._block or self._refill()).pop() >> 11) * _UNIT or _UNIT
            v = slope * math.log(u / (1.0 - u))
            w = least * math.exp(min(v, 700.0))
            z = math.log(u * u * (1.0 - ((self._block or self._refill()).pop() >> 11) * _UNIT))
            if rise * v - _LOG_4 + total * math.log(total / (most + w)) >= z:
                return w / (most + w) if least == a else most / (most + w)

    def _beta_at_the_edge(self, a: float, b: float) -> float:
        if a == 1.0:
            return 1.0 - math.pow(1.0 - self.random(), 1.0 / b)
        if b == 1.0:
            return math.pow(1.0 - self.random(), 1.0 / a)
        x, y = self.gamma(a), self.gamma(b)
        return x / (x + y) if x + y > 0.0 else float(self.random() * (a + b) < a)
