"""A cassette gives back exactly what was recorded, and never anything else."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.errors import CassetteMiss, Overloaded, SpecError, StoreCorrupt, StoreFull
from loopwright.llm.http import Http
from loopwright.llm.messages import Request, chat
from loopwright.llm.practice import PracticeServer
from loopwright.llm.providers import Context, build
from loopwright.llm.providers.cassette import append, read
from loopwright.spec.blocks import ModelBlock

SECRET = "sk-canary-77aa12"


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.close()


def ask(text: str, **more: Any) -> Request:
    return Request(chat(text), **more)


def recorder(http: Http, folder: Path, url: str) -> Any:
    inner = ModelBlock(id="inner", provider="openai", base_url=url, api_key_env="KEY")
    block = ModelBlock(id="tape", provider="record", cassette="tape.jsonl", of="inner")
    return build(block, Context(http, {"inner": inner}, folder, {"KEY": SECRET}))


def player(http: Http, folder: Path) -> Any:
    return build(ModelBlock(id="tape", provider="replay", cassette="tape.jsonl"), Context(http, folder=folder))


async def test_replies_and_errors_come_back_in_their_order(http: Http, tmp_path: Path) -> None:
    async with PracticeServer(script=["429-seconds"]) as server:
        tape = recorder(http, tmp_path, server.url)
        with pytest.raises(Overloaded):
            await tape.complete(ask("one"))
        first = await tape.complete(ask("one"))
        second = await recorder(http, tmp_path, server.url).complete(ask("one"))
    again = player(http, tmp_path)
    with pytest.raises(Overloaded) as caught:
        await again.complete(ask("one"))
    assert caught.value.retry_after == 1.0
    for reply in (first, second):
        replayed = await again.complete(ask("one"))
        assert (replayed.text, replayed.usage) == (reply.text, reply.usage)
        assert replayed.model == f"replay:{reply.model}"
    with pytest.raises(CassetteMiss, match="recorded 3 times"):
        await again.complete(ask("one"))


async def test_a_miss_names_the_nearest_recording_and_the_difference(http: Http, tmp_path: Path) -> None:
    async with PracticeServer() as server:
        tape = recorder(http, tmp_path, server.url)
        await tape.complete(ask("the capital of France", temperature=0.0))
        await tape.complete(ask("a poem about rivers"))
    again = player(http, tmp_path)
    with pytest.raises(CassetteMiss, match="from character 15 on: recorded 'apital of France', asked 'apital of Spain'"):
        await again.complete(ask("the capital of Spain", temperature=0.0))
    with pytest.raises(CassetteMiss, match="same text but another temperature"):
        await again.complete(ask("the capital of France"))


async def test_a_cassette_holds_no_secret_and_is_ours_alone(http: Http, tmp_path: Path) -> None:
    async with PracticeServer(script=["401", None]) as server:
        tape = recorder(http, tmp_path, server.url)
        with pytest.raises(Exception, match="401"):
            await tape.complete(ask("one"))
        await tape.complete(ask("one"))
    file = tmp_path / "tape.jsonl"
    assert SECRET.encode() not in file.read_bytes()
    assert file.read_bytes().count(b"\n") == 1
    assert file.stat().st_mode & 0o777 == 0o600


async def test_no_cassette_is_a_spec_error(http: Http, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="record it first"):
        player(http, tmp_path)


@pytest.fixture(scope="module")
def recording() -> bytes:
    entries = [
        {"key": f"{number:032x}", "occurrence": 0, "request": {}, "outcome": {"text": "ä" * number, "model": "m"}}
        for number in range(3)
    ]
    return b"".join(orjson.dumps(entry) + b"\n" for entry in entries)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(0, 300))
def test_a_torn_tail_costs_only_itself(cut: int, recording: bytes, tmp_path: Path) -> None:
    file = tmp_path / "torn.jsonl"
    whole = recording[: min(cut, len(recording))]
    file.write_bytes(whole)
    kept = whole.count(b"\n")
    if whole and not whole.endswith(b"\n"):
        with pytest.warns(UserWarning, match="torn"):
            assert len(list(read(file))) == kept
    append(file, recording.splitlines(keepends=True)[0])
    assert len(list(read(file))) == kept + 1


def test_a_spoilt_line_is_refused(recording: bytes, tmp_path: Path) -> None:
    file = tmp_path / "spoilt.jsonl"
    file.write_bytes(recording.replace(b'"outcome"', b'"outcomf"', 1))
    with pytest.raises(StoreCorrupt, match=r"spoilt\.jsonl:1"):
        list(read(file))


def test_a_full_disk_is_told(tmpfs: Callable[[str], Path]) -> None:
    disk = tmpfs("64k")
    with pytest.raises(StoreFull):
        for _ in range(100):
            append(disk / "tape.jsonl", os.urandom(4096).hex().encode() + b"\n")
