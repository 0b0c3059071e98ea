"""The manual clock: hours pass in no time, and only when something sleeps."""

from __future__ import annotations

import asyncio

import pytest

from loopwright.llm.clock import ManualClock


async def test_time_passes_when_all_sleep_and_in_order() -> None:
    clock = ManualClock(start=0.0)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    await asyncio.gather(sleeper("late", 3_600), sleeper("early", 5), sleeper("middle", 60))
    assert woken == [("early", 5), ("middle", 60), ("late", 3_600)]


async def test_what_is_to_ring_does_not_move_the_time() -> None:
    clock, rung = ManualClock(start=0.0), asyncio.Event()
    clock.call_at(10, rung.set)
    for _ in range(100):
        await asyncio.sleep(0)
    assert clock.now == 0
    await clock.sleep(11)
    assert rung.is_set()


async def test_it_can_be_moved_by_hand() -> None:
    clock = ManualClock(start=0.0, patience=10_000)
    asleep = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0)
    clock.advance(99)
    await asyncio.sleep(0)
    assert not asleep.done()
    clock.advance(1)
    await asleep
    assert clock.time() == 100


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(start=0.0)
    asleep = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0)
    asleep.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asleep
    await clock.sleep(5)
    assert clock.now == 5
