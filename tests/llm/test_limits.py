"""Rates are never passed in any minute, lines keep their order, and pauses end."""

from __future__ import annotations

import asyncio
import gc
import warnings
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import EndpointMissing
from loopwright.llm.clock import ManualClock
from loopwright.llm.limits import Gate, Guess, Rate, demanded
from loopwright.llm.messages import Usage
from loopwright.spec.blocks import Limits

ARRIVALS = st.lists(st.floats(0, 30), min_size=1, max_size=200)


def admissions(rate: Rate, gaps: list[float], costs: list[float]) -> list[tuple[float, float]]:
    """When each request got through that came so long after the one before and waited as it was told."""
    now, admitted = 0.0, []
    for gap, cost in zip(gaps, costs, strict=True):
        now += gap
        now += max(0.0, rate.wait(cost, now))
        rate.take(cost, now)
        admitted.append((now, cost))
    return admitted


def fullest_minute(admitted: list[tuple[float, float]]) -> float:
    return max(
        sum(cost for at, cost in admitted[first:] if at - admitted[first][0] < 60 - 1e-6) for first in range(len(admitted))
    )


@given(ARRIVALS, st.floats(0.5, 5_000))
def test_no_minute_sees_more_requests_than_it_may(gaps: list[float], rpm: float) -> None:
    admitted = admissions(Rate(rpm, 1.0), gaps, [1.0] * len(gaps))
    assert fullest_minute(admitted) <= ceil(rpm)


@given(ARRIVALS, st.data())
def test_no_minute_sees_more_tokens_than_it_may(gaps: list[float], data: st.DataObject) -> None:
    costs = data.draw(st.lists(st.floats(0, 1_000), min_size=len(gaps), max_size=len(gaps)))
    admitted = admissions(Rate(10_000.0, 0.0), gaps, costs)
    assert fullest_minute(admitted) <= 10_000 + max(0, max(costs) - 500) + 1e-6


@pytest.mark.parametrize("rpm", [1, 3, 60, 500, 10_000])
def test_a_steady_stream_gets_all_but_the_burst(rpm: int) -> None:
    admitted = admissions(Rate(float(rpm), 1.0), [0.0] * (5 * rpm), [1.0] * (5 * rpm))
    assert admitted[-1][0] <= 5 * 60 / 0.94


def test_a_request_larger_than_a_minute_still_gets_through() -> None:
    admitted = admissions(Rate(100.0, 0.0), [0.0] * 3, [500.0] * 3)
    assert admitted[-1][0] == pytest.approx(2 * 500 / 95 * 60)


def test_what_was_not_used_is_given_back() -> None:
    rate = Rate(1_000.0, 0.0)
    rate.take(900, 0.0)
    assert rate.wait(50, 0.0) > 0
    rate.correct(-890)
    assert rate.wait(40, 0.0) < 1e-9


async def test_the_lowest_trial_is_admitted_first() -> None:
    clock = ManualClock()
    gate = Gate(Limits(concurrency=1), clock)
    assert gate.admit(0, clock.monotonic())
    order: list[int] = []

    async def pass_through(trial: int) -> None:
        await gate.enter(trial, 0)
        order.append(trial)
        gate.leave()

    waiting = [asyncio.create_task(pass_through(trial)) for trial in (5, 2, 9, 2)]
    await asyncio.sleep(0)
    gate.leave()
    await asyncio.gather(*waiting)
    assert order == [2, 2, 5, 9]
    assert gate.in_flight == 0


async def test_who_is_turned_away_and_cancelled_in_one_turn_gives_no_place_back() -> None:
    clock = ManualClock()
    gate = Gate(Limits(concurrency=1), clock)
    assert gate.admit(0, clock.monotonic())
    waiting = asyncio.create_task(gate.enter(1, 0))
    await asyncio.sleep(0)
    gate.stop(EndpointMissing("404"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert gate.in_flight == 1


async def test_an_alarm_that_is_set_anew_at_once_leaves_nothing_behind() -> None:
    clock = ManualClock()
    gate = Gate(Limits(), clock)
    gate.pause(10, clock.monotonic())
    waiting = asyncio.create_task(gate.enter(0, 0))
    await asyncio.sleep(0)
    gate.close()
    waiting.cancel()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        await asyncio.sleep(0)
        gc.collect()
    assert not said


async def test_a_line_moves_at_the_rate() -> None:
    clock = ManualClock()
    gate = Gate(Limits(rpm=60, concurrency=1_000), clock)
    began = clock.now
    at: list[float] = []

    async def pass_through(trial: int) -> None:
        if not gate.admit(0, clock.monotonic()):
            await gate.enter(trial, 0)
        at.append(clock.now - began)
        gate.leave()

    await asyncio.gather(*(pass_through(trial) for trial in range(120)))
    assert sum(each < 60 - 1e-6 for each in at) <= 60
    assert at[-1] <= 2 * 60 / 0.94


async def test_a_delay_keeps_all_requests_apart() -> None:
    clock = ManualClock()
    gate = Gate(Limits(delay_s=1.5, rpm=1_000), clock)
    at: list[float] = []
    for trial in range(5):
        if not gate.admit(0, clock.monotonic()):
            await gate.enter(trial, 0)
        at.append(clock.monotonic())
        gate.leave()
    assert [after - before for before, after in pairwise(at)] == pytest.approx([1.5] * 4)


async def test_a_pause_holds_all_and_is_never_longer_than_five_minutes() -> None:
    clock = ManualClock()
    gate = Gate(Limits(), clock)
    gate.pause(1e9, clock.monotonic())
    began = clock.now
    assert not gate.admit(0, clock.monotonic())
    await gate.enter(0, 0)
    assert clock.now - began == pytest.approx(300)


@given(st.lists(st.tuples(st.sampled_from(["ask", "leave", "cancel", "overload", "success"]), st.integers(0, 9)), max_size=80))
def test_a_gate_never_admits_too_many_and_never_forgets_a_place(steps: list[tuple[str, int]]) -> None:
    asyncio.run(play(steps))


async def play(steps: list[tuple[str, int]]) -> None:
    clock = ManualClock()
    gate = Gate(Limits(concurrency=3), clock)
    waiting: list[asyncio.Task[None]] = []
    for step, number in steps:
        match step:
            case "ask" if not gate.admit(0, clock.monotonic()):
                waiting.append(asyncio.create_task(gate.enter(number, 0)))
            case "leave" if gate.in_flight:
                gate.leave()
            case "cancel" if waiting:
                waiting.pop(number % len(waiting)).cancel()
            case "overload":
                gate.overloaded(clock.monotonic(), clock.monotonic())
            case "success":
                gate.succeeded()
        if number % 2:
            await asyncio.sleep(0)
        assert gate.in_flight <= 3
    await asyncio.sleep(0)
    while gate.in_flight:
        gate.leave()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert all(each.done() for each in waiting)


@pytest.mark.parametrize(
    ("said", "meant"), [(None, 0), (-5.0, 0), (float("nan"), 0), (7.0, 7), (1e12, 300), (float("inf"), 300)]
)
def test_a_server_can_demand_a_sensible_wait(said: float | None, meant: float) -> None:
    assert demanded(said) == meant


def test_the_guess_comes_to_what_replies_take() -> None:
    guess = Guess(1_000)
    assert guess.of(400, 1_000) == 1_100
    for _ in range(200):
        guess.learn(400, Usage(200, 30))
    assert guess.of(400, 1_000) == pytest.approx(230, rel=0.01)
    assert guess.of(400, 10) == pytest.approx(210, rel=0.01)
