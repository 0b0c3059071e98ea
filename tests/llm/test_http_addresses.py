"""Where a request may go: URLs as they are taken apart, names as they are looked up, addresses as they are tried."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import EndpointMissing, Unavailable
from loopwright.llm.heads import head
from loopwright.llm.http import Http
from loopwright.llm.messages import Request, chat
from loopwright.llm.practice import PracticeServer
from loopwright.llm.providers import Context, build
from loopwright.llm.providers.wire import Line, endpoint
from loopwright.spec.blocks import ModelBlock

ASKED = Request(chat("hello"), max_output_tokens=16)
Make = Callable[..., Http]


class Names:
    """A small internet: names and the addresses that they lead to, in order."""

    def __init__(self, **names: list[str]) -> None:
        self._names = names
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        await asyncio.sleep(0)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return self._names[host]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Http] = []

    def opened(resolver: Names) -> Http:
        made.append(Http(resolver=resolver))
        return made[-1]

    yield opened
    for http in made:
        await http.close()


@pytest.mark.parametrize("inside", ["10.0.0.1", "127.0.0.1", "fd00::1"])
async def test_one_address_inside_among_those_of_a_name_is_enough_to_refuse_it(inside: str, make: Make) -> None:
    with pytest.raises(EndpointMissing, match=inside):
        await make(Names(model=["93.184.216.34", inside])).post("http://model:9/v1", {}, b"{}")


async def test_addresses_are_tried_in_turn(make: Make) -> None:
    http = make(Names(model=["127.0.0.2", "127.0.0.1"]))
    async with PracticeServer() as server:
        block = ModelBlock(id="m", provider="openai", base_url=server.url.replace("127.0.0.1", "model"), allow_private=True)
        assert (await build(block, Context(http)).complete(ASKED)).text


async def test_many_who_ask_at_once_share_one_look_up_also_of_a_name_that_is_not_there(make: Make) -> None:
    names = Names(model=["127.0.0.1"])
    http = make(names)
    async with PracticeServer() as server:
        for host in ("model", "nowhere"):
            block = ModelBlock(id="m", provider="openai", base_url=server.url.replace("127.0.0.1", host), allow_private=True)
            provider = build(block, Context(http))
            met = await asyncio.gather(*(provider.complete(ASKED) for _ in range(20)), return_exceptions=True)
            assert [isinstance(one, Unavailable) for one in met] == [host == "nowhere"] * 20
    assert names.asked == ["model", "nowhere"]


async def test_an_address_that_was_allowed_for_one_model_is_not_reached_by_another(make: Make) -> None:
    http = make(Names(model=["127.0.0.1"]))
    async with PracticeServer() as server:
        url = server.url.replace("127.0.0.1", "model") + "/chat/completions"
        await http.post(url, {}, b'{"messages": []}', allow_private=True)
        with pytest.raises(EndpointMissing):
            await http.post(url, {}, b'{"messages": []}')


async def test_the_machine_knows_localhost(make: Make) -> None:
    http = Http()
    async with PracticeServer() as server:
        block = ModelBlock(id="m", provider="openai", base_url=server.url.replace("127.0.0.1", "localhost"))
        assert (await build(block, Context(http)).complete(ASKED)).text
    await http.close()


@pytest.mark.parametrize(
    "url",
    ["ftp://model/", "model:80", "http://", "http://:80/", "http://a b/", "http://me:hunter2@model/", "http://model:99999/",
     "http://[::1/", "http://a..b/", "http://mo\r\ndel%0d/", f"http://{'x' * 64}/"],
)  # fmt: skip
async def test_an_address_that_cannot_be_asked_is_one_to_mend(url: str, make: Make) -> None:
    with pytest.raises(EndpointMissing, match="mend `base_url`") as caught:
        await make(Names()).post(url, {}, b"{}")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "starts"),
    [
        ("http://Model/v1", "POST /v1 HTTP/1.1\r\nHost: model\r\n"),
        ("http://model:80/v1", "POST /v1 HTTP/1.1\r\nHost: model\r\n"),
        ("https://model:80/v1", "POST /v1 HTTP/1.1\r\nHost: model:80\r\n"),
        ("https://model", "POST / HTTP/1.1\r\nHost: model\r\n"),
        ("http://[::1]:8000/v1?a=b c#d", "POST /v1?a=b%20c HTTP/1.1\r\nHost: [::1]:8000\r\n"),
        ("http://modèle.example/é%20é", "POST /%C3%A9%20%C3%A9 HTTP/1.1\r\nHost: xn--modle-6ra.example\r\n"),
    ],
)
def test_a_url_becomes_the_head_that_http_wants(url: str, starts: str) -> None:
    assert head(url, {}, False).written.decode().startswith(starts)


@given(st.text(), st.text(), st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3))
def test_no_url_and_no_header_makes_a_second_line_or_a_second_request(path: str, query: str, headers: dict[str, str]) -> None:
    try:
        made = head(f"http://model/{path}?{query}", headers, False)
    except EndpointMissing:
        return
    lines = made.written.split(b"\r\n")
    hosts = 0 if "host" in {name.lower() for name in headers} else 1
    assert len(lines) == 1 + hosts + len(headers) + 1
    assert lines[0].count(b" ") == 2
    assert not any(forbidden in made.written.replace(b"\r\n", b"") for forbidden in (b"\r", b"\n", b"\0"))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h/v1", "http://h/v1/chat/completions"),
        ("http://h/v1/", "http://h/v1/chat/completions"),
        ("http://h", "http://h/chat/completions"),
        ("http://h/v1?api-version=3", "http://h/v1/chat/completions?api-version=3"),
    ],
)
def test_an_endpoint_lies_below_its_base(base: str, url: str) -> None:
    assert endpoint(base, "chat/completions") == url


async def test_a_block_may_replace_our_headers_however_it_spells_them(make: Make) -> None:
    async with PracticeServer() as server:
        line = Line(make(Names()), endpoint(server.url, "chat/completions"), False)
        await line.post({"user-agent": "someone else", "HOST": "other"}, b'{"messages": []}')
        head = server.requests[0].head.lower()
    assert head.count(b"user-agent") == head.count(b"host:") == 1
    assert b"user-agent: someone else" in head


def test_a_head_shows_no_secret() -> None:
    assert "sk-canary" not in repr(head("http://model/", {"Authorization": "Bearer sk-canary"}, False))


async def test_an_address_of_ipv6_is_asked(make: Make) -> None:
    try:
        server = await asyncio.start_server(_hello, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = server.sockets[0].getsockname()[1]
    http = make(Names())
    assert await http.post(f"http://[::1]:{port}/", {}, b"{}") == b"hello"
    server.close()


async def _hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n{}")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    writer.close()
