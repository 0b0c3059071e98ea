"""What is wrong with a request to the practice server is told as the real service tells it."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llm.echo import CLOSED, USER, Client, Echo

from loopwright.llm.practice import PracticeServer, Served
from loopwright.llm.practice.bodies import Wrong
from loopwright.llm.practice.reading import read

WRONG: list[tuple[dict[str, Any], int, str | None, str | None]] = [
    ({"model": "gpt-4o"}, 404, None, "model_not_found"),
    ({"model": None}, 400, None, None),
    ({"model": 7}, 400, "model", "invalid_type"),
    ({"messages": None}, 400, "messages", "missing_required_parameter"),
    ({"messages": []}, 400, "messages", "empty_array"),
    ({"messages": "hello"}, 400, "messages", "invalid_type"),
    ({"messages": ["hello"]}, 400, "messages[0]", "invalid_type"),
    ({"messages": [{"content": "x"}]}, 400, "messages[0].role", "missing_required_parameter"),
    ({"messages": [{"role": "robot", "content": "x"}]}, 400, "messages[0].role", "invalid_value"),
    ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages[0].role", None),
    ({"messages": [{"role": "user"}]}, 400, "messages[0].content", "invalid_type"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        400,
        "messages[0].content[0].type",
        "unsupported_value",
    ),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, 400, "messages[0].content[0].text", "invalid_type"),
    ({"temperature": 3}, 400, "temperature", "decimal_above_max_value"),
    ({"temperature": "hot"}, 400, "temperature", "invalid_type"),
    ({"n": 0}, 400, "n", "integer_below_min_value"),
    ({"n": 1.5}, 400, "n", "invalid_type"),
    ({"max_tokens": 0}, 400, "max_tokens", "integer_below_min_value"),
    ({"max_tokens": 5, "max_completion_tokens": 5}, 400, "max_tokens", "invalid_parameter_combination"),
    ({"top_logprobs": 2}, 400, "top_logprobs", "invalid_value"),
    ({"top_logprobs": 21, "logprobs": True}, 400, "top_logprobs", "integer_above_max_value"),
    ({"logprobs": 1}, 400, "logprobs", "invalid_type"),
    ({"stop": ["a", "b", "c", "d", "e"]}, 400, "stop", "array_above_max_length"),
    ({"stop": 7}, 400, "stop", "invalid_type"),
    ({"stream_options": {}}, 400, "stream_options", None),
    ({"stream": True, "stream_options": True}, 400, "stream_options", "invalid_type"),
    ({"tools": [{}]}, 400, "tools", "unsupported_parameter"),
    ({"top_k": 5}, 400, "top_k", "unknown_parameter"),
    ({"response_format": "json"}, 400, "response_format", "invalid_type"),
    ({"response_format": {"type": "yaml"}}, 400, "response_format.type", "invalid_value"),
    ({"response_format": {"type": "json_object"}}, 400, "messages", None),
    ({"response_format": {"type": "json_schema"}}, 400, "response_format.json_schema", "missing_required_parameter"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        400,
        "response_format.json_schema.name",
        "missing_required_parameter",
    ),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": 1}}},
        400,
        "response_format.json_schema.schema",
        "invalid_type",
    ),
]


@pytest.mark.parametrize(("more", "status", "param", "code"), WRONG, ids=lambda value: str(value)[:60])
async def test_what_is_wrong_with_a_request_is_told_as_the_real_service_does(
    more: dict[str, Any], status: int, param: str | None, code: str | None, session: aiohttp.ClientSession
) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        answered, body, _ = await Client(session, server.url).post(**more)
    error = body["error"]
    assert sorted(error) == ["code", "message", "param", "type"]
    assert (answered, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_a_schema_without_a_bottom_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(400):
        schema = {"items": schema}
    asked = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": schema}}
    with pytest.raises(Wrong, match="more than 100 levels deep"):
        read(json.dumps({"model": "echo", "messages": USER, "response_format": asked}).encode(), ("echo",))


@pytest.mark.parametrize(
    "broken",
    [
        {**CLOSED, "additionalProperties": True},
        {**CLOSED, "required": []},
        {"type": "array", "items": {**CLOSED, "required": []}},
    ],
)
async def test_a_strict_schema_that_is_not_strict_is_refused(broken: dict[str, Any], session: aiohttp.ClientSession) -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": broken}}
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        status, body, _ = await Client(session, server.url).post(response_format=asked)
    assert (status, body["error"]["param"]) == (400, "response_format")
    assert "In context=(" in body["error"]["message"]


@given(
    st.dictionaries(
        st.sampled_from(["model", "messages", "stop", "n", "response_format", "seed", "stream"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.lists(st.text() | st.dictionaries(st.sampled_from(["role", "content"]), st.text())),
    )
)
def test_any_json_is_read_or_refused(document: dict[str, Any]) -> None:
    try:
        read(json.dumps({"model": "echo", **document}).encode(), ("echo",))
    except Wrong as wrong:
        assert wrong.http({}).startswith(b"HTTP/1.1 40")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
async def test_what_is_no_json_object_is_refused(body: bytes, session: aiohttp.ClientSession) -> None:
    async with PracticeServer(answer=Served(Echo(), ("echo",))) as server:
        answer = await session.post(f"{server.url}/chat/completions", data=body)
        assert answer.status == 400
        assert "JSON" in (await answer.json())["error"]["message"]
