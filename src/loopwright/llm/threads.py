"""The way to the models for code that is not on the event loop: synchronous callers in other threads of this process.

Whoever asks, wherever it runs, asks through one `Asker`: the budget, the limits and the ledger of a run are in its driver
and nowhere else. Callers in other processes of this host will stand behind the same protocol, with a socket to the driver
where `Sync` has a thread-safe call; they get no limiter and no purse of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from threading import Lock
from typing import Any, Protocol

from loopwright.errors import Interrupted, UsageError
from loopwright.llm.messages import Reply, Request


class Asker(Protocol):
    """Where a trial asks from; `loopwright.llm.models.Scope` is one."""

    async def ask(self, model: str, request: Request, step: int = 0) -> Reply: ...


class Sync:
    """An asker for threads. `stop` ends the waiting of all of them, and of those who come later."""

    def __init__(self, asker: Asker, loop: asyncio.AbstractEventLoop) -> None:
        self._asker = asker
        self._loop = loop
        self._lock = Lock()
        self._waiting: set[Future[Reply]] = set()
        self._stopped = False

    def ask(self, model: str, request: Request, step: int = 0) -> Reply:
        """Blocks this thread until the reply is there; raises what the asker raises."""
        if _running() is self._loop:
            raise UsageError("this would block the event loop that it waits for: await the asker itself, or call from a thread")
        future = self._submit(self._asker.ask(model, request, step))
        try:
            return future.result()
        except CancelledError:
            raise Interrupted("the trial or the run ended while a call was waiting; resume the run to go on") from None
        finally:
            with self._lock:
                self._waiting.discard(future)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            waiting = list(self._waiting)
        for future in waiting:
            future.cancel()

    def _submit(self, asking: Coroutine[Any, Any, Reply]) -> Future[Reply]:
        with self._lock:
            if self._stopped or self._loop.is_closed():
                asking.close()
                raise Interrupted("the run has stopped; resume it to go on")
            future = asyncio.run_coroutine_threadsafe(asking, self._loop)
            self._waiting.add(future)
        return future


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
