"""Caps hold: under any order of reserving and settling, after any kill, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import BudgetReached, RunHeld, StoreFull
from loopwright.llm.book import MemoryBook
from loopwright.llm.budget import Cost, Purse
from loopwright.spec.blocks import Budget, ModelBlock
from loopwright.spec.paths import parse

NOTHING = Cost(0, 0, 0)


def block(id: str = "m", budget: Budget | None = None) -> ModelBlock:
    return ModelBlock(id=id, provider="openai", max_output_tokens=10, budget=budget)


def tokens(amount: int) -> Cost:
    return Cost(1, amount, 0)


class SlowBook(MemoryBook):
    """A disk that takes a few turns of the loop for a grant, and counts what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.grants: list[Mapping[str, int]] = []

    async def grant(self, credits: Mapping[str, int]) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.grants.append(dict(credits))
        await super().grant(credits)


async def test_credit_is_asked_for_ahead_in_small_blocks_and_never_beyond_the_cap() -> None:
    book = SlowBook()
    purse = Purse(Budget(calls=1_000), [block()], book)
    await purse.open()
    accounts, waited = purse.accounts("m"), 0
    for _ in range(1_000):
        if not purse.reserve(accounts, Cost(1, 0, 0)):
            waited += 1
            await purse.wait(accounts, Cost(1, 0, 0), 0, "")
        await asyncio.sleep(0)
        purse.settle(accounts, Cost(1, 0, 0), Cost(1, 0, 0))
    amounts = [grant["run:calls"] for grant in book.grants]
    assert waited == 0
    assert amounts[-1] == 1_000
    assert max(after - before for before, after in zip([0, *amounts], amounts, strict=False)) <= 50


async def test_a_killed_life_loses_at_most_its_open_block_and_a_clean_one_nothing() -> None:
    book = MemoryBook()
    killed = Purse(Budget(calls=1_000), [block()], book)
    await killed.open()
    assert killed.reserve(killed.accounts("m"), Cost(1, 0, 0))
    assert 1 <= book.credits()["run:calls"] <= 50

    clean = Purse(Budget(calls=1_000), [block()], book)
    counted = clean.caps()["run:calls"][1]
    await clean.open()
    assert clean.reserve(clean.accounts("m"), Cost(1, 0, 0))
    clean.settle(clean.accounts("m"), Cost(1, 0, 0), Cost(1, 0, 0))
    await clean.close()
    assert book.credits()["run:calls"] == counted + 1


async def test_who_waits_is_served_by_trial_once_others_have_given_back() -> None:
    purse = Purse(Budget(tokens=100), [block()], MemoryBook())
    accounts = purse.accounts("m")
    await purse.wait(accounts, tokens(100), 0, "")
    order: list[int] = []

    async def ask(trial: int) -> None:
        await purse.wait(accounts, tokens(40), trial, "")
        order.append(trial)

    waiting = [asyncio.create_task(ask(trial)) for trial in (8, 3, 5)]
    await asyncio.sleep(0)
    assert not purse.reserve(accounts, tokens(1)), "nobody slips in before those who wait"
    purse.settle(accounts, tokens(100), tokens(10))
    await asyncio.sleep(0)
    assert order == [3, 5]
    purse.settle(accounts, tokens(40), tokens(5))
    await asyncio.gather(*waiting)
    assert order == [3, 5, 8]


async def test_when_nothing_is_in_flight_all_who_wait_are_turned_away() -> None:
    purse = Purse(Budget(tokens=100), [block()], MemoryBook())
    accounts = purse.accounts("m")
    await purse.wait(accounts, tokens(60), 0, "")
    waiting = [asyncio.create_task(purse.wait(accounts, tokens(amount), trial, "")) for trial, amount in ((1, 50), (2, 1))]
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    purse.settle(accounts, tokens(60), tokens(60))
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, BudgetReached) for each in ended)
    assert "of 100 tokens, 60 tokens are spent and 0 tokens reserved" in str(ended[0])


async def test_a_models_own_cap_does_not_hold_up_the_others() -> None:
    purse = Purse(Budget(calls=1_000), [block("a", Budget(calls=1)), block("b")], MemoryBook())
    await purse.wait(purse.accounts("a"), Cost(1, 0, 0), 0, "")
    blocked = asyncio.create_task(purse.wait(purse.accounts("a"), Cost(1, 0, 0), 1, ""))
    await asyncio.sleep(0)
    await purse.wait(purse.accounts("b"), Cost(1, 0, 0), 2, "")
    assert not blocked.done()
    purse.settle(purse.accounts("a"), Cost(1, 0, 0), Cost(1, 0, 0))
    with pytest.raises(BudgetReached, match=r"models\.a\.budget\.calls"):
        await blocked


async def test_a_cap_of_nothing_lets_nothing_through() -> None:
    purse = Purse(Budget(usd=0), [block()], MemoryBook())
    await purse.open()
    with pytest.raises(BudgetReached, match=r"budget\.usd is reached: of 0.000000 USD"):
        await purse.wait(purse.accounts("m"), Cost(1, 10, 1), 0, "")
    await purse.close()


