"""CPU per request of the HTTP part of the calling path, against plain aiohttp and json on the same loop.

The server is the practice server in another process; the two clients take turns, and the ratio of their medians is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from loopwright.llm.http import Http
from loopwright.llm.messages import Request, chat
from loopwright.llm.providers import Context, build
from loopwright.spec.blocks import ModelBlock

PROMPT = "Say something about the weather in the mountains. " * 16


async def in_flight(ask: Callable[[int], Awaitable[object]], requests: int, width: int) -> float:
    """CPU seconds per 1,000 requests, `width` at a time."""
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            await ask(number)

    begun = time.process_time()
    await asyncio.gather(*(worker() for _ in range(width)))
    return (time.process_time() - begun) / requests * 1000


async def compare(url: str, requests: int, rounds: int, width: int) -> tuple[float, float]:
    http = Http()
    provider = build(ModelBlock(id="bench", provider="openai", base_url=url), Context(http))
    connector = aiohttp.TCPConnector(limit=width)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def plain(number: int) -> Any:
            asked = {"model": "bench", "messages": [{"role": "user", "content": f"{number} {PROMPT}"}], "max_tokens": 64}
            async with session.post(f"{url}/chat/completions", json=asked) as response:
                answer = await response.json()
            return answer["choices"][0]["message"]["content"], answer["usage"]

        async def ours(number: int) -> Any:
            return await provider.complete(Request(chat(f"{number} {PROMPT}"), max_output_tokens=64))

        times: dict[str, list[float]] = {"plain": [], "ours": []}
        for _ in range(rounds):
            times["plain"].append(await in_flight(plain, requests, width))
            times["ours"].append(await in_flight(ours, requests, width))
    await http.close()
    return statistics.median(times["plain"]), statistics.median(times["ours"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--delay", type=float, default=0.0)
    given, _ = parser.parse_known_args()
    command = [sys.executable, "-m", "loopwright.llm.practice", "--seconds", "600", "--delay", str(given.delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        for width in (64, 256):
            plain, ours = asyncio.run(compare(url, given.requests, given.rounds, width))
            print(f"{width:4} in flight: plain aiohttp {plain:.3f}, ours {ours:.3f} CPU s per 1,000; ratio {ours / plain:.2f}")
        server.terminate()


if __name__ == "__main__":
    main()
