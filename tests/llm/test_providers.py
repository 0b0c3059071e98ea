"""Every provider keeps the same promises: a `Reply` of the right types or one of our errors, no secret shown, cancellable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from loopwright.errors import BoundaryError, LoopwrightError, SpecError, Unsupported, UsageError
from loopwright.llm.http import Http
from loopwright.llm.messages import Message, Reply, Request, Usage, chat
from loopwright.llm.practice import FAULTS, PracticeServer
from loopwright.llm.probe import probe
from loopwright.llm.provider import Provider
from loopwright.llm.providers import PROVIDERS, Context, Foreign, build, check
from loopwright.llm.providers.tiny import Tiny
from loopwright.llm.structured import read, shape
from loopwright.llm.tiny.serving import WEIGHTS
from loopwright.spec.blocks import FromEnv, ModelBlock

SECRET = "sk-canary-4d1f9c27"
ON_THE_WIRE = ("openai", "anthropic", "litellm")
RECORDED = Request(chat("What is 2 + 3?"), temperature=0.0, max_output_tokens=60)

Make = Callable[..., Provider]


async def slowly(request: Request) -> str:
    await asyncio.sleep(60)
    return "too late"


def parrot(request: Request) -> str:
    return f"you said {request.messages[-1].content}"


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.close()


def block_of(kind: str, url: str, **more: Any) -> ModelBlock:
    fields: dict[str, dict[str, Any]] = {
        "openai": {"base_url": url, "api_key_env": "KEY"},
        "anthropic": {"base_url": url, "api_key_env": "KEY"},
        "litellm": {"base_url": url, "api_key_env": "KEY", "model": "openai/practice"},
        "scripted": {"script": "script:parrot"},
        "replay": {"cassette": "cassette.jsonl"},
        "record": {"cassette": "cassette.jsonl", "of": "scripted"},
        "replay_proxy": {"cassette": "answers.jsonl", "model": "weak"},
        "refusing": {},
        "tiny": {},
        "python": {},
    }
    return ModelBlock(**{"id": kind, "provider": kind, **fields[kind], **more})


@pytest.fixture(params=PROVIDERS.builtin)
async def made(
    request: pytest.FixtureRequest, http: Http, tmp_path: Path, ending: Path
) -> AsyncIterator[tuple[str, Make, PracticeServer]]:
    """Makes a provider of the kind; wire providers talk to a practice server of their own."""
    kind = request.param
    if kind == "litellm" and find_spec("litellm") is None:
        pytest.skip("the extra `litellm` is not installed")
    (tmp_path / "script.py").write_text(
        "import asyncio\n"
        "def parrot(request): return 'you said ' + request.messages[-1].content\n"
        "async def slowly(request): await asyncio.sleep(60)\n"
    )
    answers = '{"question": "What is 2 + 3?", "weak": {"solution": "6"}, "strong": {"solution": "5"}}'
    (tmp_path / "answers.jsonl").write_text(answers)
    async with PracticeServer() as server:
        given = {"python": build(block_of("scripted", "", id="given"), Context(http, folder=tmp_path))}
        context = Context(http, {"scripted": block_of("scripted", "")}, tmp_path, {"KEY": SECRET}, given=given)
        if kind == "replay":
            await build(block_of("record", ""), context).complete(RECORDED)
        if kind == "tiny" and not WEIGHTS.exists():
            yield kind, lambda **more: Tiny(block_of(kind, "", **more), context, ending), server
            return
        yield kind, lambda **more: build(block_of(kind, server.url, **more), context), server


async def test_every_kind_answers_with_a_whole_reply_or_one_of_our_errors(made: tuple[str, Make, PracticeServer]) -> None:
    kind, make, _ = made
    try:
        reply = await make().complete(RECORDED)
    except LoopwrightError:
        assert kind == "refusing"
        return
    assert isinstance(reply, Reply)
    assert reply.text
    assert reply.model
    assert reply.finish == "stop"
    assert reply.refusal is None
    assert isinstance(reply.usage, Usage)
    assert reply.usage.input > 0
    assert reply.usage.output > 0


async def test_no_kind_shows_a_secret(made: tuple[str, Make, PracticeServer]) -> None:
    _, make, _ = made
    provider = make()
    try:
        shown = repr(await provider.complete(RECORDED))
    except LoopwrightError as error:
        shown = repr(error)
    assert SECRET not in shown + repr(provider)


async def test_every_kind_makes_structured_answers_possible(made: tuple[str, Make, PracticeServer]) -> None:
    kind, make, _ = made
    if kind not in ON_THE_WIRE:
        return
    properties = {"n": {"type": "integer"}, "why": {"type": "string"}}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": ["n", "why"]}
    for ability in ("json_schema", "json_object", "prompt"):
        request = shape(Request(chat("how many"), schema=schema), ability)
        if kind == "anthropic" and ability == "json_object":
            with pytest.raises(Unsupported):
                await make().complete(request)
            continue
        answer = read(schema, (await make().complete(request)).text)
        assert isinstance(answer, dict)
        assert isinstance(answer["n"], int)


@pytest.mark.parametrize(
    "fault", [name for name in FAULTS if name not in ("drip", "silent", "huge", "huge-chunks", "gzip-bomb")]
)
async def test_no_fault_gets_past_the_error_family(fault: str, http: Http) -> None:
    async with PracticeServer({fault: 1.0}) as server:
        for kind in ("openai", "anthropic"):
            provider = build(block_of(kind, server.url), Context(http, environ={"KEY": SECRET}))
            try:
                reply = await provider.complete(RECORDED)
            except LoopwrightError as error:
                assert SECRET not in str(error)
                assert len(str(error)) < 700
            else:
                assert reply.text or reply.finish == "refusal"


@pytest.mark.skipif(find_spec("litellm") is None, reason="the extra `litellm` is not installed")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429-seconds", "Overloaded"),
        ("quota", "QuotaExhausted"),
        ("401", "KeyRejected"),
        ("404", "EndpointMissing"),
        ("context", "ContextTooLong"),
        ("500", "Unavailable"),
        ("reset", "Unavailable"),
        ("empty-choices", "BadReply"),
        ("no-usage", None),
    ],
)
async def test_litellm_meets_each_fault_once_and_says_it_in_our_words(fault: str, error: str | None, http: Http) -> None:
    async with PracticeServer({fault: 1.0}) as server:
        provider = build(block_of("litellm", server.url), Context(http, environ={"KEY": SECRET}))
        if error is None:
            assert (await provider.complete(RECORDED)).usage is None
        else:
            with pytest.raises(LoopwrightError) as caught:
                await provider.complete(RECORDED)
            assert type(caught.value).__name__ == error
            assert getattr(caught.value, "retry_after", None) == (1.0 if fault == "429-seconds" else None)
            assert SECRET not in str(caught.value)
        assert server.calls == 1


async def test_a_cancelled_call_leaves_no_connection_behind(http: Http) -> None:
    async with PracticeServer({"silent": 1.0}) as server:
        for kind in ("openai", "anthropic"):
            provider = build(block_of(kind, server.url), Context(http, environ={"KEY": SECRET}))
            call = asyncio.create_task(provider.complete(RECORDED))
            while not server.connections:
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            while server.connections:
                await asyncio.sleep(0)


async def test_a_cancelled_script_stops() -> None:
    provider = build(block_of("scripted", "", script=f"{__name__}:slowly"), Context(Http(), folder=Path("/nonexistent")))
    call = asyncio.create_task(provider.complete(RECORDED))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_litellm_without_its_extra_says_what_to_install(http: Http) -> None:
    if find_spec("litellm") is not None:
        pytest.skip("the extra `litellm` is installed")
    with pytest.raises(UsageError, match=r"pip install 'loopwright\[litellm\]'"):
        build(block_of("litellm", "http://127.0.0.1:1"), Context(http, environ={"KEY": SECRET}))


@pytest.mark.parametrize(
    ("block", "path", "message"),
    [
        (ModelBlock(id="m", provider="opnai"), "models[0].provider", "did you mean 'openai'"),
        (ModelBlock(id="m", provider="scripted"), "models[0].script", "needs `script`"),
        (ModelBlock(id="m", provider="replay"), "models[0].cassette", "needs `cassette`"),
        (ModelBlock(id="m", provider="record", cassette="c"), "models[0].of", "needs `of`"),
        (ModelBlock(id="m", provider="record", cassette="c", of="wirter"), "models[0].of", "did you mean 'writer'"),
        (ModelBlock(id="m", provider="openai", cassette="c"), "models[0].cassette", "no use for `cassette`"),
        (ModelBlock(id="m", provider="openai", base_url="http://me:pw@host/"), "models[0].base_url", "name or a password"),
        (ModelBlock(id="m", provider="openai", base_url="http://:80/"), "models[0].base_url", "not an address"),
    ],
)
def test_a_block_that_cannot_work_is_found_out_before_it_runs(block: ModelBlock, path: str, message: str) -> None:
    blocks = {"m": block, "writer": ModelBlock(id="writer", provider="openai")}
    error = SpecError(check(block, blocks, "models[0]"))
    assert str(error).startswith(path)
    assert message in str(error)


def test_a_block_that_works_has_no_problems() -> None:
    assert check(ModelBlock(id="m", provider="openai")) == []


async def test_a_probe_finds_what_an_endpoint_can_do(http: Http) -> None:
    for fault, ability in ((None, "json_schema"), ("no-json-schema", "json_object"), ("no-json", "prompt")):
        async with PracticeServer({fault: 1.0} if fault else None) as server:
            block = block_of("openai", server.url)
            report = await probe(build(block, Context(http, environ={"KEY": SECRET})), block)
            assert (report.ok, report.ability) == (True, ability)
            assert report.fields()["ability"] == ability


async def test_a_probe_of_an_endpoint_without_json_still_answers(http: Http) -> None:
    async with PracticeServer(answer=lambda asked: "Certainly! Here you go.") as server:
        block = block_of("openai", server.url)
        report = await probe(build(block, Context(http, environ={"KEY": SECRET})), block)
    assert (report.ok, report.ability, server.calls) == (True, "prompt", 3)
    assert "not in JSON" in report.diagnosis


@pytest.mark.parametrize(
    ("fault", "error", "advice"),
    [
        ("401", "KeyRejected", "api_key_env"),
        ("404", "EndpointMissing", "`model`"),
        ("quota", "QuotaExhausted", "out of quota"),
        ("429", "Overloaded", "limits.rpm"),
        ("html", "BadReply", "something else than a model server"),
        ("redirect", "EndpointMissing", "elsewhere.example"),
        ("silent", "TimedOut", "limits.timeout_s"),
        ("hang-up", "Unavailable", "cannot be reached"),
    ],
)
async def test_a_probe_says_what_to_mend(fault: str, error: str, advice: str, http: Http) -> None:
    async with PracticeServer({fault: 1.0}) as server:
        block = block_of("openai", server.url, limits={"timeout_s": 0.05 if fault == "silent" else 60.0})
        report = await probe(build(block, Context(http, environ={"KEY": SECRET})), block)
    assert (report.ok, report.ability, report.error) == (False, None, error)
    assert advice in report.diagnosis


async def test_a_probe_of_a_closed_port_says_that_nothing_listens(http: Http) -> None:
    async with PracticeServer() as server:
        url = server.url
    block = block_of("openai", url)
    report = await probe(build(block, Context(http, environ={"KEY": SECRET})), block)
    assert report.error == "Unavailable"
    assert "refused" in report.diagnosis


async def test_what_needs_no_probe_is_not_asked(http: Http, tmp_path: Path) -> None:
    block = block_of("scripted", "", script=["only answer"])
    provider = build(block, Context(http))
    assert not (await probe(provider, block)).probed
    assert (await provider.complete(RECORDED)).text == "only answer"


async def test_keys_and_headers_are_read_when_they_are_sent(http: Http) -> None:
    environ = {"KEY": "first-key", "ORG": "our-org"}
    async with PracticeServer() as server:
        block = block_of("openai", server.url, headers={"X-Org": FromEnv(env="ORG"), "X-Plain": "plain"})
        provider = build(block, Context(http, environ=environ))
        await provider.complete(RECORDED)
        environ["KEY"] = "second-key"
        await provider.complete(RECORDED)
        first, second = (seen.headers for seen in server.requests)
    assert (first["authorization"], first["x-org"], first["x-plain"]) == ("Bearer first-key", "our-org", "plain")
    assert second["authorization"] == "Bearer second-key"


async def test_a_local_server_is_never_sent_the_key_of_another(http: Http) -> None:
    async with PracticeServer() as server:
        for kind in ("openai", "anthropic"):
            block = ModelBlock(id="m", provider=kind, base_url=server.url)
            context = Context(http, environ={"OPENAI_API_KEY": SECRET, "ANTHROPIC_API_KEY": SECRET})
            await build(block, context).complete(RECORDED)
        assert all(SECRET.encode() not in seen.head for seen in server.requests)


@pytest.mark.parametrize("value", [None, "", "two\nlines", "clé"])
async def test_a_key_that_cannot_be_sent_stops_the_run_without_showing_it(value: str | None, http: Http) -> None:
    environ = {} if value is None else {"OPENAI_API_KEY": value}
    with pytest.raises(LoopwrightError, match="OPENAI_API_KEY") as caught:
        await build(ModelBlock(id="m", provider="openai"), Context(http, environ=environ)).complete(RECORDED)
    assert type(caught.value).__name__ == "KeyRejected"
    assert not value or value not in str(caught.value)


async def test_a_server_that_insists_on_the_other_token_parameter_gets_it(http: Http) -> None:
    async with PracticeServer({"no-max-tokens": 1.0}) as server:
        provider = build(block_of("openai", server.url), Context(http, environ={"KEY": SECRET}))
        await provider.complete(RECORDED)
        await provider.complete(RECORDED)
        assert ["max_tokens" in seen.json for seen in server.requests] == [True, False, False]
        insisting = build(block_of("openai", server.url, token_param="max_tokens"), Context(http, environ={"KEY": SECRET}))
        with pytest.raises(Unsupported):
            await insisting.complete(RECORDED)


async def test_openai_is_sent_what_was_asked(http: Http) -> None:
    request = Request(
        (Message("system", "be brief"), Message("user", "hi")),
        temperature=0.0,
        top_p=0.5,
        max_output_tokens=5,
        stop=("END",),
        seed=0,
        logprobs=True,
    )
    async with PracticeServer() as server:
        reply = await build(block_of("openai", server.url), Context(http, environ={"KEY": SECRET})).complete(request)
        sent = server.requests[0].json
    assert sent == {
        "model": "openai",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "temperature": 0.0,
        "top_p": 0.5,
        "max_tokens": 5,
        "stop": ["END"],
        "seed": 0,
        "logprobs": True,
    }
    assert reply.finish == "length"
    assert reply.usage is not None
    assert reply.usage.output == 5
    assert reply.logprobs is not None
    assert [each.token for each in reply.logprobs] == reply.text.split(" ")


async def test_anthropic_is_sent_what_was_asked(http: Http) -> None:
    messages = (Message("system", "be brief"), Message("user", "hi"), Message("system", "be kind"))
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}
    request = Request(messages, temperature=0.0, stop=("END",), seed=3, schema=schema)
    async with PracticeServer() as server:
        await build(block_of("anthropic", server.url), Context(http, environ={"KEY": SECRET})).complete(request)
        seen = server.requests[0]
    assert seen.path == "/v1/messages"
    assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == (SECRET, "2023-06-01")
    assert seen.json == {
        "model": "anthropic",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hi"}],
        "system": "be brief\n\nbe kind",
        "temperature": 0.0,
        "stop_sequences": ["END"],
        "output_config": {"format": {"type": "json_schema", "schema": {**schema, "additionalProperties": False}}},
    }


async def test_refusals_are_told_apart_from_answers(http: Http) -> None:
    for fault in ("refusal", "content-filter"):
        async with PracticeServer({fault: 1.0}) as server:
            for kind in ("openai", "anthropic"):
                reply = await build(block_of(kind, server.url), Context(http, environ={"KEY": SECRET})).complete(RECORDED)
                assert (reply.text, reply.finish) == ("", "refusal")
                assert reply.refusal


async def test_a_script_is_counted_in_words_and_held_to_the_limit(http: Http) -> None:
    provider = build(block_of("scripted", "", script=["one two three four"]), Context(http))
    reply = await provider.complete(Request(chat("say  something long"), max_output_tokens=3))
    assert (reply.text, reply.finish, reply.usage) == ("one two three", "length", Usage(3, 3))
    assert reply.model == "scripted:scripted"
    with pytest.raises(LoopwrightError, match="no answer left after 1"):
        await provider.complete(RECORDED)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise KeyError('lost')", "KeyError"),
        ("return 7", "returned int"),
        ("return '\\ud800'", "not Unicode"),
        ("raise loopwright.errors.Overloaded('scripted')", "scripted"),
    ],
)
async def test_what_a_script_raises_is_blamed_on_it(body: str, says: str, http: Http, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"import loopwright.errors\ndef answer(request):\n    {body}\n")
    provider = build(block_of("scripted", "", script="mine:answer"), Context(http, folder=tmp_path))
    with pytest.raises(LoopwrightError, match=says) as caught:
        await provider.complete(RECORDED)
    assert caught.value.kind == ("Overloaded" if "Overloaded" in body else "BoundaryError")  # type: ignore[attr-defined]


async def test_a_script_that_does_not_load_is_a_spec_error(http: Http, tmp_path: Path) -> None:
    for script in ("nowhere:function", "os:nothing", "os:sep"):
        with pytest.raises(SpecError, match="script"):
            build(block_of("scripted", "", script=script), Context(http, folder=tmp_path))


async def test_what_a_foreign_provider_raises_is_blamed_on_it() -> None:
    class Broken:
        async def complete(self, request: Request) -> Reply:
            raise ZeroDivisionError("by it")

    provider = Foreign(ModelBlock(id="m", provider="broken"), Broken())
    with pytest.raises(BoundaryError, match="provider 'broken' of model 'm': ZeroDivisionError: by it"):
        await provider.complete(Request(chat("hello")))
