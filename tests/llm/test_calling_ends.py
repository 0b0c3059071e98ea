"""What ends while calls are on their way, a trial, a run or a book, ends them too, and keeps nothing that was not taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from loopwright.errors import BadReply, CallError, EndpointMissing, Rejected, RunHeld, Unavailable, UsageError
from loopwright.llm.book import MemoryBook
from loopwright.llm.clock import ManualClock
from loopwright.llm.messages import Reply, Request, Usage, chat
from loopwright.llm.models import Models, Timing
from loopwright.records import Call
from loopwright.spec.blocks import Budget, Limits, ModelBlock

GOOD = Reply("hi", "served", usage=Usage(10, 5))
HELLO = Request(chat("hello"))


class Answers:
    """A provider that does what a function says."""

    def __init__(self, answer: Callable[[Request], Awaitable[Reply]]) -> None:
        self._answer = answer

    async def complete(self, request: Request) -> Reply:
        return await self._answer(request)


def models(
    answer: Callable[[Request], Awaitable[Reply]],
    book: MemoryBook,
    clock: ManualClock,
    *,
    budget: Budget | None = None,
    limits: Limits | None = None,
) -> Models:
    block = ModelBlock(id="m", provider="openai", max_output_tokens=100, limits=limits or Limits())
    return Models([block], budget or Budget(), book, {"m": Answers(answer)}, timing=Timing(clock, lambda: 1.0))


async def good(request: Request) -> Reply:
    return GOOD


async def hang(request: Request) -> Reply:
    await asyncio.Event().wait()
    return GOOD


async def turns(number: int = 8) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_call_that_the_book_does_not_take_costs_nothing_and_holds_nothing() -> None:
    class Busy(MemoryBook):
        def enter(self, call: Call) -> None:
            raise RunHeld("the disk is busy")

    asked = models(good, Busy(), ManualClock(), budget=Budget(calls=1))
    for _ in range(2):
        with pytest.raises(RunHeld):
            await asked.at(0).ask("m", HELLO)
    assert asked.spending().caps["run:calls"] == (1, 0, 0)
    assert asked.spending().in_flight == 0


async def test_a_stop_wakes_those_who_sleep_before_a_further_try() -> None:
    async def answer(request: Request) -> Reply:
        if request.purpose == "last":
            raise EndpointMissing("404")
        raise Unavailable("down")

    clock = ManualClock(patience=10_000)
    asked = models(answer, MemoryBook(), clock)
    began = clock.now
    sleeping = asyncio.create_task(asked.at(0).ask("m", HELLO))
    await turns()
    with pytest.raises(EndpointMissing):
        await asked.at(1).ask("m", Request(chat("hello"), purpose="last"))
    with pytest.raises(EndpointMissing):
        await sleeping
    assert clock.now == began


async def test_a_stop_wakes_those_who_wait_for_an_open_circuit() -> None:
    """The one sleeps until a probe is due; the others wait for what another's probe comes to."""
    probing = asyncio.Event()

    async def answer(request: Request) -> Reply:
        if request.purpose == "elsewhere":
            await probing.wait()
            await turns()
            raise EndpointMissing("404")
        if clock.now > began:
            probing.set()
            await asyncio.Event().wait()
        raise Unavailable("down")

    clock = ManualClock()
    began = clock.now
    asked = models(answer, MemoryBook(), clock, limits=Limits(retries=0, concurrency=64))
    elsewhere = asyncio.create_task(asked.at(99).ask("m", Request(chat("hello"), purpose="elsewhere")))
    await asyncio.gather(*(asked.at(trial).ask("m", HELLO) for trial in range(10)), return_exceptions=True)
    waiting = [asyncio.create_task(asked.at(trial).ask("m", HELLO)) for trial in range(10, 13)]
    with pytest.raises(EndpointMissing):
        await elsewhere
    await turns()
    assert sum(isinstance(each.exception(), EndpointMissing) for each in waiting if each.done()) == 2
    assert clock.now == began + 5
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_nothing_is_sent_once_the_run_has_stopped_not_even_what_was_just_admitted() -> None:
    sent: list[str] = []
    release = asyncio.Event()

    async def answer(request: Request) -> Reply:
        sent.append(request.purpose)
        await release.wait()
        if request.purpose == "bad":
            raise EndpointMissing("404")
        return GOOD

    asked = models(answer, MemoryBook(), ManualClock(), limits=Limits(concurrency=2))
    asking = [
        asyncio.create_task(asked.at(trial).ask("m", Request(chat("hello"), purpose=purpose)))
        for trial, purpose in enumerate(["good", "bad", "late"])
    ]
    await turns()
    release.set()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert sent == ["good", "bad"]
    assert [type(each) for each in ended] == [Reply, EndpointMissing, EndpointMissing]
    assert asked.spending().in_flight == 0


