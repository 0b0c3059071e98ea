"""The cache that runs share: what it finds, what stays two samples, and what it does with files that are not its own."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loopwright.errors import StoreCorrupt, StoreFull, StoreReadOnly, StoreTooNew, Unavailable
from loopwright.llm.book import MemoryBook
from loopwright.llm.cache import Place, ReplyCache
from loopwright.llm.messages import Reply, Request, Usage, chat, digest, wire_form
from loopwright.llm.models import Models
from loopwright.llm.provider import Provider
from loopwright.spec.blocks import Budget, Limits, ModelBlock, Pricing

HELLO = Request(chat("hello"))


class Counting:
    """Answers with the number of the request."""

    def __init__(self) -> None:
        self.asked = 0

    async def complete(self, request: Request) -> Reply:
        self.asked += 1
        return Reply(f"answer {self.asked}", "counting", usage=Usage(10, 5))


class Dead:
    async def complete(self, request: Request) -> Reply:
        raise Unavailable("down")


def block(id: str = "m", **fields: Any) -> ModelBlock:
    price = Pricing(input_per_1k=0.001, output_per_1k=0.001)
    return ModelBlock.model_validate({"id": id, "provider": "openai", "model": "x", "pricing": price, **fields})


async def texts(
    cache: ReplyCache, provider: Provider, times: int = 1, book: MemoryBook | None = None, **fields: Any
) -> list[str]:
    """What a run with this cache is told, asking the same thing several times."""
    async with Models([block(**fields)], Budget(), book or MemoryBook(), {"m": provider}, cache=cache) as models:
        return [(await models.at(trial).ask("m", HELLO)).text for trial in range(times)]


async def test_one_run_gets_two_samples_and_the_next_finds_both(tmp_path: Path) -> None:
    provider, book = Counting(), MemoryBook()
    with ReplyCache(tmp_path / "cache.sqlite") as cache:
        assert await texts(cache, provider, 2) == ["answer 1", "answer 2"]
    with ReplyCache(tmp_path / "cache.sqlite") as cache:
        assert await texts(cache, provider, 3, book) == ["answer 1", "answer 2", "answer 3"]
    assert provider.asked == 3
    assert [call.status for call in book.calls.values()] == ["cached", "cached", "settled"]
    assert [call.nano_usd for call in book.calls.values()] == [0, 0, 15_000]


async def test_a_cached_reply_says_so_and_costs_nothing(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "c") as cache:
        await texts(cache, Counting())
    with ReplyCache(tmp_path / "c") as cache:
        models = Models([block()], Budget(calls=0), MemoryBook(), {"m": Counting()}, cache=cache)
        reply = await models.at(0).ask("m", HELLO)
    assert (reply.cached, reply.nano_usd, reply.usage) == (True, 0, Usage(10, 5))
    spending = models.spending()
    assert (spending.total.cached, spending.total.calls) == (1, 0)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"limits": Limits(concurrency=1)}, True),
        ({"pricing": Pricing(input_per_1k=1, output_per_1k=1)}, True),
        ({"model": "y"}, False),
        ({"base_url": "http://127.0.0.1:1/v1"}, False),
        ({"temperature": 0.9}, False),
        ({"headers": {"X-Variant": "b"}}, False),
    ],
)
async def test_whoever_would_answer_the_same_shares(tmp_path: Path, change: dict[str, Any], found: bool) -> None:
    provider = Counting()
    with ReplyCache(tmp_path / "c") as cache:
        await texts(cache, provider)
    with ReplyCache(tmp_path / "c") as cache:
        assert (await texts(cache, provider, **change) == ["answer 1"]) is found


async def test_two_ids_of_one_model_draw_from_the_same_samples_in_turn(tmp_path: Path) -> None:
    provider = Counting()
    for _ in range(2):
        with ReplyCache(tmp_path / "c") as cache:
            models = Models([block("a"), block("b")], Budget(), MemoryBook(), {"a": provider, "b": provider}, cache=cache)
            said = [(await models.at(0).ask(model, HELLO)).text for model in ("a", "b")]
            assert said == ["answer 1", "answer 2"]


async def test_a_resumed_run_goes_on_with_the_next_sample(tmp_path: Path) -> None:
    provider = Counting()
    with ReplyCache(tmp_path / "c") as cache:
        await texts(cache, provider, 3)
    asked = [("m", digest(wire_form(HELLO)), 2), ("gone from the spec", b"?", 9)]
    with ReplyCache(tmp_path / "c", asked) as cache:
        assert await texts(cache, provider) == ["answer 3"]


async def test_errors_and_a_fallbacks_answers_are_not_shared(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"fallback": "other", "limits": Limits(retries=0)}
    with ReplyCache(tmp_path / "c") as cache:
        blocks = [block(**fields), block("other", model="z")]
        models = Models(blocks, Budget(), MemoryBook(), {"m": Dead(), "other": Counting()}, cache=cache)
        assert (await models.at(0).ask("m", HELLO)).text == "answer 1"
    with sqlite3.connect(tmp_path / "c") as file:
        assert file.execute("SELECT count(*) FROM reply").fetchone() == (0,)
    file.close()


def test_what_is_not_a_cache_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are not the rows that you are looking for" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match=r"notes\.txt"):
        ReplyCache(path)
    assert path.read_bytes() == before

    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(StoreCorrupt, match="is not a reply cache"):
        ReplyCache(tmp_path / "other.sqlite")


async def test_a_damaged_row_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "c") as cache:
        await texts(cache, Counting())
    file = sqlite3.connect(tmp_path / "c")
    file.execute("UPDATE reply SET reply = x'7b22'")
    file.commit()
    file.close()
    with ReplyCache(tmp_path / "c") as cache, pytest.raises(StoreCorrupt, match="damaged"):
        await texts(cache, Counting())


def test_a_newer_cache_is_refused(tmp_path: Path) -> None:
    ReplyCache(tmp_path / "c").close()
    file = sqlite3.connect(tmp_path / "c")
    file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(StoreTooNew):
        ReplyCache(tmp_path / "c")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreReadOnly, match="missing"):
        ReplyCache(tmp_path / "missing" / "c")


def test_a_full_disk_is_said_to_be_full(tmpfs: Callable[[str], Path]) -> None:
    cache = ReplyCache(tmpfs("1m") / "c")
    with pytest.raises(StoreFull):
        for number in range(100):
            cache.put(Place(number.to_bytes(16, "big"), 0), Reply("x" * 50_000, "m"))
        cache.close()


PROGRAM = """
import sys
from loopwright.llm.cache import Place, ReplyCache
from loopwright.llm.messages import Reply
with ReplyCache(sys.argv[1]) as cache:
    for number in range(500):
        cache.put(Place(number.to_bytes(16, "big"), 0), Reply(sys.argv[2], "m"))
"""


async def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "c")
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, path, name, stderr=subprocess.PIPE)
        for name in "abc"
    ]
    ended = [await each.communicate() for each in running]
    assert [each.returncode for each in running] == [0, 0, 0], ended
    with ReplyCache(path) as cache:
        found = [cache.find(Place(number.to_bytes(16, "big"), 0)) for number in range(500)]
    assert all(reply is not None and reply.text in "abc" for reply in found)
