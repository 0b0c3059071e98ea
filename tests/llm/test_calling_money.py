"""Calls keep to what may be spent, and what was spent is told as far as it is known."""

from __future__ import annotations

import asyncio

import pytest
from tests.llm.desk import GOOD, Desk, Turns, block

from loopwright.errors import BudgetReached, SpecError
from loopwright.llm.book import MemoryBook
from loopwright.llm.messages import Reply, Request, Usage, chat
from loopwright.spec.blocks import Budget, Limits


async def test_a_budget_ends_the_run_when_nothing_in_flight_can_give_back() -> None:
    desk = Desk(budget=Budget(calls=3), m=Turns(GOOD))
    ended = await asyncio.gather(*(desk.ask(trial=trial) for trial in range(6)), return_exceptions=True)
    assert [isinstance(each, Reply) for each in ended] == [True] * 3 + [False] * 3
    assert all(isinstance(each, BudgetReached) for each in ended[3:])
    assert "of 3 calls, 3 calls are spent" in str(ended[3])


async def test_a_call_that_no_budget_can_cover_shows_the_sum() -> None:
    desk = Desk(budget=Budget(tokens=120), m=Turns(GOOD))
    with pytest.raises(BudgetReached, match=r"budget\.tokens is reached: of 120 tokens.*bytes of prompt, 100 output tokens"):
        await desk.ask(Request(chat("a question of some length")))
    assert not desk.calls()


async def test_reservations_give_way_to_what_was_spent() -> None:
    desk = Desk(block("m", limits=Limits(concurrency=4)), budget=Budget(tokens=1_000), m=Turns(GOOD))
    await asyncio.gather(*(desk.ask(trial=trial) for trial in range(50)))
    assert desk.models.spending().caps["run:tokens"] == (1_000, 750, 0)


async def test_a_higher_cap_goes_on_where_the_lower_one_ended() -> None:
    book = MemoryBook()
    async with (low := Desk(budget=Budget(calls=2), book=book, m=Turns(GOOD))).models:
        with pytest.raises(BudgetReached):
            for trial in range(3):
                await low.ask(trial=trial)
    async with (high := Desk(budget=Budget(calls=4), book=book, m=Turns(GOOD))).models:
        with pytest.raises(BudgetReached):
            for trial in range(6):
                await high.ask(trial=trial)
    assert len(book.calls) == 4


async def test_a_server_that_bills_more_than_it_may_is_reported() -> None:
    greedy = Reply("hi", "m", usage=Usage(5_000, 5))
    desk = Desk(budget=Budget(tokens=10_000), m=Turns(greedy))
    for trial in range(2):
        await desk.ask(trial=trial)
    with pytest.raises(BudgetReached):
        await desk.ask(trial=2)
    assert desk.events() == ["overbilled", "overbilled"]
    spending = desk.models.spending()
    assert spending.total.overbilled == 2
    assert spending.caps["run:tokens"].spent == 10_010


async def test_spending_says_what_is_unknown() -> None:
    mute = block("mute", max_output_tokens=None)
    desk = Desk(block("m"), block("free", pricing=None), mute, m=Turns(GOOD), free=Turns(GOOD), mute=Turns(Reply("hi", "m")))
    await desk.ask()
    assert desk.models.spending().total.usd_known
    await desk.ask(model="free")
    spending = desk.models.spending()
    assert not spending.total.usd_known and spending.total.unknown_calls == 1
    assert spending.by_model["m"].nano_usd == spending.total.nano_usd == 20_000
    assert (spending.total.calls, spending.total.input_tokens, spending.total.output_tokens) == (2, 20, 10)
    assert spending.settled_per_s > 0
    assert desk.calls()[1].nano_usd is None
    assert spending.total.uncounted == 0
    await desk.ask(model="mute")
    total = desk.models.spending().total
    assert (total.uncounted, total.output_tokens) == (1, 10)


def test_a_usd_budget_needs_prices_and_a_token_budget_needs_lengths() -> None:
    unpriced = [block("a", pricing=None), block("b", max_output_tokens=None)]
    with pytest.raises(SpecError) as usd:
        Desk(*unpriced, budget=Budget(usd=1), a=Turns(GOOD), b=Turns(GOOD))
    assert [problem.path for problem in usd.value.problems] == ["models[0].pricing", "models[1].max_output_tokens"]
    with pytest.raises(SpecError) as tokens:
        Desk(*unpriced, budget=Budget(tokens=1), a=Turns(GOOD), b=Turns(GOOD))
    assert [problem.path for problem in tokens.value.problems] == ["models[1].max_output_tokens"]
    Desk(*unpriced, budget=Budget(calls=1), a=Turns(GOOD), b=Turns(GOOD))
