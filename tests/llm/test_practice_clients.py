"""Other people's clients talk to the practice server as to the real service, told no more than its address and any key."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Literal

import pydantic
import pytest

from loopwright.llm.http import Http
from loopwright.llm.messages import Reply, Request, TokenLogprob, Usage
from loopwright.llm.practice import Exchange, PracticeServer, Served
from loopwright.llm.practice.answers import fitting
from loopwright.llm.prompts import facts, render
from loopwright.llm.providers import Context, build
from loopwright.spec.blocks import ModelBlock

RIVER: list[Any] = [{"role": "user", "content": "rivers run"}]
REFUSED: list[Any] = [{"role": "user", "content": "refuse"}]


class Row(pydantic.BaseModel):
    text: str
    label: str
    stars: int


class Model:
    """Repeats what was said, fits what a schema asks for, refuses when told to."""

    async def complete(self, request: Request) -> Reply:
        said = request.messages[-1].content
        if said == "refuse":
            return Reply("", "m", "refusal", refusal="That is not my world.", usage=Usage(1, 5))
        if said == "wait":
            await asyncio.Event().wait()
        if request.schema is not None:
            return Reply(json.dumps(fitting(dict(request.schema), bytes(32))), "m", usage=Usage(5, 9))
        tokens = [f" {word}" if place else word for place, word in enumerate(said.split())][: request.max_output_tokens]
        finish: Any = "length" if len(tokens) < len(said.split()) else "stop"
        logprobs = tuple(TokenLogprob(token, -0.25) for token in tokens) if request.logprobs else None
        return Reply("".join(tokens), "m", finish, usage=Usage(4, len(tokens)), logprobs=logprobs)


def served(faults: dict[str, float] | None = None, script: tuple[str | None, ...] = (), **more: Any) -> PracticeServer:
    return PracticeServer(faults, script, answer=Served(Model(), ("tiny",), **more))


@pytest.fixture
async def server() -> AsyncIterator[PracticeServer]:
    async with served() as opened:
        yield opened


@pytest.fixture
def openai() -> Any:
    return pytest.importorskip("openai", reason="the openai SDK is not installed")


def asynchronous(openai: Any, server: PracticeServer, **more: Any) -> Any:
    return openai.AsyncOpenAI(base_url=server.url, api_key="none", **more)


async def test_the_openai_sdk_asks_and_reads_everything(server: PracticeServer, openai: Any) -> None:
    async with asynchronous(openai, server) as client:
        whole = await client.chat.completions.create(
            model="tiny", messages=RIVER, n=2, seed=3, temperature=0.5, logprobs=True, top_logprobs=2, max_tokens=1, stop=["x"]
        )
        models = [model.id async for model in client.models.list()]
        one = await client.models.retrieve("tiny")
        raw = await client.chat.completions.with_raw_response.create(model="tiny", messages=REFUSED)
    assert [choice.message.content for choice in whole.choices] == ["rivers", "rivers"]
    assert [choice.finish_reason for choice in whole.choices] == ["length", "length"]
    assert [token.logprob for token in whole.choices[0].logprobs.content] == [-0.25]
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.usage.total_tokens) == (4, 2, 6)
    assert whole._request_id.startswith("req_")
    assert (models, one.id) == (["tiny"], "tiny")
    message = raw.parse().choices[0].message
    assert (message.content, message.refusal) == (None, "That is not my world.")


async def test_the_openai_sdk_streams(server: PracticeServer, openai: Any) -> None:
    async with asynchronous(openai, server) as client:
        stream = await client.chat.completions.create(
            model="tiny", messages=RIVER, stream=True, stream_options={"include_usage": True}
        )
        pieces = [piece async for piece in stream]
        async with client.chat.completions.stream(model="tiny", messages=REFUSED) as helped:
            kinds = [event.type async for event in helped]
            final = await helped.get_final_completion()
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == "rivers run"
    assert pieces[-1].usage.total_tokens == 6
    assert "refusal.delta" in kinds
    assert "refusal.done" in kinds
    assert final.choices[0].message.refusal == "That is not my world."


async def test_the_openai_sdk_gets_objects_of_a_class(server: PracticeServer, openai: Any) -> None:
    async with asynchronous(openai, server) as client:
        parsed = await client.chat.completions.parse(model="tiny", messages=RIVER, response_format=Row)
        refused = await client.chat.completions.parse(model="tiny", messages=REFUSED, response_format=Row)
        async with client.chat.completions.stream(model="tiny", messages=RIVER, response_format=Row) as helped:
            streamed = await helped.get_final_completion()
    assert isinstance(parsed.choices[0].message.parsed, Row)
    assert (refused.choices[0].message.parsed, refused.choices[0].message.refusal) == (None, "That is not my world.")
    assert streamed.choices[0].message.parsed == parsed.choices[0].message.parsed


def test_the_openai_sdk_does_all_that_without_a_loop_too(openai: Any) -> None:
    async def both() -> None:
        async with served() as server:
            await asyncio.to_thread(blocking, server.url)

    def blocking(url: str) -> None:
        with openai.OpenAI(base_url=url, api_key="none") as client:
            whole = client.chat.completions.create(model="tiny", messages=RIVER)
            assert whole.choices[0].message.content == "rivers run"
            stream = client.chat.completions.create(model="tiny", messages=RIVER, stream=True)
            assert "".join(piece.choices[0].delta.content or "" for piece in stream) == "rivers run"
            assert isinstance(
                client.chat.completions.parse(model="tiny", messages=RIVER, response_format=Row).choices[0].message.parsed, Row
            )

    asyncio.run(both())


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("429-seconds", "RateLimitError", "rate_limit_exceeded"),
        ("quota", "RateLimitError", "insufficient_quota"),
        ("401", "AuthenticationError", "invalid_api_key"),
        ("403", "PermissionDeniedError", "forbidden"),
        ("404", "NotFoundError", "model_not_found"),
        ("context", "BadRequestError", "context_length_exceeded"),
        ("500", "InternalServerError", "server_error"),
        ("reset", "APIConnectionError", None),
        ("hang-up", "APIConnectionError", None),
        ("truncated", "APIConnectionError", None),
    ],
)
async def test_the_openai_sdk_knows_each_fault(fault: str, error: str, code: str | None, openai: Any) -> None:
    async with served({fault: 1.0}) as server, asynchronous(openai, server, max_retries=0) as client:
        with pytest.raises(getattr(openai, error)) as caught:
            await client.chat.completions.create(model="tiny", messages=RIVER)
    assert getattr(caught.value, "code", None) == code


async def test_the_openai_sdk_knows_what_is_wrong_with_a_request(server: PracticeServer, openai: Any) -> None:
    async with asynchronous(openai, server) as client:
        with pytest.raises(openai.NotFoundError, match="`gpt` does not exist") as missing:
            await client.chat.completions.create(model="gpt", messages=RIVER)
        with pytest.raises(openai.BadRequestError) as wrong:
            await client.chat.completions.create(model="tiny", messages=RIVER, temperature=3)
    assert missing.value.code == "model_not_found"
    assert (wrong.value.param, wrong.value.code) == ("temperature", "decimal_above_max_value")


@pytest.mark.slow
async def test_the_openai_sdk_waits_as_it_is_told_and_asks_again(openai: Any) -> None:
    async with served(script=("429-ms", "reset", None)) as server, asynchronous(openai, server) as client:
        whole = await client.chat.completions.create(model="tiny", messages=RIVER)
        assert server.calls == 3
    assert whole.choices[0].message.content == "rivers run"


async def test_the_openai_sdk_reads_the_limits(openai: Any) -> None:
    async with served(rpm=1, tpm=10_000) as server, asynchronous(openai, server, max_retries=0) as client:
        raw = await client.chat.completions.with_raw_response.create(model="tiny", messages=RIVER)
        assert raw.headers["x-ratelimit-remaining-requests"] == "0"
        assert raw.headers["x-ratelimit-remaining-tokens"] == "9994"
        with pytest.raises(openai.RateLimitError, match="requests per min") as caught:
            await client.chat.completions.create(model="tiny", messages=RIVER)
    assert int(caught.value.response.headers["retry-after"]) in range(1, 61)


async def test_an_openai_client_that_hangs_up_ends_its_generation(server: PracticeServer, openai: Any) -> None:
    over: list[Exchange] = []
    server.log = over.append
    async with asynchronous(openai, server) as client:
        call = asyncio.create_task(
            client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "wait"}], stream=True)
        )
        while not server.calls:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        while not over:
            await asyncio.sleep(0)
    assert over[0].left


SUM: list[Any] = [
    {"role": "user", "content": render("solve_steps", question="Tom has 12 apples. He buys 30 more. How many is that?")}
]
ELSEWHERE: list[Any] = [{"role": "user", "content": "What is 47 x 38?"}]
ANGRY = facts({"label": "refund", "tone": "angry"})
ROW: list[Any] = [{"role": "user", "content": render("write_row", description="", facts=ANGRY, keys='"text", "label"')}]


class Message(pydantic.BaseModel):
    text: str
    label: Literal["refund"]


@pytest.fixture
async def tiny() -> AsyncIterator[PracticeServer]:
    """The embedded model, with the weights that are shipped, behind the server."""
    model = build(ModelBlock(id="tiny", provider="tiny"), Context(Http()))
    async with PracticeServer(answer=Served(model, ("tiny",))) as opened:
        yield opened


@pytest.mark.slow
async def test_the_openai_sdk_works_with_the_embedded_model(tiny: PracticeServer, openai: Any) -> None:
    async with asynchronous(openai, tiny) as client:
        ask = partial(client.chat.completions.create, model="tiny", temperature=0)
        whole = await ask(messages=SUM, logprobs=True)
        stream = await ask(messages=SUM, stream=True, stream_options={"include_usage": True})
        pieces = [piece async for piece in stream]
        again = await ask(
            messages=[*SUM, {"role": "assistant", "content": "Answer: 41"}, {"role": "user", "content": "Check it."}]
        )
        refused = await ask(messages=ELSEWHERE)
        row = await client.chat.completions.parse(model="tiny", messages=ROW, response_format=Message, seed=1)
    said = whole.choices[0].message.content
    assert said == "12 + 30: 2 + 0 = 2, 10 + 30 = 40, 40 + 2 = 42. Answer: 42"
    assert "".join(token.token for token in whole.choices[0].logprobs.content) == said
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == said
    assert pieces[-1].usage == whole.usage
    assert whole.usage.completion_tokens > 20
    assert again.choices[0].message.content.startswith("Let me check.")
    assert refused.choices[0].message.content is None
    assert "tiny is an embedded model" in refused.choices[0].message.refusal
    assert row.choices[0].message.parsed.label == "refund"


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Litellm, which fetches its prices from the network on import unless it is told not to, and warns of itself."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("litellm", reason="litellm is not installed")


@pytest.mark.filterwarnings("default")
async def test_litellm_asks_and_streams(server: PracticeServer, litellm: Any) -> None:
    told = {"model": "openai/tiny", "api_base": server.url, "api_key": "none"}
    whole = await litellm.acompletion(messages=RIVER, logprobs=True, **told)
    assert whole.choices[0].message.content == "rivers run"
    assert whole.usage.total_tokens == 6
    stream = await litellm.acompletion(messages=RIVER, stream=True, stream_options={"include_usage": True}, **told)
    pieces = [piece async for piece in stream]
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == "rivers run"
    assert pieces[-1].usage.total_tokens == 6
    shaped = await litellm.acompletion(messages=RIVER, response_format=Row, **told)
    Row.model_validate_json(shaped.choices[0].message.content)
    blocking = await asyncio.to_thread(litellm.completion, messages=RIVER, **told)
    assert blocking.choices[0].message.content == "rivers run"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429-seconds", "RateLimitError"),
        ("401", "AuthenticationError"),
        ("404", "NotFoundError"),
        ("context", "ContextWindowExceededError"),
        ("500", "InternalServerError"),
    ],
)
async def test_litellm_knows_each_fault(fault: str, error: str, litellm: Any) -> None:
    async with served({fault: 1.0}) as server:
        with pytest.raises(getattr(litellm, error)):
            await litellm.acompletion(
                model="openai/tiny", api_base=server.url, api_key="none", messages=RIVER, num_retries=0, max_retries=0
            )


@pytest.mark.filterwarnings("default")
async def test_litellm_works_with_the_embedded_model(tiny: PracticeServer, litellm: Any) -> None:
    told = {"model": "openai/tiny", "api_base": tiny.url, "api_key": "none", "temperature": 0}
    whole = await litellm.acompletion(messages=SUM, logprobs=True, **told)
    stream = await litellm.acompletion(messages=SUM, stream=True, stream_options={"include_usage": True}, **told)
    pieces = [piece async for piece in stream]
    row = await litellm.acompletion(messages=ROW, response_format=Message, **told)
    assert whole.choices[0].message.content.endswith("Answer: 42")
    assert (
        "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == whole.choices[0].message.content
    )
    assert pieces[-1].usage.total_tokens == whole.usage.total_tokens
    Message.model_validate_json(row.choices[0].message.content)
