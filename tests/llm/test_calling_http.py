"""The whole path over real HTTP: what the loop makes of a server on loopback that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from loopwright.errors import (
    BudgetReached,
    CallError,
    ContextTooLong,
    EndpointMissing,
    KeyRejected,
    QuotaExhausted,
    Rejected,
    TimedOut,
)
from loopwright.llm.book import MemoryBook
from loopwright.llm.clock import ManualClock, SystemClock
from loopwright.llm.http import Http
from loopwright.llm.messages import Reply, Request, chat
from loopwright.llm.models import Models, Timing
from loopwright.llm.practice import PracticeServer
from loopwright.llm.providers import Context, build
from loopwright.records import Fields
from loopwright.spec.blocks import Budget, Limits, ModelBlock, Pricing

SYSTEM = Timing(SystemClock())


@asynccontextmanager
async def asking(
    server: PracticeServer, limits: Limits | None = None, budget: Budget | None = None, timing: Timing | None = None
) -> AsyncIterator[tuple[Models, MemoryBook]]:
    """Models over one block that asks this server; waiting takes no time unless the timing says so."""
    book, http = MemoryBook(), Http()
    price = Pricing(input_per_1k=0.001, output_per_1k=0.002)
    block = ModelBlock(
        id="m", provider="openai", base_url=server.url, max_output_tokens=32, pricing=price, limits=limits or Limits()
    )
    built = {"m": build(block, Context(http))}
    async with Models([block], budget or Budget(), book, built, timing=timing or Timing(ManualClock())) as models:
        yield models, book
    await http.close()


def hello(number: int = 0) -> Request:
    return Request(chat(f"hello {number}"))


@pytest.mark.parametrize(
    "fault",
    """429 429-seconds 429-date 429-year-9999 429-garbage 500 502 503 529 reset hang-up reset-body truncated truncated-chunks
    gzip-broken malformed html not-utf8 empty nan infinity 1e999 wrong-types negative-usage absurd-usage empty-choices
    long-header""".split(),  # noqa: SIM905 - a list takes four times the lines
)
async def test_what_may_pass_is_asked_again(fault: str) -> None:
    async with PracticeServer(script=[fault, None]) as server, asking(server) as (models, book):
        reply = await models.at(0).ask("m", hello())
        assert (reply.attempts, server.calls) == (2, 2)
    first, second = book.calls.values()
    assert first.status in ("failed", "assumed") and first.error
    assert second.status == "settled"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", KeyRejected),
        ("403", KeyRejected),
        ("404", EndpointMissing),
        ("redirect", EndpointMissing),
        ("quota", QuotaExhausted),
        ("400", Rejected),
        ("context", ContextTooLong),
    ],
)
async def test_what_will_not_pass_is_asked_once(fault: str, error: type[Exception]) -> None:
    async with PracticeServer({fault: 1.0}) as server, asking(server) as (models, book):
        with pytest.raises(error):
            await models.at(0).ask("m", hello())
        assert server.calls == 1
    assert [call.status for call in book.calls.values()] == ["failed"]


@pytest.mark.parametrize("fault", ["drip", "silent"])
async def test_a_drip_and_a_silence_end_at_the_deadline(fault: str) -> None:
    limits = Limits(timeout_s=0.2, retries=0)
    async with PracticeServer({fault: 1.0}) as server, asking(server, limits, timing=SYSTEM) as (models, book):
        with pytest.raises(TimedOut):
            await models.at(0).ask("m", hello())
    (call,) = book.calls.values()
    assert call.status == "assumed" and call.output_tokens == 32


async def test_a_bill_that_is_missing_is_assumed() -> None:
    async with PracticeServer({"no-usage": 1.0}) as server, asking(server) as (models, book):
        assert (await models.at(0).ask("m", hello())).usage is None
    assert [call.status for call in book.calls.values()] == ["assumed"]


@pytest.mark.parametrize("fault", ["no-json-schema", "no-json"])
async def test_an_endpoint_is_asked_for_json_in_the_form_it_knows(fault: str) -> None:
    schema: Fields = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
    async with PracticeServer({fault: 1.0}) as server, asking(server) as (models, _):
        reply = await models.at(0).ask("m", Request(chat("a word?"), schema=schema))
        assert isinstance(reply.data, dict) and isinstance(reply.data["word"], str)
        assert models.abilities["m"] == ("json_object" if fault == "no-json-schema" else "prompt")


async def test_through_a_storm_every_call_ends_and_the_books_agree() -> None:
    storm = dict.fromkeys(("429", "500", "reset", "reset-body", "html", "429-seconds", "no-usage", "context"), 0.04)
    limits, cap = Limits(concurrency=16, retries=3, rpm=100_000, tpm=10_000_000), 100_000
    async with PracticeServer(storm) as server, asking(server, limits, Budget(tokens=cap)) as (models, book):
        asked = [models.at(number).ask("m", hello(number)) for number in range(300)]
        ended = await asyncio.gather(*asked, return_exceptions=True)
        spending = models.spending()
        assert server.calls == len(book.calls)
    assert all(isinstance(each, (Reply, CallError)) for each in ended)
    assert sum(isinstance(each, Reply) for each in ended) > 250
    calls = book.calls.values()
    assert {call.status for call in calls} == {"settled", "failed", "assumed"}
    spent = sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in calls)
    assert spent == spending.caps["run:tokens"].spent == book.credits()["run:tokens"] <= cap
    assert sum(call.nano_usd or 0 for call in calls) == spending.total.nano_usd
    assert (spending.in_flight, spending.caps["run:tokens"].reserved) == (0, 0)


async def test_a_storm_under_a_tight_budget_never_passes_it() -> None:
    cap = 3_000
    limits = Limits(concurrency=16, retries=3)
    async with (
        PracticeServer({"500": 0.2, "reset-body": 0.2}) as server,
        asking(server, limits, Budget(tokens=cap)) as (models, book),
    ):
        asked = [models.at(number).ask("m", hello(number)) for number in range(200)]
        ended = await asyncio.gather(*asked, return_exceptions=True)
    assert any(isinstance(each, BudgetReached) for each in ended)
    assert sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in book.calls.values()) <= cap
    assert not any(call.status == "open" for call in book.calls.values())
