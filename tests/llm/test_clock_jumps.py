"""A wall clock that jumps, back by a year and forth by ten, changes nothing: all waits and latencies go by monotonic time."""

from __future__ import annotations

import asyncio
from itertools import cycle

from loopwright.errors import Overloaded, Unavailable
from loopwright.llm.book import MemoryBook
from loopwright.llm.clock import ManualClock
from loopwright.llm.messages import Reply, Request, Usage, chat
from loopwright.llm.models import Models
from loopwright.llm.shared import Timing
from loopwright.spec.blocks import Budget, Limits, ModelBlock

YEAR = 365 * 24 * 3600.0


class Jumping(ManualClock):
    """Tells another date each time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._jumps = cycle((0.0, -YEAR, 10 * YEAR, -9 * YEAR))

    def time(self) -> float:
        return self.now + next(self._jumps)


class Flaky:
    """Fails, asks for patience, then answers; each answer takes two seconds."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._turns = cycle((Unavailable("down"), Overloaded("later", retry_after=7.0), None))

    async def complete(self, request: Request) -> Reply:
        turn = next(self._turns)
        await self._clock.sleep(2.0)
        if turn is not None:
            raise turn
        return Reply("hi", "m", usage=Usage(10, 5))


async def story(clock: ManualClock) -> tuple[float, list[tuple[str, float | None]]]:
    """How long twelve limited calls take, and what the ledger says of them, dates aside."""
    book, began = MemoryBook(), clock.now
    block = ModelBlock(id="m", provider="openai", limits=Limits(rpm=60.0, concurrency=3, timeout_s=5.0, retries=9))
    async with Models((block,), Budget(), book, {"m": Flaky(clock)}, timing=Timing(clock, lambda: 0.5)) as models:
        await asyncio.gather(*(models.at(trial).ask("m", Request(chat("hello"))) for trial in range(12)))
    return clock.now - began, [(call.status, call.latency_s) for call in book.calls.values()]


async def test_a_jumping_wall_clock_changes_no_wait_and_no_latency() -> None:
    steady, jumping = await story(ManualClock()), await story(Jumping())
    assert steady[0] > 12
    assert jumping == steady
