"""Trials as tasks of this process's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from loopwright.errors import LoopwrightError

T = TypeVar("T")


class Local(Generic[T]):
    """Starts the acts of trials and tells `ended` of each: with what it came to, or with what it raised."""

    def __init__(self, ended: Callable[[int, T | BaseException], None]) -> None:
        self._ended = ended
        self._acts: dict[int, asyncio.Task[T]] = {}
        self._dropped: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self._acts

    def __len__(self) -> int:
        return len(self._acts)

    def start(self, number: int, act: Coroutine[Any, Any, T]) -> None:
        task = asyncio.get_running_loop().create_task(act)
        self._acts[number] = task
        task.add_done_callback(lambda task: self._finish(number, task))

    def drop(self, after: int = -1) -> None:
        """Cancels the acts of all trials beyond this one; `ended` hears of them as cancelled."""
        for number, task in self._acts.items():
            if number > after:
                self._dropped.add(number)
                task.cancel()

    async def idle(self) -> None:
        """Returns when nothing acts any more."""
        while self._acts:
            await asyncio.wait(self._acts.values())

    def _finish(self, number: int, task: asyncio.Task[T]) -> None:
        del self._acts[number]
        if task.cancelled():
            itself = LoopwrightError(f"the act of trial {number} cancelled itself, which is a mistake in the workflow")
            self._ended(number, asyncio.CancelledError() if number in self._dropped else itself)
        else:
            self._ended(number, task.exception() or task.result())
