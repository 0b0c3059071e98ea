"""The practice server answers as a function of the request, and misbehaves exactly when told to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import LoopwrightError, UsageError
from loopwright.llm.http import Http
from loopwright.llm.messages import Request, chat
from loopwright.llm.practice import Faults, PracticeServer
from loopwright.llm.practice.answers import fitting
from loopwright.llm.providers import Context, build
from loopwright.spec.blocks import ModelBlock


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.close()


def model(server: PracticeServer, http: Http, kind: str = "openai") -> Any:
    return build(ModelBlock(id="m", provider=kind, base_url=server.url), Context(http))


async def test_an_answer_is_a_function_of_the_request(http: Http) -> None:
    async with PracticeServer() as one, PracticeServer(seed=9) as other:
        first = await model(one, http).complete(Request(chat("a")))
        again = await model(other, http).complete(Request(chat("a")))
        different = await model(one, http).complete(Request(chat("b")))
    assert first == again
    assert first.text != different.text


async def test_what_came_in_is_kept_and_counted(http: Http) -> None:
    async with PracticeServer(script=["500"]) as server:
        with pytest.raises(LoopwrightError):
            await model(server, http).complete(Request(chat("a")))
        await model(server, http, "anthropic").complete(Request(chat("a")))
        assert server.calls == 2
        assert server.met == {"500": 1}
        assert [seen.path for seen in server.requests] == ["/v1/chat/completions", "/v1/messages"]
        assert server.requests[0].json["messages"] == [{"role": "user", "content": "a"}]


async def test_other_answers_may_be_given(http: Http) -> None:
    async with PracticeServer(answer=lambda asked: asked.prompt.upper()) as server:
        assert (await model(server, http).complete(Request(chat("shout")))).text == "SHOUT"


async def test_a_delay_holds_answers_back_side_by_side(http: Http) -> None:
    async with PracticeServer(delay=0.02) as server:
        calls = [asyncio.create_task(model(server, http).complete(Request(chat(str(n))))) for n in range(20)]
        while server.calls < 20:
            await asyncio.sleep(0)
        assert not any(call.done() for call in calls)
        await asyncio.gather(*calls)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (b"POST /v1/messages HTTP/1.1\r\ncontent-length:3\r\n\r\n{[]", b"400"),
        (b"\x16\x03\x01 not http at all", b"400"),
        (b"x" * 70_000, b"400"),
    ],
)
async def test_what_is_no_request_is_told_so(request_: bytes, status: bytes) -> None:
    async with PracticeServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))
        writer.write(request_)
        assert status in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_two_requests_in_one_breath_are_answered_in_turn() -> None:
    body = orjson.dumps({"messages": [{"role": "user", "content": "x"}]})
    one = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with PracticeServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))
        writer.write(one + one[:40])
        assert b"200" in await reader.readuntil(b"\r\n\r\n")
        writer.write(one[40:])
        assert b"200" in (await reader.readuntil(b"\r\n\r\n")).rpartition(b"}")[2]
        assert server.calls == 2
        writer.close()
        await writer.wait_closed()


def test_the_dice_do_not_depend_on_the_order_of_arrival() -> None:
    bodies = [str(n).encode() for n in range(400)]
    forth, back = Faults({"500": 0.25}, seed=3), Faults({"500": 0.25}, seed=3)
    one = {body: forth.next(body) for body in bodies}
    other = {body: back.next(body) for body in reversed(bodies)}
    assert one == other
    assert 60 < sum(met == "500" for met in one.values()) < 140
    assert one != {body: Faults({"500": 0.25}, seed=4).next(body) for body in bodies}


def test_the_same_request_asked_again_has_new_luck() -> None:
    faults = Faults({"500": 0.5})
    assert len({faults.next(b"same") for _ in range(30)}) == 2


def test_an_unknown_fault_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'gzip-bomb'"):
        PracticeServer({"gzip-bom": 1.0})


@given(
    st.recursive(
        st.sampled_from(
            [
                {"type": "string"},
                {"type": "string", "minLength": 200, "maxLength": 220},
                {"type": "integer", "minimum": 3, "maximum": 5},
                {"type": "integer"},
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "boolean"},
                {"type": "null"},
                {"type": ["integer", "null"]},
                {"enum": ["x", 1, None]},
                {"const": {"fixed": True}},
            ]
        ),
        lambda inner: st.one_of(
            st.builds(lambda part, low: {"type": "array", "items": part, "minItems": low}, inner, st.integers(0, 4)),
            st.builds(
                lambda parts: {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False},
                st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3),
            ),
            st.builds(lambda part: {"anyOf": [part, {"type": "null"}]}, inner),
        ),
        max_leaves=8,
    ),
    st.binary(min_size=32, max_size=32),
)
def test_what_it_makes_up_fits_the_schema(schema: dict[str, Any], seed: bytes) -> None:
    jsonschema_rs.validator_for(schema).validate(fitting(schema, seed))


def test_references_are_followed() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}
    assert isinstance(fitting(schema, bytes(32))["n"], int)


def practise(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loopwright.llm.practice", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


async def test_as_a_command_it_prints_its_address_and_stops_when_it_has_done_enough(http: Http) -> None:
    with practise("--requests", "2", "--script", "ok,500", "--seconds", "30", stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        provider = build(ModelBlock(id="m", provider="openai", base_url=url), Context(http))
        assert (await provider.complete(Request(chat("a")))).text
        with pytest.raises(LoopwrightError, match="500"):
            await provider.complete(Request(chat("a")))
        assert process.wait(10) == 0


async def test_as_a_command_it_ends_with_whoever_holds_its_input() -> None:
    with practise(stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(10) == 0


def test_as_a_command_it_explains_what_it_does_not_understand() -> None:
    with practise("--fault", "nonsense:0.5") as process:
        assert process.wait(10) == 2
        assert process.stderr is not None
        assert "no fault 'nonsense'" in process.stderr.read()
