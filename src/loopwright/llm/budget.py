"""Keeps a run within its caps. The most a call can cost is reserved before it, what it did cost is settled after.

Reservations are covered by credit that the book has made durable, so that a killed run knows an upper bound of what it had
spent. Credit is granted ahead of need, at most a twentieth of the cap at a time, and never beyond the cap.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Mapping, Sequence
from copy import copy
from itertools import count
from typing import NamedTuple

from loopwright.errors import BudgetReached, LoopwrightError
from loopwright.llm.book import Book
from loopwright.llm.prices import NANO, nano_usd
from loopwright.spec.blocks import Budget, ModelBlock
from loopwright.spec.paths import show

BLOCKS = 40
"""Two blocks, the one in use and the one asked for ahead, are a twentieth of the cap."""


class Cost(NamedTuple):
    """What a call may cost, or did, in the three units of a budget."""

    calls: int
    tokens: int
    nano_usd: int


NOTHING = Cost(0, 0, 0)
UNITS = Cost._fields
USD = UNITS.index("nano_usd")


class Account:
    """One cap. `used` is spent or reserved, by this life and all before it; `held` is the part reserved for calls in flight."""

    __slots__ = ("block", "cap", "granted", "held", "name", "unit", "used")

    def __init__(self, name: str, unit: int, cap: int, granted: int) -> None:
        self.name = name
        self.unit = unit
        self.cap = cap
        self.block = max(1, cap // BLOCKS)
        self.granted = granted
        self.used = granted
        self.held = 0

    def covers(self, cost: Cost) -> bool:
        return self.used + cost[self.unit] <= self.granted

    def lacks_cap(self, cost: Cost) -> bool:
        return self.used + cost[self.unit] > self.cap

    def target(self, wanted: int) -> int:
        """What to raise the grant to for so much more: by whole blocks, never beyond the cap."""
        blocks = -(-(self.used + wanted - self.granted) // self.block)
        return min(self.cap, self.granted + max(blocks, 0) * self.block)

    def runs_low(self) -> bool:
        """Less than one block is left."""
        return self.granted - self.used < self.block and self.granted < self.cap


Accounts = tuple[Account, ...]


class Waiting(NamedTuple):
    trial: int
    order: int
    accounts: Accounts
    cost: Cost
    why: str
    covered: asyncio.Future[None]


class Purse:
    """The accounts of one run and who waits for them. A model's calls are charged to its own accounts and to the run's."""

    def __init__(self, budget: Budget, blocks: Sequence[ModelBlock], book: Book) -> None:
        self._book = book
        self._credits = book.credits()
        run = self._open("run", budget)
        self._accounts: dict[str, Accounts] = {
            block.id: run + (() if block.budget is None else self._open(f"model/{block.id}", block.budget)) for block in blocks
        }
        self._all = {account.name: account for accounts in self._accounts.values() for account in accounts}
        self._waiting: list[Waiting] = []
        self._order = count()
        self._granting: asyncio.Task[None] | None = None
        self._broken: Exception | None = None

    async def open(self) -> None:
        """Takes the first credit, so that the first call need not wait for it."""
        await self._grant()
        if self._broken is not None:
            raise self._broken

    def accounts(self, model: str) -> Accounts:
        return self._accounts[model]

    def caps(self) -> Mapping[str, tuple[int, int, int]]:
        """By account: the cap, what is spent of it, what is reserved."""
        return {name: (each.cap, each.used - each.held, each.held) for name, each in self._all.items()}

    def reserve(self, accounts: Accounts, cost: Cost) -> bool:
        """Takes the reservation at once where credit covers it and nobody waits."""
        if self._waiting:
            return False
        for account in accounts:
            if account.used + cost[account.unit] > account.granted:
                return False
        self._take(accounts, cost)
        return True

    async def wait(self, accounts: Accounts, cost: Cost, trial: int, why: str) -> None:
        """Waits for credit, or for the calls in flight to give some back; the lowest trial comes first.

        `why` says how the cost comes about, for the error that ends the wait when nothing can cover it.
        """
        if self._broken is not None:
            raise self._broken
        waiting = Waiting(trial, next(self._order), accounts, cost, why, asyncio.get_running_loop().create_future())
        for account in accounts:
            if cost[account.unit] > account.cap:
                raise exceeded(account, waiting)
        insort(self._waiting, waiting, key=lambda each: each[:2])
        self._advance()
        try:
            await waiting.covered
        except asyncio.CancelledError:
            covered = waiting.covered
            if covered.done() and not covered.cancelled() and covered.exception() is None:
                self.settle(accounts, cost, NOTHING)
            elif waiting in self._waiting:
                self._waiting.remove(waiting)
                self._advance()
            raise

    def settle(self, accounts: Accounts, reserved: Cost, spent: Cost) -> None:
        """Gives back what was reserved and charges what was spent."""
        for account in accounts:
            unit = account.unit
            account.held -= reserved[unit]
            account.used += spent[unit] - reserved[unit]
        if self._waiting:
            self._advance()

    def stop(self, cause: Exception) -> None:
        """Turns away all who wait."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.covered.done():
                each.covered.set_exception(copy(cause) if isinstance(cause, LoopwrightError) else cause)

    async def close(self) -> None:
        """Lowers the grants to what was spent, so that a clean end loses nothing of a block."""
        if self._granting is not None:
            await self._granting
        if self._all:
            await self._book.grant({name: account.used for name, account in self._all.items()})
            for account in self._all.values():
                account.granted = account.used

    def _open(self, owner: str, budget: Budget) -> Accounts:
        caps = (budget.calls, budget.tokens, None if budget.usd is None else nano_usd(budget.usd))
        return tuple(
            Account(name := f"{owner}:{UNITS[unit]}", unit, cap, self._credits.get(name, 0))
            for unit, cap in enumerate(caps)
            if cap is not None
        )

    def _take(self, accounts: Accounts, cost: Cost) -> None:
        low = False
        for account in accounts:
            amount = cost[account.unit]
            account.used += amount
            account.held += amount
            low = low or account.granted - account.used < account.block
        if low and self._granting is None and any(account.runs_low() for account in accounts):
            self._granting = asyncio.get_running_loop().create_task(self._grant())

    def _advance(self) -> None:
        """Serves those who wait, in order. Nobody overtakes a lower trial that waits for the same account."""
        short: set[Account] = set()
        spent: set[Account] = set()
        left: list[Waiting] = []
        for each in self._waiting:
            if each.covered.done():
                continue
            lacking = [account for account in each.accounts if not account.covers(each.cost)]
            spent.update(account for account in lacking if account.held == 0 and account.lacks_cap(each.cost))
            out = next((account for account in each.accounts if account in spent), None)
            if out is not None:
                each.covered.set_exception(exceeded(out, each))
            elif lacking or not short.isdisjoint(each.accounts):
                short.update(lacking)
                left.append(each)
            else:
                self._take(each.accounts, each.cost)
                each.covered.set_result(None)
        self._waiting = left
        if left:
            self._ask()

    def _ask(self) -> None:
        if self._granting is None and self._needs():
            self._granting = asyncio.get_running_loop().create_task(self._grant())

    def _needs(self) -> dict[str, int]:
        """The grants that those in line and those to come are waiting for."""
        wanted = {account: account.block for account in self._all.values() if account.runs_low()}
        for each in self._waiting:
            for account in each.accounts:
                wanted[account] = wanted.get(account, 0) + each.cost[account.unit]
        targets = {account: account.target(amount) for account, amount in wanted.items()}
        return {account.name: target for account, target in targets.items() if target > account.granted}

    async def _grant(self) -> None:
        try:
            while needs := self._needs():
                await self._book.grant(needs)
                for name, amount in needs.items():
                    self._all[name].granted = amount
                self._advance()
        except Exception as error:
            self._broken = error
            self.stop(error)
        finally:
            self._granting = None


def exceeded(account: Account, asked: Waiting) -> BudgetReached:
    """The error that shows the sum."""
    owner, _, _ = account.name.partition(":")
    where = () if owner == "run" else ("models", owner.removeprefix("model/"))
    key = show((*where, "budget", "usd" if account.unit == USD else UNITS[account.unit]))
    call = asked.cost[account.unit]
    amounts = [_amount(account.unit, amount) for amount in (account.cap, account.used - account.held, account.held, call)]
    return BudgetReached(
        f"{key} is reached: of {amounts[0]}, {amounts[1]} are spent and {amounts[2]} reserved for calls in flight, "
        f"and the next call may take {amounts[3]} ({asked.why}); raise {key} and resume",
        key,
        call,
    )


def _amount(unit: int, amount: int) -> str:
    if unit == USD:
        return f"{amount / NANO:.6f} USD"
    return f"{amount:,} {UNITS[unit].removesuffix('s') if amount == 1 else UNITS[unit]}"
