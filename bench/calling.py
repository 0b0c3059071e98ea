"""Microseconds that the calling path adds to a request: an instant provider, a book in memory, caps and rate limits set.

    python bench/calling.py [REQUESTS]

Times are CPU seconds of this process; the bare provider call is measured in the same run, turn and turn about.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median

from loopwright.llm.book import Kept, MemoryBook, ReplyKey
from loopwright.llm.messages import Reply, Request, Usage, chat
from loopwright.llm.models import Models
from loopwright.llm.outcome import dump
from loopwright.records import Call
from loopwright.spec.blocks import Budget, Limits, ModelBlock, Pricing

PROMPT = "Explain in one paragraph why the sky is blue. " * 18
REPLY = Reply("Because shorter wavelengths scatter more. " * 5, "instant-1", usage=Usage(210, 60))
ROUNDS = 5


class Instant:
    """Answers at once."""

    async def complete(self, request: Request) -> Reply:
        return REPLY


class Serialising(MemoryBook):
    """Serialises outcomes as a store would, and forgets what it is told."""

    def keep(self, key: ReplyKey, kept: Kept, ended: Call | None = None) -> None:
        dump(kept.outcome)

    def enter(self, call: object) -> None:
        pass


def block() -> ModelBlock:
    return ModelBlock(
        id="m",
        provider="openai",
        temperature=0.7,
        max_output_tokens=256,
        limits=Limits(rpm=1e9, tpm=1e13, concurrency=256),
        pricing=Pricing(input_per_1k=0.00015, output_per_1k=0.0006),
    )


async def cpu(count: int, ask: Callable[[int], Awaitable[object]]) -> float:
    began = time.process_time()
    for number in range(count):
        await ask(number)
    return (time.process_time() - began) / count * 1e6


async def compare(count: int) -> tuple[float, float]:
    provider, budget = Instant(), Budget(usd=1e6, tokens=10**13, calls=10**9)
    requests = [Request(chat(f"{number}: {PROMPT}")) for number in range(count)]
    async with Models([block()], budget, Serialising(), {"m": provider}) as models:
        whole = await cpu(count, lambda number: models.at(number).ask("m", requests[number]))
    return whole, await cpu(count, lambda number: provider.complete(requests[number]))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    pairs = [asyncio.run(compare(count)) for _ in range(ROUNDS)]
    whole, bare = (median(column) for column in zip(*pairs, strict=True))
    print(f"one ask: {whole:.1f} us, of which the provider {bare:.1f} us; the calling path adds {whole - bare:.1f} us")


if __name__ == "__main__":
    main()
