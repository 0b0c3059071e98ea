"""Deadlines end what takes too long, that alone, and tell their own cancellation from another's."""

from __future__ import annotations

import asyncio

import pytest

from loopwright.llm.clock import ManualClock, SystemClock
from loopwright.llm.deadlines import Deadline, Deadlines


async def test_each_ends_at_its_own_time_and_the_quick_are_left_alone() -> None:
    clock = ManualClock(start=0.0)
    deadlines, ended = Deadlines(10, clock), []

    async def work(name: str, start: float, takes: float) -> None:
        await clock.sleep(start)
        try:
            with Deadline(deadlines):
                await clock.sleep(takes)
        except TimeoutError:
            name += " late"
        ended.append((name, clock.now))

    await asyncio.gather(work("a", 0, 60), work("b", 3, 9), work("c", 5, 60), work("d", 30, 11))
    assert ended == [("a late", 10), ("b", 12), ("c late", 15), ("d late", 40)]
    assert not deadlines.open


async def test_a_cancellation_from_outside_stays_one() -> None:
    clock = ManualClock(start=0.0, patience=10_000)
    deadlines = Deadlines(10, clock)

    async def work() -> None:
        with Deadline(deadlines):
            await clock.sleep(60)

    outside, both = asyncio.create_task(work()), asyncio.create_task(work())
    await asyncio.sleep(0)
    outside.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outside
    both.cancel()
    clock.advance(20)
    with pytest.raises(asyncio.CancelledError):
        await both
    assert not deadlines.open


async def test_a_timeout_of_the_body_itself_is_not_the_deadline() -> None:
    limit = Deadline(Deadlines(10, ManualClock()))
    with pytest.raises(TimeoutError, match="mine"), limit:
        raise TimeoutError("mine")
    assert not limit.expired


async def test_it_ends_what_waits_in_real_time() -> None:
    with pytest.raises(TimeoutError), Deadline(Deadlines(0.01, SystemClock())):
        await asyncio.Event().wait()
