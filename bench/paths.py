"""CPU per request of the whole calling path beside other clients, paired: one process, one event loop, one server.

Ours pays for all it promises: limits, retries, the budget, the ledger and the reply store, every call a miss. The plain
client is aiohttp with its defaults and `json`. With `--peers`, which `make bench-peers` gives, the openai SDK and litellm
take part.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from loopwright.llm.messages import Request, chat
from loopwright.llm.models import Models
from loopwright.loop.book import RunBook
from loopwright.runs.live import opened
from loopwright.spec.blocks import Budget, Limits, ModelBlock, Pricing
from loopwright.store.writer import RunStore

Ask = Callable[[int], Awaitable[object]]
PROMPT = "Write one sentence about a river that flows uphill. " * 16
BUDGET = Budget(usd=1e6, tokens=10**12, calls=10**9)


def limits(in_flight: int) -> Limits:
    return Limits(rpm=1e9, tpm=1e12, concurrency=in_flight, timeout_s=60.0, retries=4)


@contextlib.asynccontextmanager
async def ours(url: str, in_flight: int) -> AsyncIterator[Ask]:
    block = ModelBlock(
        id="m",
        provider="openai",
        base_url=url,
        max_output_tokens=256,
        limits=limits(in_flight),
        pricing=Pricing(input_per_1k=0.001, output_per_1k=0.002),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            RunStore.open(folder / "run.sqlite") as store,
            opened((block,), folder) as built,
            Models((block,), BUDGET, RunBook(store), built) as models,
        ):

            async def ask(number: int) -> object:
                await store.room()
                return await models.at(number).ask("m", Request(chat(f"{number} {PROMPT}")))

            yield ask


@contextlib.asynccontextmanager
async def plain(url: str, in_flight: int) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def ask(number: int) -> object:
            body = {"model": "m", "messages": [{"role": "user", "content": f"{number} {PROMPT}"}], "max_tokens": 256}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                answer = json.loads(await response.text())
            return answer["choices"][0]["message"]["content"], answer["usage"]["prompt_tokens"]

        yield ask


@contextlib.asynccontextmanager
async def openai_sdk(url: str, in_flight: int) -> AsyncIterator[Ask]:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=4) as client:

        async def ask(number: int) -> object:
            messages: Any = [{"role": "user", "content": f"{number} {PROMPT}"}]
            return await client.chat.completions.create(model="m", messages=messages, max_tokens=256)

        yield ask


@contextlib.asynccontextmanager
async def litellm_call(url: str, in_flight: int) -> AsyncIterator[Ask]:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")
    import litellm

    async def ask(number: int) -> object:
        messages = [{"role": "user", "content": f"{number} {PROMPT}"}]
        return await litellm.acompletion(
            model="openai/m", api_base=url, api_key="none", messages=messages, max_tokens=256, num_retries=0
        )

    yield ask


async def drive(ask: Ask, first: int, count: int, in_flight: int) -> float:
    """CPU microseconds per request of this process, its threads included."""
    numbers = iter(range(first, first + count))

    async def worker() -> None:
        for number in numbers:
            await ask(number)

    started = time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - started) / count * 1e6


@contextlib.contextmanager
def server() -> Any:
    """The practice server in a process of its own, which ends when this one does."""
    command = [sys.executable, "-m", "loopwright.llm.practice", "--port", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def compare(url: str, in_flight: int, peers: bool, rounds: int) -> None:
    """Rounds in turn, so that a drift of the machine meets every client alike; the median of the rounds' ratios is printed."""
    clients: dict[str, Any] = {"loopwright": ours, "plain aiohttp + json": plain}
    counts = {"loopwright": 2000, "plain aiohttp + json": 2000, "openai SDK": 300, "litellm": 150}
    if peers:
        clients |= {"openai SDK": openai_sdk, "litellm": litellm_call}
    figures: dict[str, list[float]] = {name: [] for name in clients}
    async with contextlib.AsyncExitStack() as stack:
        asks = {name: await stack.enter_async_context(client(url, in_flight)) for name, client in clients.items()}
        for name, ask in asks.items():
            await drive(ask, 0, max(in_flight, counts[name] // 4), in_flight)
        for turn in range(1, rounds + 1):
            for name, ask in asks.items():
                figures[name].append(await drive(ask, turn * 1_000_000, max(in_flight, counts[name]), in_flight))
    print(f"\n{in_flight} in flight, {rounds} rounds in turn: CPU per request (median) and loopwright's speed against it")
    for name, spent in figures.items():
        ratios = [other / own for own, other in zip(figures["loopwright"], spent, strict=True)]
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        print(f"  {name:22} {statistics.median(spent):8.0f} us   {statistics.median(ratios):6.2f}x  ({spread})")


async def memory(url: str, calls: int) -> None:
    """How much the process grows from the 5,000th call to the last."""
    async with ours(url, 64) as ask:
        await drive(ask, 0, 5000, 64)
        before = rss()
        await drive(ask, 5000, calls - 5000, 64)
        print(f"\nmemory over {calls:,} calls: {before:.0f} MB after 5,000, {rss() - before:+.0f} MB at the end")


def rss() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="also the openai SDK and litellm")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=100_000, help="calls of the memory measurement; 0 leaves it out")
    options = parser.parse_args()
    with server() as url:
        for in_flight in (64, 256):
            asyncio.run(compare(url, in_flight, options.peers, options.rounds))
        if options.calls:
            asyncio.run(memory(url, options.calls))


if __name__ == "__main__":
    main()
