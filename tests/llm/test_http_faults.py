"""The rows of the fault table that concern one exchange, each against a real server on loopback that really misbehaves."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp.web
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import (
    BadReply,
    CallError,
    ContextTooLong,
    EndpointMissing,
    KeyRejected,
    LoopwrightError,
    Overloaded,
    QuotaExhausted,
    Rejected,
    Unavailable,
    Unsupported,
)
from loopwright.llm.http import Http
from loopwright.llm.messages import Request, chat
from loopwright.llm.practice import PracticeServer
from loopwright.llm.providers import Context, build
from loopwright.llm.quoting import quote, secrets_in
from loopwright.llm.statuses import LONGEST_WAIT, Refusal, error_of, retry_after
from loopwright.spec.blocks import ModelBlock

SECRET = "sk-canary-0badcafe"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
ASKED = Request(chat("hello"), max_output_tokens=16)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.close()


async def fate(http: Http, fault: str) -> CallError | LoopwrightError:
    """The error that a call meets when the server always has this fault."""
    async with PracticeServer({fault: 1.0}) as server:
        provider = build(ModelBlock(id="m", provider="openai", base_url=server.url), Context(http))
        with pytest.raises(LoopwrightError) as caught:
            await provider.complete(ASKED)
        assert server.calls == 1
    return caught.value


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", Overloaded),
        ("503", Overloaded),
        ("529", Overloaded),
        ("500", Unavailable),
        ("502", Unavailable),
        ("401", KeyRejected),
        ("403", KeyRejected),
        ("404", EndpointMissing),
        ("quota", QuotaExhausted),
        ("context", ContextTooLong),
        ("400", Rejected),
        ("redirect", EndpointMissing),
    ],
)
async def test_a_status_becomes_the_error_that_says_how_to_recover(
    fault: str, error: type[LoopwrightError], http: Http
) -> None:
    met = await fate(http, fault)
    assert type(met) is error
    if isinstance(met, CallError):
        assert not met.charged


@pytest.mark.parametrize("fault", ["reset", "hang-up", "reset-body", "truncated", "truncated-chunks", "504"])
async def test_what_breaks_off_after_it_was_sent_may_be_billed(fault: str, http: Http) -> None:
    met = await fate(http, fault)
    assert type(met) is Unavailable
    assert met.charged


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "malformed", "html", "not-utf8", "empty", "nan", "infinity", "1e999", "wrong-types", "negative-usage", "absurd-usage",
        "empty-choices", "null-content", "gzip-broken", "gzip-bomb", "huge", "huge-chunks", "long-header", "many-headers",
    ],
)  # fmt: skip
async def test_nonsense_is_a_bad_reply_that_may_be_billed(fault: str, http: Http) -> None:
    met = await fate(http, fault)
    assert type(met) is BadReply
    assert met.charged


@pytest.mark.slow
async def test_a_gzip_bomb_and_a_flood_leave_memory_flat() -> None:
    http = Http(cap=2**20)
    await fate(http, "gzip-bomb")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for fault in ("gzip-bomb", "huge", "huge-chunks"):
        met = await fate(http, fault)
        assert type(met) is BadReply
        assert "1048576 bytes" in str(met)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024
    await http.close()


async def test_a_drip_ends_at_the_deadline_around_the_exchange(http: Http) -> None:
    async with PracticeServer({"drip": 1.0}) as server:
        provider = build(ModelBlock(id="m", provider="openai", base_url=server.url), Context(http))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await provider.complete(ASKED)
        while server.connections:
            await asyncio.sleep(0)


async def test_honest_compression_is_read(http: Http) -> None:
    async with PracticeServer({"gzip": 1.0}) as server:
        provider = build(ModelBlock(id="m", provider="openai", base_url=server.url), Context(http))
        assert (await provider.complete(ASKED)).text


async def test_missing_usage_is_unknown_not_nothing(http: Http) -> None:
    async with PracticeServer({"no-usage": 1.0}) as server:
        for kind in ("openai", "anthropic"):
            provider = build(ModelBlock(id="m", provider=kind, base_url=server.url), Context(http))
            assert (await provider.complete(ASKED)).usage is None


async def test_a_redirect_is_not_followed_and_names_only_the_host(http: Http) -> None:
    met = await fate(http, "redirect")
    assert "elsewhere.example" in str(met)
    assert "a=b" not in str(met)


async def test_a_connection_is_used_again(http: Http) -> None:
    async with PracticeServer() as server:
        provider = build(ModelBlock(id="m", provider="openai", base_url=server.url), Context(http))
        for _ in range(5):
            await provider.complete(ASKED)
        assert server.connections == 1


async def test_a_large_prompt_goes_out(http: Http) -> None:
    async with PracticeServer() as server:
        provider = build(ModelBlock(id="m", provider="openai", base_url=server.url), Context(http))
        await provider.complete(Request(chat("word " * 500_000)))
        assert len(server.requests[0].body) > 2**21


async def test_a_refused_connection_is_not_billed(http: Http) -> None:
    async with PracticeServer() as server:
        url = server.url
    provider = build(ModelBlock(id="m", provider="openai", base_url=url), Context(http))
    with pytest.raises(Unavailable, match="refused") as caught:
        await provider.complete(ASKED)
    assert not caught.value.charged


async def test_plain_http_behind_https_is_an_endpoint_to_mend(http: Http) -> None:
    async with PracticeServer() as server:
        url = server.url.replace("http://", "https://")
        provider = build(ModelBlock(id="m", provider="openai", base_url=url), Context(http))
        with pytest.raises(EndpointMissing, match="TLS"):
            await provider.complete(ASKED)


class Names:
    """A small internet: names and where they lead."""

    def __init__(self, **names: str) -> None:
        self._names = names
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host not in self._names:
            raise OSError(None, "no such name")
        return [self._names[host]]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0",
        "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    names = Names(model=address)
    http = Http(resolver=names)
    with pytest.raises(EndpointMissing, match="allow_private: true"):
        await http.post("http://model:9/v1", {}, b"{}")
    assert names.asked == ["model"]
    await http.close()


async def test_allow_private_lets_a_name_lead_inside() -> None:
    http = Http(resolver=Names(model="127.0.0.1"))
    async with PracticeServer() as server:
        block = ModelBlock(id="m", provider="openai", base_url=server.url.replace("127.0.0.1", "model"), allow_private=True)
        assert (await build(block, Context(http)).complete(ASKED)).text
        with pytest.raises(EndpointMissing):
            await build(block.model_copy(update={"allow_private": False}), Context(http)).complete(ASKED)
    await http.close()


async def test_localhost_may_be_loopback() -> None:
    http = Http(resolver=Names(localhost="127.0.0.1"))
    async with PracticeServer() as server:
        block = ModelBlock(id="m", provider="openai", base_url=server.url.replace("127.0.0.1", "localhost"))
        assert (await build(block, Context(http)).complete(ASKED)).text
    await http.close()


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://2852039166/",
     "http://127.1:9/", "http://[fd00:ec2::254]/", "http://100.100.100.200/"],
)  # fmt: skip
async def test_metadata_addresses_are_refused_however_they_are_spelt(url: str) -> None:
    http = Http(resolver=Names())
    with pytest.raises(EndpointMissing):
        await http.post(url, {}, b"{}")
    await http.close()


async def test_a_name_that_does_not_exist_may_exist_later_and_costs_nothing() -> None:
    http = Http(resolver=Names())
    with pytest.raises(Unavailable, match="cannot be resolved") as caught:
        await http.post("http://nowhere.example/v1", {}, b"{}")
    assert not caught.value.charged
    await http.close()


async def test_a_closed_http_opens_again_and_closing_twice_is_fine(http: Http) -> None:
    async with PracticeServer() as server:
        provider = build(ModelBlock(id="m", provider="openai", base_url=server.url), Context(http))
        await provider.complete(ASKED)
        await http.close()
        await http.close()
        await provider.complete(ASKED)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_WAIT),
        ({"Retry-After": "1e308"}, LONGEST_WAIT),
        ({"Retry-After": "1e999"}, LONGEST_WAIT),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9.0),
    ],
)
def test_retry_after_is_obeyed_within_reason(headers: dict[str, str], wait: float | None) -> None:
    assert retry_after(headers, NOON) == wait


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_retry_after_is_a_wait_of_at_most_an_hour_or_none(given_: str, in_ms: str) -> None:
    wait = retry_after({"Retry-After": given_, "retry-after-ms": in_ms}, NOON)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@given(st.integers(400, 599), st.binary(max_size=200))
def test_any_error_body_becomes_an_error(status: int, body: bytes) -> None:
    error = error_of(Refusal("host:1", status, {}, body), NOON)
    assert str(status) in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8"}}',
         ContextTooLong),
        (413, b"too large", ContextTooLong),
        (400, b'{"error":{"message":"Your credit balance is too low to access the API"}}', QuotaExhausted),
        (402, b"", QuotaExhausted),
        (429, b'{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}', QuotaExhausted),
        (429, b'{"error":{"message":"You exceeded your current quota, per minute","code":429}}', Overloaded),
        (400, b'{"error":{"message":"Invalid schema for response_format","param":"response_format"}}', Unsupported),
        (422, b'{"detail":[{"msg":"Extra inputs are not permitted","loc":["body","seed"]}]}', Unsupported),
        (400, b'{"error":{"message":"max_tokens is too large: 100000. This model supports at most 4096"}}', Rejected),
        (408, b"", Unavailable),
        (409, b"", Unavailable),
        (524, b"", Unavailable),
        (418, b"[]", Rejected),
        (400, b'{"error":"flat"}', Rejected),
    ],
)  # fmt: skip
def test_the_words_of_known_servers_are_understood(status: int, body: bytes, error: type[LoopwrightError]) -> None:
    assert type(error_of(Refusal("host:1", status, {}, body), NOON)) is error


async def test_a_server_that_echoes_the_key_does_not_get_it_into_a_message() -> None:
    body = f'{{"error":{{"message":"bad key {SECRET}, \\u001b[31mreally"}}}}'.encode()
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    refusal = Refusal("host:1", 401, {}, body, secrets_in(headers))
    said = str(error_of(refusal, NOON))
    assert SECRET not in said
    assert "[secret]" in said
    assert "\x1b" not in said
    assert "application/json" not in refusal.secrets


@given(st.text(), st.integers(10, 400))
def test_a_quote_is_short_and_printable(text: str, limit: int) -> None:
    quoted = quote(text, limit=limit)
    assert len(quoted) <= limit
    assert "\n" not in quoted
    assert "\x1b" not in quoted


async def test_a_plain_aiohttp_server_is_understood_too(http: Http) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for part in (b'{"choices":[{"message":{"content":', b'"in chunks"},', b'"finish_reason":"stop"}]}'):
            await response.write(part)
        return response

    app = aiohttp.web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    provider = build(ModelBlock(id="m", provider="openai", base_url=f"http://127.0.0.1:{port}/v1"), Context(http))
    assert (await provider.complete(ASKED)).text == "in chunks"
    await runner.cleanup()
