"""Models with everything at hand that tests of calls look at: a clock, a book, and providers that answer as they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from loopwright.llm.book import MemoryBook
from loopwright.llm.clock import ManualClock
from loopwright.llm.messages import Reply, Request, Usage, chat
from loopwright.llm.models import Models, Timing
from loopwright.llm.provider import Provider
from loopwright.records import Call, Fields
from loopwright.spec.blocks import Budget, Limits, ModelBlock, Pricing

Turn: TypeAlias = Reply | BaseException | Callable[[Request], Awaitable[Reply]]

HELLO = Request(chat("hello"))
GOOD = Reply("hi", "served", usage=Usage(10, 5))
PRICED = Pricing(input_per_1k=0.001, output_per_1k=0.002)
YES: Fields = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}


class Turns:
    """Answers with what is listed, in turn; the last stands for all that follow."""

    def __init__(self, *turns: Turn) -> None:
        self.turns = turns
        self.seen: list[Request] = []

    async def complete(self, request: Request) -> Reply:
        turn = self.turns[min(len(self.seen), len(self.turns) - 1)]
        self.seen.append(request)
        if isinstance(turn, Reply):
            return turn
        if isinstance(turn, BaseException):
            raise turn
        return await turn(request)


class Desk:
    """Models with everything at hand that a test looks at."""

    def __init__(
        self, *blocks: ModelBlock, budget: Budget | None = None, book: MemoryBook | None = None, **turns: Provider
    ) -> None:
        self.clock = ManualClock()
        self.book = book or MemoryBook()
        timing = Timing(self.clock, lambda: 1.0)
        self.models = Models(blocks or (block("m"),), budget or Budget(), self.book, turns, timing=timing)

    async def ask(self, request: Request = HELLO, model: str = "m", trial: int = 0) -> Reply:
        return await self.models.at(trial).ask(model, request)

    def calls(self) -> list[Call]:
        return list(self.book.calls.values())

    def statuses(self) -> list[str]:
        return [call.status for call in self.calls()]

    def events(self) -> list[str]:
        return [kind for kind, _ in self.book.events]


def block(id: str = "m", *, limits: Limits | None = None, **fields: object) -> ModelBlock:
    known = {"provider": "openai", "max_output_tokens": 100, "pricing": PRICED, "limits": limits or Limits(retries=2)}
    return ModelBlock.model_validate({"id": id, **known, **fields})
