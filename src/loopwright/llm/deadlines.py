"""Deadlines of one length for many exchanges at once: one timer for all of them, where `asyncio.timeout` sets one for each."""

from __future__ import annotations

import asyncio
from types import TracebackType

from loopwright.llm.clock import Clock


class Deadlines:
    """All that are open end in the order in which they began, so only the oldest needs watching."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self.clock = clock
        self.open: dict[Deadline, None] = {}
        self._watching = False

    def watch(self, until: float) -> None:
        if not self._watching:
            self._watching = True
            self.clock.call_at(until, self._sweep)

    def _sweep(self) -> None:
        self._watching = False
        now = self.clock.monotonic()
        for deadline in list(self.open):
            if deadline.at > now:
                self.watch(deadline.at)
                return
            deadline.expire()


class Deadline:
    """One `with` block of the running task, cancelled when it takes too long; that cancellation leaves it as `TimeoutError`."""

    __slots__ = ("_all", "_cancelling", "_task", "at", "expired")

    def __init__(self, among: Deadlines) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task that it can end")
        self._all = among
        self._task = task
        self._cancelling = task.cancelling()
        self.at = among.clock.monotonic() + among.seconds
        self.expired = False

    def __enter__(self) -> Deadline:
        self._all.open[self] = None
        self._all.watch(self.at)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self.expired:
            del self._all.open[self]
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        del self._all.open[self]
        self.expired = True
        self._task.cancel()
