"""What all models of a run have in common while it lasts; a stop reaches everything that waits here."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from copy import copy
from typing import Any, NamedTuple

from loopwright.errors import RunStopped
from loopwright.llm.book import Book
from loopwright.llm.budget import Purse
from loopwright.llm.clock import Clock, SystemClock
from loopwright.llm.limits import Gate
from loopwright.llm.spending import Pace
from loopwright.llm.structured import Ability


class Timing(NamedTuple):
    """Where waiting gets its time and its jitter from; `jitter` returns a number from 0 to 1."""

    clock: Clock = SystemClock()
    jitter: Callable[[], float] = random.random


class Shared:
    """The books, the purse, the time, and whether anything is sent any more."""

    def __init__(self, book: Book, purse: Purse, timing: Timing) -> None:
        self.book = book
        self.purse = purse
        self.clock = timing.clock
        self.jitter = timing.jitter
        self.pace = Pace(timing.clock)
        self.abilities: dict[str, Ability] = {}
        self.gates: list[Gate] = []
        self.stopped: RunStopped | None = None
        self._waits: set[asyncio.Task[object]] = set()

    async def wait_for(self, what: Coroutine[Any, Any, object]) -> None:
        """Waits for it, or until nothing is sent any more."""
        wait = asyncio.get_running_loop().create_task(what)
        self._waits.add(wait)
        try:
            await asyncio.wait((wait,))
        finally:
            self._waits.discard(wait)
            wait.cancel()
        if self.stopped is not None:
            raise copy(self.stopped)
        wait.result()

    def stop(self, cause: RunStopped) -> None:
        """Nothing is sent any more: what would fail every request alike has happened."""
        if self.stopped is None:
            self.stopped = cause
        self.purse.stop(cause)
        for gate in self.gates:
            gate.stop(cause)
        for wait in self._waits:
            wait.cancel()
