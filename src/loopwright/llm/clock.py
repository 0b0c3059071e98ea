"""Where the calling loop gets its time from. Durations are monotonic, so a jump of the wall clock changes nothing."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float: ...

    def time(self) -> float:
        """Seconds since 1970, for what people read."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def call_at(self, when: float, ring: Callable[[], None]) -> None:
        """Rings once monotonic time has come to `when`."""
        ...


class SystemClock:
    """The clock of this machine."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_at(self, when: float, ring: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(when - time.monotonic(), ring)


class ManualClock:
    """A clock whose time passes only when something sleeps on it, and then at once: hours of waiting take no time.

    Time moves to the next sleeper after the loop has turned `patience` times without a new one. What `call_at` is
    told to ring rings when a sleeper carries the time past it, and never moves the time itself.
    """

    def __init__(self, start: float = 1_000_000.0, patience: int = 32) -> None:
        self.now = start
        self._patience = patience
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._asleep = 0
        self._turns = 0
        self._watching = False

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asleep += 1
        self.call_at(self.now + max(seconds, 0.0), lambda: _wake(woken))
        self._watch()
        try:
            await woken
        finally:
            self._asleep -= 1

    def call_at(self, when: float, ring: Callable[[], None]) -> None:
        heapq.heappush(self._alarms, (when, next(self._order), ring))

    def advance(self, seconds: float) -> None:
        """Moves time on by hand and wakes whom it passes."""
        until = self.now + seconds
        while self._alarms and self._alarms[0][0] <= until:
            self._ring()
        self.now = until

    def _ring(self) -> None:
        when, _, ring = heapq.heappop(self._alarms)
        self.now = max(self.now, when)
        ring()

    def _watch(self) -> None:
        self._turns = 0
        if not self._watching:
            self._watching = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        if not self._asleep:
            self._watching = False
            return
        self._turns += 1
        if self._turns > self._patience and self._alarms:
            self._turns = 0
            self._ring()
        asyncio.get_running_loop().call_soon(self._turn)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
