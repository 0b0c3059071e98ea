"""Charges what each attempt came to, and counts it for its model; what failed goes into the ledger at once."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from loopwright.errors import CallError, LoopwrightError, RunStopped
from loopwright.llm.book import Book
from loopwright.llm.budget import NOTHING, Cost, Purse
from loopwright.llm.messages import Reply, Request
from loopwright.llm.prices import Price
from loopwright.llm.spending import Spent
from loopwright.records import Call, CallStatus, Fields

Bill = tuple[int | None, int | None, int | None]
"""Tokens in, tokens out, nano-USD."""


class Sent(NamedTuple):
    """What goes out in one attempt, with the most it can come to."""

    request: Request
    prompt: int
    reserved: Cost
    estimate: float


class Till:
    """One model's part of the books."""

    def __init__(self, model: str, price: Price | None, book: Book, purse: Purse) -> None:
        self.tally = Spent()
        self._model = model
        self._price = price
        self._book = book
        self._purse = purse
        self._accounts = purse.accounts(model)

    def most(self, prompt: int, output: int) -> Cost:
        """The most that so many bytes in and tokens out can cost: a byte is at least one token's worth."""
        return Cost(1, prompt + output, 0 if self._price is None else self._price.most(prompt, output))

    async def cover(self, sent: Sent, trial: int) -> None:
        """Waits until the budget covers it."""
        why = f"{sent.prompt:,} bytes of prompt, {sent.request.max_output_tokens or 0:,} output tokens at most"
        await self._purse.wait(self._accounts, sent.reserved, trial, why)

    def covers(self, sent: Sent) -> bool:
        return self._purse.reserve(self._accounts, sent.reserved)

    def unsent(self, sent: Sent) -> None:
        """What was covered and did not go out costs nothing."""
        self._charge(sent, NOTHING)

    def answered(self, entry: Call, sent: Sent, reply: Reply, error: CallError | None) -> Call:
        """The call as it ended, for the ledger, which takes it together with the reply."""
        usage = reply.usage
        if usage is None:
            return self._assumed(entry, sent, error, reply.latency_s)
        self._charge(sent, Cost(1, usage.input + usage.output, reply.nano_usd or 0))
        tally = self.tally
        tally.calls += 1
        tally.input_tokens += usage.input
        tally.output_tokens += usage.output
        if reply.nano_usd is None:
            tally.unknown_calls += 1
        else:
            tally.nano_usd += reply.nano_usd
        return Call(
            entry.id,
            entry.trial,
            entry.step,
            entry.model,
            entry.attempt,
            "settled",
            entry.purpose,
            usage.input,
            usage.output,
            usage.cached,
            usage.reasoning,
            reply.nano_usd,
            reply.latency_s,
            None if error is None else words(error),
            entry.started,
        )

    def failed(self, entry: Call, sent: Sent, error: BaseException, latency_s: float) -> None:
        """An error that the server answered with costs nothing; what broke off may have been billed in full."""
        if billable(error):
            self._book.enter(self._assumed(entry, sent, error, latency_s))
            return
        self._charge(sent, Cost(1, 0, 0))
        self.tally.calls += 1
        self.tally.failed += 1
        self._book.enter(_closed(entry, "failed", (0, 0, 0), latency_s, error))

    def _assumed(self, entry: Call, sent: Sent, error: BaseException | None, latency_s: float) -> Call:
        bill = (entry.input_tokens, entry.output_tokens, entry.nano_usd)
        self._charge(sent, sent.reserved)
        tally = self.tally
        tally.calls += 1
        tally.assumed += 1
        tally.input_tokens += entry.input_tokens or 0
        tally.output_tokens += entry.output_tokens or 0
        tally.uncounted += entry.output_tokens is None
        tally.unknown_calls += entry.nano_usd is None
        tally.nano_usd += entry.nano_usd or 0
        return _closed(entry, "assumed", bill, latency_s, error)

    def _charge(self, sent: Sent, spent: Cost) -> None:
        reserved = sent.reserved
        self._purse.settle(self._accounts, reserved, spent)
        for account in self._accounts:
            if spent[account.unit] > reserved[account.unit]:
                self._overbilled(reserved, spent)
                return

    def _overbilled(self, reserved: Cost, spent: Cost) -> None:
        """Says so the first time, and each time their number has doubled."""
        self.tally.overbilled += 1
        times = self.tally.overbilled
        if times & (times - 1) == 0:
            sums: Fields = {"reserved": reserved._asdict(), "billed": spent._asdict()}
            self._book.event("overbilled", {"model": self._model, "times": times, **sums})


def billable(error: BaseException) -> bool:
    """Whether the provider may have billed a request that ended so: all but an error that it answered with."""
    return getattr(error, "charged", False) or not isinstance(error, (CallError, RunStopped))


def words(error: BaseException) -> str:
    """An error in the ledger: ours in full, any other by its name alone, for nobody vouches for its text."""
    name = type(error).__name__
    return f"{name}: {error}"[:300] if isinstance(error, LoopwrightError) else name


def _closed(entry: Call, status: CallStatus, bill: Bill, latency_s: float, error: BaseException | None) -> Call:
    tokens_in, tokens_out, nano_usd = bill
    return replace(
        entry,
        status=status,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        nano_usd=nano_usd,
        latency_s=latency_s,
        error=None if error is None else words(error),
    )
