"""Code in other threads asks through the run's one loop, and is let go when the run stops."""

from __future__ import annotations

import asyncio
import threading

import pytest

from loopwright.errors import Interrupted, Rejected, UsageError
from loopwright.llm.book import MemoryBook
from loopwright.llm.messages import Reply, Request, Usage, chat
from loopwright.llm.models import Models
from loopwright.llm.threads import Sync
from loopwright.spec.blocks import Budget, Limits, ModelBlock


class Echo:
    """Says what it was told; refuses "no"; never answers "wait"."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self.asked = threading.Event()

    async def complete(self, request: Request) -> Reply:
        text = request.messages[-1].content
        self.asked.set()
        if text == "no":
            raise Rejected("no")
        if text == "wait":
            await asyncio.Event().wait()
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        return Reply(text, "echo", usage=Usage(1, 1))


def models(echo: Echo, book: MemoryBook) -> Models:
    block = ModelBlock(id="m", provider="scripted", limits=Limits(concurrency=2))
    return Models([block], Budget(calls=100), book, {"m": echo})


async def test_threads_share_one_budget_one_limit_and_one_ledger() -> None:
    echo, book = Echo(), MemoryBook()
    async with models(echo, book) as shared:
        loop = asyncio.get_running_loop()
        asking = [
            asyncio.to_thread(Sync(shared.at(number), loop).ask, "m", Request(chat(f"thread {number}"))) for number in range(12)
        ]
        replies = await asyncio.gather(*asking)
    assert [reply.text for reply in replies] == [f"thread {number}" for number in range(12)]
    assert echo.most <= 2
    assert len(book.calls) == 12


async def test_errors_reach_the_thread() -> None:
    async with models(Echo(), MemoryBook()) as shared:
        sync = Sync(shared.at(0), asyncio.get_running_loop())
        with pytest.raises(Rejected):
            await asyncio.to_thread(sync.ask, "m", Request(chat("no")))


async def test_asking_from_the_loop_itself_is_refused_instead_of_hanging() -> None:
    async with models(Echo(), MemoryBook()) as shared:
        with pytest.raises(UsageError, match="await the asker itself"):
            Sync(shared.at(0), asyncio.get_running_loop()).ask("m", Request(chat("hi")))


async def test_stopping_lets_waiting_threads_go() -> None:
    echo, book = Echo(), MemoryBook()
    async with models(echo, book) as shared:
        sync = Sync(shared.at(0), asyncio.get_running_loop())
        waiting = asyncio.create_task(asyncio.to_thread(sync.ask, "m", Request(chat("wait"))))
        await asyncio.to_thread(echo.asked.wait)
        sync.stop()
        with pytest.raises(Interrupted):
            await waiting
        with pytest.raises(Interrupted):
            await asyncio.to_thread(sync.ask, "m", Request(chat("hi")))
        await asyncio.sleep(0)
    assert [call.status for call in book.calls.values()] == ["assumed"]