async def test_a_closed_scope_asks_no_more_and_says_so() -> None:
    book = MemoryBook()
    scope = models(good, book, ManualClock()).at(7)
    await scope.ask("m", HELLO)
    scope.close()
    with pytest.raises(UsageError, match=r"trial 7 has ended.*await"):
        await scope.ask("m", HELLO)
    assert len(book.calls) == 1


async def test_closing_ends_the_asks_that_one_branchs_failure_left_behind() -> None:
    book, clock = MemoryBook(), ManualClock()

    async def answer(request: Request) -> Reply:
        match request.purpose:
            case "fails":
                raise Rejected("no")
            case "hangs":
                await asyncio.Event().wait()
        raise Unavailable("down")

    asked = models(answer, book, clock, limits=Limits(concurrency=2))
    scope = asked.at(0)
    with pytest.raises(Rejected):
        await asyncio.gather(*(scope.ask("m", Request(chat("hello"), purpose=each)) for each in ("hangs", "again", "fails")))
    left = asyncio.all_tasks() - {asyncio.current_task()}
    scope.close()
    ended = await asyncio.gather(*left, return_exceptions=True)
    assert ended and all(isinstance(each, asyncio.CancelledError) for each in ended)
    assert asked.spending().in_flight == 0
    assert "open" not in [call.status for call in book.calls.values()]


async def test_a_branch_that_goes_on_after_its_ask_was_ended_asks_nothing() -> None:
    book = MemoryBook()
    scope = models(hang, book, ManualClock()).at(0)

    async def stubborn() -> None:
        try:
            await scope.ask("m", HELLO)
        except asyncio.CancelledError:
            await scope.ask("m", HELLO)

    branch = asyncio.create_task(stubborn())
    await turns()
    scope.close()
    with pytest.raises(UsageError):
        await branch
    assert len(book.calls) == 1


class Odd(Rejected):
    """A provider's own kind of refusal."""


@pytest.mark.parametrize(("raised", "known"), [(Odd("odd"), Rejected), (CallError("?", charged=True), BadReply)])
async def test_an_error_of_a_providers_own_is_the_same_in_every_life(raised: CallError, known: type[CallError]) -> None:
    async def answer(request: Request) -> Reply:
        raise raised

    book = MemoryBook()
    for life in (answer, good):
        with pytest.raises(known) as error:
            await models(life, book, ManualClock(), limits=Limits(retries=0)).at(0).ask("m", HELLO)
        assert (type(error.value), str(error.value), error.value.charged) == (known, str(raised), raised.charged)


async def test_a_stage_that_failed_asks_again_in_the_next_life_and_keeps_its_replies() -> None:
    async def down(request: Request) -> Reply:
        raise Unavailable("500")

    book, once = MemoryBook(), Limits(retries=0)
    with pytest.raises(Unavailable):
        await models(down, book, ManualClock(), limits=once).at(-1).ask("m", HELLO)
    assert (await models(good, book, ManualClock()).at(-1).ask("m", HELLO)).text == "hi"
    assert (await models(down, book, ManualClock(), limits=once).at(-1).ask("m", HELLO)).text == "hi"
