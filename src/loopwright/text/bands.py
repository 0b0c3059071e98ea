"""Which signatures agree with one in a whole band: sorted runs of keys, a tenth of what a table of lists takes.

What was added last is looked at one by one; every so often it becomes a run, and runs of about the same length become one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loopwright.policy.keyed import Keyed

RECENT = 256
LONGEST = 32_768
"""Signatures of a run that grows no more: what it takes to make one of two is bounded."""

Keys = NDArray[np.uint64]

_PLACE = np.uint64(0xFFFFFFFF)
"""The half of a number that says where a key comes from; the other half is the key."""


class Agreeing:
    """Signatures of `number` bands of `rows` slots each. They are known here by a key for each band (`keys`)."""

    def __init__(self, number: int, rows: int) -> None:
        self._number = number
        draw = Keyed(0, purpose="bands")
        drawn = np.array([draw.bits() for _ in range(number * (rows + 1))], np.uint64).reshape(number, rows + 1)
        self._factors, self._offsets = drawn[:, :rows], drawn[:, rows]
        self._recent = np.empty((RECENT, number), np.uint64)
        self._runs: list[Keys] = []
        self._count = 0

    def keys(self, signature: NDArray[np.uint16]) -> Keys:
        """Which band it is and all its slots decide; that two differ and have one key happens once in 2^32."""
        slots = signature.reshape(self._factors.shape).astype(np.uint64)
        found: Keys = ((slots * self._factors).sum(axis=1) + self._offsets) & ~_PLACE
        return found

    def add(self, keys: Keys) -> None:
        self._recent[self._count % RECENT] = keys
        self._count += 1
        if self._count % RECENT == 0:
            self._settle()

    def find(self, keys: Keys, since: int = 0) -> NDArray[np.int64]:
        """The places of those that agree in a band, in order; `since` leaves out so many of the first."""
        fresh = self._count % RECENT
        start = self._count - fresh
        recent = (self._recent[:fresh] == keys).any(axis=1).nonzero()[0] + start
        found: list[NDArray[np.int64]] = [recent]
        for run in reversed(self._runs):
            if start <= since:
                break
            start -= len(run) // len(keys)
            first = run.searchsorted(keys)
            for at in (run.take(first, mode="clip") & ~_PLACE == keys).nonzero()[0]:
                same = run[first[at] : run.searchsorted(keys[at] | _PLACE, "right")]
                found.append((same & _PLACE).astype(np.int64))
        places: NDArray[np.int64] = _once(np.concatenate(found)) if len(found) > 1 else recent
        return places[places >= since]

    @property
    def bytes(self) -> int:
        return self._recent.nbytes + sum(run.nbytes for run in self._runs)

    def _settle(self) -> None:
        places = np.arange(self._count - RECENT, self._count, dtype=np.uint64)
        self._runs.append(_in_order(self._recent | places[:, None]))
        while len(self._runs) > 1 and len(self._runs[-2]) <= min(len(self._runs[-1]), LONGEST // 2 * self._number):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(_in_order(np.concatenate([before, last])))


def _in_order(keyed: Keys) -> Keys:
    """Keys with their places; sorted in place, since a copy shows in what the process takes at its peak."""
    flat = keyed.ravel()
    flat.sort()
    return flat


def _once(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """In order, each once. `np.unique` does that, and loads all that numpy has for masked arrays."""
    places.sort()
    different: NDArray[np.int64] = places[np.diff(places, prepend=-1) > 0]
    return different