async def test_a_full_disk_reaches_those_who_wait_for_credit() -> None:
    class Full(MemoryBook):
        async def grant(self, credits: Mapping[str, int]) -> None:
            raise StoreFull("no space left")

    purse = Purse(Budget(calls=10), [block()], Full())
    for _ in range(2):
        with pytest.raises(StoreFull):
            await purse.wait(purse.accounts("m"), Cost(1, 0, 0), 0, "")


async def test_who_is_turned_away_and_cancelled_in_one_turn_gives_nothing_back() -> None:
    purse = Purse(Budget(tokens=100), [block()], MemoryBook())
    accounts = purse.accounts("m")
    await purse.wait(accounts, tokens(60), 0, "")
    waiting = asyncio.create_task(purse.wait(accounts, tokens(50), 1, ""))
    await asyncio.sleep(0)
    purse.settle(accounts, tokens(60), tokens(60))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert purse.caps()["run:tokens"] == (100, 60, 0)


@pytest.mark.parametrize("fault", [RunHeld("the disk is busy"), sqlite3.IntegrityError("a constraint")])
async def test_whatever_the_book_raises_reaches_those_who_wait(fault: Exception) -> None:
    class Broken(MemoryBook):
        async def grant(self, credits: Mapping[str, int]) -> None:
            await asyncio.sleep(0)
            raise fault

    purse = Purse(Budget(calls=10), [block()], Broken())
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(type(fault), match=str(fault)):
                await purse.wait(purse.accounts("m"), Cost(1, 0, 0), 0, "")


@pytest.mark.parametrize(
    ("id", "key"),
    [("a", "models.a.budget.calls"), ("gpt-4.1", 'models["gpt-4.1"].budget.calls')],
)
async def test_the_cap_that_is_reached_is_named_so_that_it_can_be_set(id: str, key: str) -> None:
    purse = Purse(Budget(), [block(id, Budget(calls=0))], MemoryBook())
    with pytest.raises(BudgetReached) as reached:
        await purse.wait(purse.accounts(id), Cost(1, 0, 0), 0, "")
    assert reached.value.cap == key
    assert str(reached.value).startswith(f"{key} is reached")
    parse(key)


class Step(NamedTuple):
    kind: str
    amount: int
    turns: int


STEPS = st.lists(
    st.builds(Step, st.sampled_from(["reserve", "settle", "cancel", "kill", "close"]), st.integers(1, 60), st.integers(0, 4)),
    max_size=60,
)


@given(STEPS, st.integers(0, 300))
def test_no_order_of_events_and_no_kill_passes_the_cap(steps: list[Step], cap: int) -> None:
    asyncio.run(Lives(cap).play(steps))


class Lives:
    """Several lives of one run. A kill loses all that the book was not told; what was in flight may all have been billed."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.book = SlowBook()
        self.billed = 0
        self.begin()

    def begin(self) -> None:
        self.purse = Purse(Budget(tokens=self.cap), [block()], self.book)
        self.accounts = self.purse.accounts("m")
        self.in_flight: list[int] = []
        self.waiting: list[asyncio.Task[None]] = []
        self.trial = 0

    async def play(self, steps: list[Step]) -> None:
        for step in steps:
            await getattr(self, step.kind)(step.amount)
            for _ in range(step.turns):
                await asyncio.sleep(0)
            assert self.billed + sum(self.in_flight) <= self.book.credits().get("run:tokens", 0) <= self.cap
        await self.close(1)
        assert self.billed <= self.cap

    async def reserve(self, amount: int) -> None:
        self.trial += 1
        self.waiting.append(asyncio.create_task(self._wait(amount, self.trial)))

    async def _wait(self, amount: int, trial: int) -> None:
        if not self.purse.reserve(self.accounts, tokens(amount)):
            try:
                await self.purse.wait(self.accounts, tokens(amount), trial, "")
            except BudgetReached:
                return
        self.in_flight.append(amount)

    async def settle(self, amount: int) -> None:
        if self.in_flight:
            reserved = self.in_flight.pop(amount % len(self.in_flight))
            spent = min(amount, reserved)
            self.billed += spent
            self.purse.settle(self.accounts, tokens(reserved), tokens(spent))

    async def cancel(self, amount: int) -> None:
        if self.waiting:
            self.waiting.pop(amount % len(self.waiting)).cancel()

    async def kill(self, _: int) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
        self.billed += sum(self.in_flight)
        self.begin()

    async def close(self, amount: int) -> None:
        """Everyone who waits gets an answer once those in flight have settled: nobody waits for ever."""
        async with asyncio.timeout(10):
            while not all(task.done() for task in self.waiting):
                await self.settle(amount)
                await asyncio.sleep(0)
        while self.in_flight:
            await self.settle(amount)
        await self.purse.close()
        self.begin()
