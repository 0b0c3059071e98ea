"""A model behind the practice server: its chat completions, streams, limits and errors have the shapes of the real service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llm.echo import CLOSED, USER, Client, Echo, said

from loopwright.errors import (
    BoundaryError,
    ContextTooLong,
    KeyRejected,
    LoopwrightError,
    Overloaded,
    QuotaExhausted,
    Rejected,
    TimedOut,
    Unavailable,
    Unsupported,
)
from loopwright.llm.clock import ManualClock
from loopwright.llm.http import Http
from loopwright.llm.messages import Message, Reply, Request, TokenLogprob, chat
from loopwright.llm.practice import FAULTS, Exchange, PracticeServer, Served
from loopwright.llm.practice.bodies import Wrong
from loopwright.llm.practice.completions import events, stopped
from loopwright.llm.practice.metering import Meter, duration
from loopwright.llm.providers import Context, build
from loopwright.spec.blocks import ModelBlock


async def test_a_completion_has_all_that_the_real_service_tells(session: aiohttp.ClientSession) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        status, whole, headers = await Client(session, server.url).post(messages=said("one two"), logprobs=True, top_logprobs=1)
    assert status == 200
    assert headers["x-request-id"].startswith("req_")
    assert whole.pop("id").startswith("chatcmpl-")
    assert whole.pop("created") > 1_700_000_000
    assert whole.pop("system_fingerprint").startswith("fp_")
    usage = whole.pop("usage")
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (3, 2, 5)
    tokens = [{"token": token, "logprob": -0.5, "bytes": list(token.encode())} for token in ("one", " two")]
    message: Any = {"role": "assistant", "content": "one two", "refusal": None, "annotations": []}
    logprobs = {"content": [{**token, "top_logprobs": [token]} for token in tokens], "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}
    assert whole == {"object": "chat.completion", "model": "echo", "choices": [choice], "service_tier": "default"}


async def test_a_request_reaches_the_model_as_it_was_meant(session: aiohttp.ClientSession) -> None:
    echo = Echo()
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "assistant", "content": None, "refusal": "no"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]
    schema = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": CLOSED}}
    more = {"max_completion_tokens": 7, "temperature": 0, "top_p": 0.5, "stop": "x", "seed": 4, "response_format": schema}
    async with PracticeServer(answer=Served(echo, ("echo",))) as server:
        assert (await Client(session, server.url).post(messages=messages, user="me", tools=None, **more))[0] == 200
    asked = Request(
        (Message("system", "be brief"), Message("assistant", "no"), Message("user", "ab")),
        temperature=0,
        top_p=0.5,
        max_output_tokens=7,
        stop=("x",),
        seed=4,
        schema=CLOSED,
    )
    assert echo.asked == [asked]


async def test_choices_and_repetitions_have_seeds_of_their_own_that_come_again_with_the_server_s(
    session: aiohttp.ClientSession,
) -> None:
    drawn = []
    for seed in (1, 1, 2):
        echo = Echo()
        async with PracticeServer(answer=Served(echo, ("echo",), seed=seed)) as server:
            for _ in range(2):
                _, whole, _ = await Client(session, server.url).post(n=3)
                assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
                assert (whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"]) == (3, 3)
        drawn.append([request.seed for request in echo.asked])
    assert len(set(drawn[0])) == 6
    assert drawn[0] == drawn[1] != drawn[2]


async def test_a_stream_amounts_to_the_completion(session: aiohttp.ClientSession) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        told = await Client(session, server.url).stream(messages=said("one two"), logprobs=True, n=2)
        billed = await Client(session, server.url).stream(stream_options={"include_usage": True})
    assert {each["object"] for each in told} == {"chat.completion.chunk"}
    assert len({each["id"] for each in told}) == 1
    assert not any("usage" in each for each in told)
    for index in (0, 1):
        pieces = [choice for each in told for choice in each["choices"] if choice["index"] == index]
        assert pieces[0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
        assert [piece["delta"]["content"] for piece in pieces[1:-1]] == ["one", " two"]
        assert [piece["logprobs"]["content"][0]["token"] for piece in pieces[1:-1]] == ["one", " two"]
        assert (pieces[-1]["delta"], pieces[-1]["finish_reason"]) == ({}, "stop")
    assert [each["usage"] is None for each in billed] == [True] * (len(billed) - 1) + [False]
    assert billed[-1]["choices"] == []
    assert billed[-1]["usage"]["total_tokens"] == 4


async def test_a_refusal_is_told_apart_from_an_answer(session: aiohttp.ClientSession) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        _, whole, _ = await Client(session, server.url).post(messages=said("refuse"))
        told = await Client(session, server.url).stream(messages=said("refuse"))
        http = Http()
        provider = build(ModelBlock(id="echo", provider="openai", base_url=server.url), Context(http))
        reply = await provider.complete(Request(chat("refuse")))
        await http.close()
    message = whole["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "I know nothing of that.")
    deltas = [each["choices"][0]["delta"] for each in told]
    assert deltas[0]["content"] is None
    assert "".join(delta.get("refusal") or "" for delta in deltas) == "I know nothing of that."
    assert (reply.finish, reply.refusal) == ("refusal", "I know nothing of that.")


async def test_the_built_in_answers_stream_too(session: aiohttp.ClientSession) -> None:
    async with PracticeServer(answer=lambda asked: f"you said {asked.prompt}") as server:
        told = await Client(session, server.url).stream()
    assert "".join(each["choices"][0]["delta"].get("content") or "" for each in told) == "you said hello"


async def test_models_are_listed_and_other_places_are_not_there(session: aiohttp.ClientSession) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo", "other/echo"))) as server:

        async def get(path: str) -> tuple[int, Any]:
            async with session.get(server.url + path) as answer:
                return answer.status, await answer.json()

        status, listed = await get("/models")
        assert status == 200
        assert [model["id"] for model in listed["data"]] == ["echo", "other/echo"]
        assert (await get("/models/other%2Fecho"))[1] == listed["data"][1]
        assert (await get("/models/gpt"))[1]["error"]["code"] == "model_not_found"
        assert (await get("/embeddings"))[1]["error"]["code"] == "unknown_url"
        status, body = await get("/chat/completions")
        assert (status, body["error"]["code"]) == (405, "method_not_supported")


async def test_over_the_limit_of_requests_it_says_how_long_to_wait(session: aiohttp.ClientSession) -> None:
    clock = ManualClock()
    async with PracticeServer(answer=Served(Echo(), ("echo",), rpm=2, clock=clock)) as server:
        client = Client(session, server.url)
        _, _, headers = await client.post()
        assert headers["x-ratelimit-limit-requests"] == "2"
        assert headers["x-ratelimit-remaining-requests"] == "1"
        assert headers["x-ratelimit-reset-requests"] == "30s"
        assert (await client.post())[0] == 200
        status, body, headers = await client.post()
        assert (status, headers["retry-after"], headers["retry-after-ms"]) == (429, "30", "30000")
        assert (body["error"]["type"], body["error"]["code"]) == ("requests", "rate_limit_exceeded")
        assert "Limit 2, Used 2, Requested 1. Please try again in 30s." in body["error"]["message"]
        clock.advance(30)
        assert (await client.post())[0] == 200


@given(st.integers(1, 50), st.lists(st.floats(0, 30), max_size=60))
def test_no_stretch_of_time_sees_more_than_its_allowance(limit: int, pauses: list[float]) -> None:
    clock = ManualClock()
    meter, began = Meter(limit, None, clock), clock.now
    for admitted, pause in enumerate(pauses, 1):
        clock.advance(pause)
        try:
            meter.admit("m", 1)
        except Wrong as wrong:
            clock.advance(float(wrong.headers["retry-after-ms"]) / 1000)
            meter.admit("m", 1)
        assert admitted <= limit + (clock.now - began) * limit / 60 + 1e-6


async def test_over_the_limit_of_tokens_too_and_what_never_fits_is_told_so(session: aiohttp.ClientSession) -> None:
    clock = ManualClock()
    async with PracticeServer(answer=Served(Echo(), ("echo",), tpm=100, clock=clock)) as server:
        client = Client(session, server.url)
        _, _, headers = await client.post(max_tokens=50)
        assert headers["x-ratelimit-remaining-tokens"] == "96"  # 4 were used, whatever was expected
        status, body, headers = await client.post(max_tokens=98)
        assert (status, body["error"]["type"], headers["retry-after"]) == (429, "tokens", "3")
        status, body, headers = await client.post(max_tokens=200)
        assert (status, "retry-after" in headers) == (429, False)
        assert "Request too large" in body["error"]["message"]


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0ms"), (0.0204, "21ms"), (1, "1s"), (1.5, "1.5s"), (60, "1m0s"), (90.2, "1m31s")]
)
def test_durations_are_written_as_the_real_service_does(seconds: float, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Rejected("no"), 400, None),
        (ContextTooLong("too long"), 400, "context_length_exceeded"),
        (Unsupported("no schemas"), 400, "unsupported_value"),
        (KeyRejected("no"), 401, "invalid_api_key"),
        (QuotaExhausted("no"), 429, "insufficient_quota"),
        (Overloaded("slow down", retry_after=2), 429, "rate_limit_exceeded"),
        (Unavailable("down"), 500, None),
        (TimedOut("late"), 504, None),
        (BoundaryError("script", "broke"), 500, None),
        (LoopwrightError("broke"), 500, None),
        (ZeroDivisionError("broke"), 500, None),
    ],
)
async def test_a_model_that_fails_is_an_error_of_the_service(
    error: Exception, status: int, code: str | None, session: aiohttp.ClientSession
) -> None:
    async with PracticeServer(answer=Served(Echo(error), ("echo",))) as server:
        answered, body, headers = await Client(session, server.url).post(stream=True)
    assert (answered, body["error"]["code"]) == (status, code)
    assert str(error).split(":")[-1].strip() in body["error"]["message"]
    assert headers.get("retry-after") == ("2" if status == 429 and code == "rate_limit_exceeded" else None)


async def test_requests_are_answered_side_by_side_and_a_client_that_leaves_ends_its_generation(
    session: aiohttp.ClientSession,
) -> None:
    echo = Echo()
    over: list[Exchange] = []
    async with PracticeServer(answer=Served(echo, ("echo",))) as server:
        server.log = over.append
        client = Client(session, server.url)
        waiting = [asyncio.create_task(client.post(messages=said("wait"), n=n)) for n in (1, 2)]
        while len(echo.asked) < 3:
            await asyncio.sleep(0)
        assert (await client.post())[0] == 200
        for call in waiting:
            call.cancel()
        while echo.ended < 3:
            await asyncio.sleep(0)
        while len(over) < 3:
            await asyncio.sleep(0)
    assert [(each.status, each.left) for each in over] == [(200, False), (None, True), (None, True)]


async def test_a_stream_that_nobody_reads_on_is_not_told_on(session: aiohttp.ClientSession) -> None:
    over: list[Exchange] = []
    async with PracticeServer(answer=Served(Echo(), ("echo",)), delay=60) as slow:
        slow.log = over.append
        body = {"model": "echo", "messages": said("word " * 1000), "stream": True}
        answer = await session.post(f"{slow.url}/chat/completions", json=body)
        assert (await answer.content.readline()).startswith(b"data: {")
        answer.close()
        while not over:
            await asyncio.sleep(0)
        while slow.connections:
            await asyncio.sleep(0)
    assert (over[0].status, over[0].left, over[0].streamed) == (200, True, True)


async def test_each_exchange_is_told_when_it_is_over(session: aiohttp.ClientSession) -> None:
    over: list[Exchange] = []
    async with PracticeServer(script=[None, "429-seconds", "reset", "truncated"], answer=Served(Echo(), ("echo",))) as server:
        server.log = over.append
        client = Client(session, server.url)
        await client.post()
        await client.post()
        for _ in range(2):
            with pytest.raises(aiohttp.ClientError):
                await client.post(stream=True)
        await client.post(top_k=1)
        await session.get(f"{server.url}/models")
    assert [(each.status, each.fault, each.input, each.output, each.left) for each in over] == [
        (200, None, 3, 1, False),
        (429, "429-seconds", 0, 0, False),
        (None, "reset", 0, 0, False),
        (200, "truncated", 3, 1, False),
        (400, None, 0, 0, False),
        (200, None, 0, 0, False),
    ]
    assert over[4].error == "Unknown parameter: 'top_k'."


@pytest.mark.parametrize(
    "fault", [name for name in FAULTS if name not in ("drip", "silent", "huge", "huge-chunks", "gzip-bomb")]
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_fault_is_played_before_a_model_as_well(fault: str, stream: bool, session: aiohttp.ClientSession) -> None:
    over: list[Exchange] = []
    async with PracticeServer({fault: 1.0}, answer=Served(Echo(), ("echo",))) as server:
        server.log = over.append
        body = {"model": "echo", "messages": USER, "stream": stream}
        try:
            async with session.post(f"{server.url}/chat/completions", json=body, allow_redirects=False) as answer:
                await answer.read()
        except (aiohttp.ClientError, ValueError):
            pass
        while not over:
            await asyncio.sleep(0)
    assert over[0].fault == fault
    assert server.met == {fault: 1}


async def test_a_request_in_chunks_is_asked_for_its_length(session: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"{}"

    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        answer = await session.post(f"{server.url}/chat/completions", data=pieces())
        assert answer.status == 411
        assert "Content-Length" in (await answer.json())["error"]["message"]


async def test_a_client_that_waits_to_be_asked_for_its_body_is_and_one_that_wants_the_connection_closed_sees_it_close(
    session: aiohttp.ClientSession,
) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        body = {"model": "echo", "messages": USER}
        closing = {"Connection": "close"}
        async with session.post(f"{server.url}/chat/completions", json=body, expect100=True, headers=closing) as answer:
            assert answer.status == 200
            await answer.read()
        while server.connections:
            await asyncio.sleep(0)


def test_a_text_ends_where_it_is_told_to_and_its_tokens_with_it() -> None:
    tokens = tuple(TokenLogprob(token, -1.0) for token in ("a", " b", " c", " d"))
    cut = stopped(Reply("a b c d", "m", "length", logprobs=tokens), ("d", " c"))
    assert (cut.text, cut.finish, cut.logprobs) == ("a b", "stop", tokens[:2])
    whole = Reply("a b", "m", "length")
    assert stopped(whole, ("x",)) is whole


@given(st.text(), st.booleans())
def test_the_pieces_of_a_stream_are_the_text(text: str, refused: bool) -> None:
    message = {"content": None if refused else text, "refusal": text if refused else None}
    reply = {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": {}}
    *told, _ = [json.loads(event.removeprefix(b"data: ")) for event in events({}, reply) if event != b"data: [DONE]\n\n"]
    key = "refusal" if refused else "content"
    assert "".join(each["choices"][0]["delta"].get(key) or "" for each in told) == text
