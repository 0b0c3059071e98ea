"""The calling loop keeps its promises: what it sends, retries, writes down, remembers and gives up on."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest
from tests.llm.desk import GOOD, HELLO, YES, Desk, Turns, block

from loopwright.errors import (
    BadAnswer,
    BadReply,
    CallError,
    CassetteMiss,
    ContextTooLong,
    EndpointDown,
    EndpointMissing,
    KeyRejected,
    Overloaded,
    QuotaExhausted,
    Rejected,
    RunStopped,
    SpecError,
    TimedOut,
    Unavailable,
    Unsupported,
    UsageError,
)
from loopwright.llm.book import Kept, MemoryBook, ReplyKey
from loopwright.llm.messages import Reply, Request, TokenLogprob, Usage, chat, digest, wire_form
from loopwright.llm.models import Models
from loopwright.records import Call
from loopwright.spec.blocks import Budget, Limits


async def test_a_reply_is_sent_for_priced_and_written_down() -> None:
    provider = Turns(GOOD)
    desk = Desk(block("m", temperature=0.5, top_p=0.9), m=provider)

    reply = await desk.ask(Request(chat("hello"), temperature=0.1, purpose="greeting"))

    assert provider.seen == [Request(chat("hello"), temperature=0.1, top_p=0.9, max_output_tokens=100)]
    assert (reply.text, reply.model, reply.attempts, reply.cached) == ("hi", "served", 1, False)
    assert reply.nano_usd == 10 * 1_000 + 5 * 2_000
    (call,) = desk.calls()
    assert (call.status, call.purpose, call.input_tokens, call.output_tokens) == ("settled", "greeting", 10, 5)
    assert (call.nano_usd, call.attempt, call.error) == (20_000, 1, None)


async def test_a_call_is_in_the_ledger_before_it_goes_out() -> None:
    async def look(request: Request) -> Reply:
        assert desk.statuses() == ["open"]
        return GOOD

    desk = Desk(m=Turns(look))
    await desk.ask()
    assert desk.statuses() == ["settled"]


async def test_equal_requests_in_a_step_are_two_replies_and_found_again() -> None:
    first = Desk(m=Turns(Reply("one", "m"), Reply("two", "m")))
    scope = first.models.at(3)
    said = [(await scope.ask("m", HELLO, step=1)).text for _ in range(2)]
    assert said == ["one", "two"]

    silent = Turns(AssertionError("nothing is asked twice"))
    again = Desk(book=first.book, budget=Budget(calls=0), m=silent)
    later = again.models.at(3)
    assert [(await later.ask("m", HELLO, step=1)).text for _ in range(2)] == said
    assert len(again.calls()) == 2


async def test_the_key_is_the_request_as_first_asked() -> None:
    book = MemoryBook()
    desk = Desk(block("m", temperature=0.5), book=book, m=Turns(GOOD))
    await desk.models.at(7).ask("m", HELLO, step=2)

    mark = digest(wire_form(Request(chat("hello"), temperature=0.5, max_output_tokens=100)))
    kept = book.recall(ReplyKey(7, 2, 0, "m", mark))
    assert kept is not None and kept.call == desk.calls()[0].id


async def test_errors_are_outcomes_and_come_back_from_the_book() -> None:
    desk = Desk(m=Turns(Rejected("no such parameter"), GOOD))
    with pytest.raises(Rejected, match="no such parameter"):
        await desk.ask()
    with pytest.raises(Rejected, match="no such parameter"):
        await desk.ask()
    assert desk.statuses() == ["failed"]


@pytest.mark.parametrize("error", [Unavailable("down"), Overloaded("slow down"), BadReply("html"), TimedOut("late")])
async def test_what_may_pass_is_tried_again(error: CallError) -> None:
    desk = Desk(m=Turns(error, error, GOOD))
    reply = await desk.ask()
    assert reply.attempts == 3
    assert desk.statuses() == ["failed", "failed", "settled"]
    assert [call.attempt for call in desk.calls()] == [1, 2, 3]


async def test_retries_end_and_wait_longer_each_time() -> None:
    provider = Turns(Unavailable("down"))
    desk = Desk(block("m", limits=Limits(retries=8)), m=provider)
    began = desk.clock.now
    with pytest.raises(Unavailable, match="down"):
        await desk.ask()
    assert len(provider.seen) == 9
    assert desk.clock.now - began == sum([0.5, 1, 2, 4, 8, 16, 30, 30])


@pytest.mark.parametrize(
    "error", [Rejected("no"), ContextTooLong("too long"), Unsupported("what is top_p?"), BadAnswer("no JSON")]
)
async def test_what_will_not_pass_is_not_tried_again(error: CallError) -> None:
    provider = Turns(error)
    with pytest.raises(type(error)):
        await Desk(m=provider).ask()
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    "error", [KeyRejected("401"), QuotaExhausted("none left"), EndpointMissing("404"), CassetteMiss("miss")]
)
async def test_what_fails_every_request_stops_the_run_at_once(error: RunStopped) -> None:
    release = asyncio.Event()

    async def fail_later(request: Request) -> Reply:
        await release.wait()
        raise Unavailable("down")

    provider = Turns(fail_later, error)
    desk = Desk(block("m", limits=Limits(concurrency=2)), m=provider)
    asking = [asyncio.create_task(desk.ask(trial=trial)) for trial in range(5)]
    await asyncio.sleep(0)
    release.set()
    ended = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(each) for each in ended] == [type(error)] * 5
    assert len(provider.seen) == 2
    with pytest.raises(type(error)):
        await desk.ask(trial=9)
    key = ReplyKey(1, 0, 0, "m", digest(wire_form(Request(chat("hello"), max_output_tokens=100))))
    assert desk.book.recall(key) is None


async def test_a_slow_exchange_ends_at_its_deadline_and_is_charged_in_full() -> None:
    async def drip(request: Request) -> Reply:
        await desk.clock.sleep(10_000)
        return GOOD

    desk = Desk(block("m", limits=Limits(retries=1, timeout_s=30)), budget=Budget(tokens=10_000), m=Turns(drip))
    began = desk.clock.now
    with pytest.raises(TimedOut, match="30 s"):
        await desk.ask()
    assert desk.clock.now - began == 30 + 0.5 + 30
    assert desk.statuses() == ["assumed", "assumed"]
    reserved = len(wire_form(Request(chat("hello"), max_output_tokens=100))) + 100
    assert desk.models.spending().caps["run:tokens"].spent == 2 * reserved


async def test_an_answered_error_costs_nothing_a_broken_exchange_its_reservation() -> None:
    desk = Desk(
        budget=Budget(tokens=10_000, usd=1, calls=10), m=Turns(Unavailable("500"), Unavailable("reset", charged=True), GOOD)
    )
    await desk.ask()
    assert desk.statuses() == ["failed", "assumed", "settled"]
    failed, assumed, settled = desk.calls()
    assert (failed.input_tokens, failed.output_tokens, failed.nano_usd) == (0, 0, 0)
    assert assumed.input_tokens and assumed.output_tokens == 100 and assumed.error == "Unavailable: reset"
    caps = desk.models.spending().caps
    assert caps["run:calls"] == (10, 3, 0)
    assert caps["run:tokens"].spent == assumed.input_tokens + 100 + 15
    assert caps["run:nano_usd"].spent == (assumed.nano_usd or 0) + (settled.nano_usd or 0)


async def test_a_reply_without_a_bill_is_charged_in_full() -> None:
    desk = Desk(m=Turns(Reply("hi", "m")))
    reply = await desk.ask()
    assert reply.usage is None and reply.nano_usd is None
    assert desk.statuses() == ["assumed"]


async def test_a_cancelled_call_gives_its_place_back_and_is_charged() -> None:
    never = asyncio.Event()

    async def hang(request: Request) -> Reply:
        await never.wait()
        return GOOD

    desk = Desk(block("m", limits=Limits(concurrency=1)), budget=Budget(calls=5), m=Turns(hang, GOOD))
    hanging = asyncio.create_task(desk.ask(trial=0))
    waiting = asyncio.create_task(desk.ask(trial=1))
    next_one = asyncio.create_task(desk.ask(trial=2))
    while not desk.calls():
        await asyncio.sleep(0)
    waiting.cancel()
    hanging.cancel()
    assert (await next_one).text == "hi"
    assert desk.statuses() == ["assumed", "settled"]
    assert desk.models.spending().in_flight == 0
    assert desk.models.spending().caps["run:calls"] == (5, 2, 0)


@pytest.mark.parametrize(
    "nonsense",
    [
        Reply("hi", "m", usage=Usage(-1, 5)),
        Reply("hi", "m", usage=Usage(10**12, 5)),
        Reply("hi", "m", usage=Usage(True, 5)),
        Reply("half \ud800", "m"),
        Reply("hi", "m", logprobs=(TokenLogprob("hi", float("nan")),)),
        Reply(None, "m"),  # type: ignore[arg-type]
    ],
)
async def test_an_impossible_reply_is_an_error_and_tried_again(nonsense: Reply) -> None:
    desk = Desk(m=Turns(nonsense, GOOD))
    assert (await desk.ask()).attempts == 2
    assert desk.statuses() == ["assumed", "settled"]


async def test_overload_halves_what_is_in_flight_once_and_success_brings_it_back() -> None:
    desk = Desk(block("m", limits=Limits(concurrency=8, retries=1)), m=Turns(*[Overloaded("429")] * 8, GOOD))
    await asyncio.gather(*(desk.ask(trial=trial) for trial in range(8)))
    gate = desk.models.endpoint("m").gate
    assert gate.limit < 8
    for trial in range(8, 60):
        await desk.ask(trial=trial)
    assert gate.limit == 8


@pytest.mark.parametrize(("demanded", "obeyed"), [(12.5, 12.5), (10**9, 300.0), (float("inf"), 300.0)])
async def test_the_servers_wish_to_wait_is_obeyed_within_reason_and_others_go_on(demanded: float, obeyed: float) -> None:
    desk = Desk(block("m"), block("other"), m=Turns(Overloaded("429", retry_after=demanded), GOOD), other=Turns(GOOD))
    began = desk.clock.now
    paused = asyncio.create_task(desk.ask())
    await asyncio.sleep(0)
    latecomer = asyncio.create_task(desk.ask(trial=1))
    await desk.ask(model="other")
    assert desk.clock.now == began and not paused.done()
    await asyncio.gather(paused, latecomer)
    assert desk.clock.now - began == pytest.approx(obeyed)


async def test_a_dead_endpoint_is_probed_by_one_call_at_a_time() -> None:
    alive = False

    async def answer(request: Request) -> Reply:
        if alive:
            return GOOD
        raise Unavailable("refused")

    provider = Turns(answer)
    desk = Desk(block("m", limits=Limits(retries=30)), m=provider)
    asking = [asyncio.create_task(desk.ask(trial=trial)) for trial in range(12)]
    while "circuit_opened" not in desk.events():
        await asyncio.sleep(0)
    sent = len(provider.seen)
    while desk.clock.now < 1_000_000 + 30:
        await asyncio.sleep(0)
    assert len(provider.seen) - sent <= 4
    alive = True
    assert all(reply.text == "hi" for reply in await asyncio.gather(*asking))
    assert desk.events() == ["circuit_opened", "circuit_closed"]


async def test_an_endpoint_that_stays_silent_stops_the_run_and_fails_no_trial() -> None:
    provider = Turns(Unavailable("connection refused"))
    desk = Desk(block("m"), m=provider)
    ended = await asyncio.gather(*(desk.ask(trial=trial) for trial in range(20)), return_exceptions=True)
    assert all(isinstance(each, EndpointDown) for each in ended)
    assert "connection refused" in str(ended[0])
    assert len(provider.seen) <= 20 + 5, "those in flight when it opened, and five probes"


async def test_the_fallback_answers_for_a_model_that_stays_unavailable() -> None:
    first, second = Turns(Unavailable("down")), Turns(Reply("from the other", "other-1", usage=Usage(1, 1)))
    desk = Desk(block("m", fallback="other", temperature=0.1), block("other", temperature=0.9), m=first, other=second)
    reply = await desk.ask()

    assert (reply.text, reply.model, reply.by, reply.attempts) == ("from the other", "other-1", "other", 4)
    assert second.seen[0].temperature == 0.9, "its own defaults, not the first model's"
    assert [call.model for call in desk.calls()] == ["m", "m", "m", "other"]
    asked = Request(chat("hello"), temperature=0.1, max_output_tokens=100)
    assert desk.book.recall(ReplyKey(0, 0, 0, "m", digest(wire_form(asked)))) == Kept(reply, desk.calls()[3].id)


async def test_with_an_open_circuit_the_fallback_is_asked_at_once() -> None:
    first = Turns(Unavailable("down"))
    desk = Desk(block("m", fallback="other", limits=Limits(retries=0)), block("other"), m=first, other=Turns(GOOD))
    for trial in range(40):
        await desk.ask(trial=trial)
    assert len(first.seen) == 10


async def test_what_the_model_refuses_does_not_go_to_the_fallback() -> None:
    second = Turns(GOOD)
    desk = Desk(block("m", fallback="other"), block("other"), m=Turns(ContextTooLong("too long")), other=second)
    with pytest.raises(ContextTooLong):
        await desk.ask()
    assert not second.seen


async def test_an_endpoint_without_schemas_is_asked_in_weaker_forms_and_remembered() -> None:
    fits = Reply('{"yes": true}', "m", usage=Usage(10, 5))
    provider = Turns(Unsupported("response_format"), Unsupported("response_format"), fits)
    desk = Desk(block("m", limits=Limits(retries=0)), m=provider)
    reply = await desk.ask(Request(chat("well?"), schema=YES))

    assert reply.data == {"yes": True}
    assert [request.schema is None for request in provider.seen] == [False, True, True]
    assert desk.models.abilities == {"m": "prompt"}
    assert desk.events() == ["ability_lowered"]
    await desk.ask(Request(chat("and now?"), schema=YES))
    assert len(provider.seen) == 4


async def test_an_answer_that_does_not_fit_is_paid_for_and_kept() -> None:
    desk = Desk(m=Turns(Reply('{"yes": "perhaps"}', "m", usage=Usage(10, 5))))
    for _ in range(2):
        with pytest.raises(BadAnswer):
            await desk.ask(Request(chat("well?"), schema=YES))
    (call,) = desk.calls()
    assert call.status == "settled" and call.error is not None and call.error.startswith("BadAnswer")


async def test_a_refusal_is_a_reply_without_data() -> None:
    desk = Desk(m=Turns(Reply("", "m", finish="refusal", refusal="I will not", usage=Usage(10, 5))))
    reply = await desk.ask(Request(chat("well?"), schema=YES))
    assert reply.refusal == "I will not" and reply.data is None


async def test_a_bug_in_a_provider_is_loud_and_charged() -> None:
    desk = Desk(m=Turns(ZeroDivisionError("secret detail")))
    with pytest.raises(ZeroDivisionError):
        await desk.ask()
    (call,) = desk.calls()
    assert (call.status, call.error) == ("assumed", "ZeroDivisionError")


def test_fallbacks_exist_and_do_not_lead_in_circles() -> None:
    with pytest.raises(SpecError, match="did you mean 'writer'"):
        Desk(block("m", fallback="writter"), block("writer"), m=Turns(GOOD), writer=Turns(GOOD))
    with pytest.raises(SpecError, match="in a circle"):
        Desk(block("a", fallback="b"), block("b", fallback="a"), a=Turns(GOOD), b=Turns(GOOD))


async def test_an_unknown_model_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'writer'"):
        await Desk(block("writer"), writer=Turns(GOOD)).ask(model="writr")


class Forgetful(MemoryBook):
    """Keeps nothing, as a store that has written everything out."""

    def keep(self, key: ReplyKey, kept: Kept, ended: Call | None = None) -> None:
        pass

    def enter(self, call: Call) -> None:
        pass


@pytest.mark.slow
async def test_a_hundred_thousand_calls_leave_nothing_behind() -> None:
    provider = Turns(GOOD)
    limited = block("m", limits=Limits(rpm=1e9, tpm=1e12))
    models = Models([limited], Budget(tokens=10**12, calls=10**9), Forgetful(), {"m": provider})
    async with models:
        for trial in range(100_000):
            if trial == 2_000:
                gc.collect()
                before = sys.getallocatedblocks()
            await models.at(trial).ask("m", HELLO)
            await asyncio.sleep(0)
            provider.seen.clear()
        gc.collect()
        assert sys.getallocatedblocks() - before < 2_000
