"""HTTP/1.1 as we speak it, against a server that says what it is told byte for byte: framing, reuse, limits, closing."""

from __future__ import annotations

import asyncio
import re
import socket
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import BadReply, ContextTooLong, EndpointMissing, Overloaded, Unavailable
from loopwright.llm.connection import HEAD_CAP, Connection, Shared
from loopwright.llm.http import Http

CLOSE = b"(and hangs up)"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Teller:
    """Answers each request with the next of `answers`; when there is none, it keeps silent."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self.answers = deque(answers)
        self.writers: list[asyncio.StreamWriter] = []
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def opened(self) -> int:
        """How many connections there have been."""
        return len(self.writers)

    @property
    def all_closed(self) -> bool:
        return all(talk.done() for talk in self._talks)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", head)
                assert length is not None
                self.requests.append(head + await reader.readexactly(int(length[1])))
                if not self.answers:
                    await asyncio.Event().wait()
                answer = self.answers.popleft()
                writer.write(answer.removesuffix(CLOSE))
                await writer.drain()
                if answer.endswith(CLOSE):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.close()


async def settle() -> None:
    """Lets both ends take in what is on its way between them."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" + OK, b"ok"),
        (CHUNKED + b"2\r\nok\r\n3;why=not\r\n, w\r\n0\r\nX-Trailer: 1\r\n\r\n", b"ok, w"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end" + CLOSE, b"until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" + CLOSE, b"ok"),
        (b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: deflate\r\nContent-Length: 10\r\n\r\n" + zlib.compress(b"ok"), b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ],
)
async def test_a_body_ends_where_the_server_says_it_does(answer: bytes, body: bytes, http: Http) -> None:
    async with Teller(answer) as server:
        assert await http.post(server.url, {}, b"{}") == body


@asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    """A connection over a real socket, whose other end keeps silent."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection("host:1", 100, Shared()), sock=ours)
    try:
        yield connection
    finally:
        theirs.close()
        connection.abort()
        await settle()


def receive(connection: Connection, piece: bytes) -> None:
    connection.get_buffer(-1)[: len(piece)] = piece
    connection.buffer_updated(len(piece))


@given(st.lists(st.integers(0, 130), max_size=12))
def test_where_an_answer_is_cut_on_its_way_changes_nothing(cuts: list[int]) -> None:
    whole = b"HTTP/1.1 100 Continue\r\n\r\n" + CHUNKED + b"2\r\nok\r\n3\r\nay!\r\n0\r\nX-Trailer: 1\r\n\r\n"
    ends = [*(cut for cut in sorted(cuts) if cut < len(whole)), len(whole)]

    async def feed() -> bytes:
        async with connected() as connection:
            answer = connection.ask(b"")
            for start, end in zip([0, *ends], ends, strict=False):
                if start < end:
                    receive(connection, whole[start:end])
            assert connection.reusable()
            return (await answer).body

    assert asyncio.run(feed()) == b"okay!"


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_any_bytes_are_an_answer_or_an_error_that_may_be_billed(pieces: list[bytes]) -> None:
    async def feed() -> None:
        async with connected() as connection:
            answer = connection.ask(b"")
            for piece in (b"HTTP/1.1 ", *pieces):
                if not connection.ended():
                    receive(connection, piece)
            connection.abort()
            try:
                await answer
            except (BadReply, Unavailable) as error:
                assert error.charged

    asyncio.run(feed())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz", "another protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", "understood"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "understood"),
        (b"SSH-2.0-OpenSSH\r\n", "understood"),
        (CHUNKED + b"zz\r\n", "understood"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok", "'br', which nobody asked for"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_CAP + b"\r\nContent-Length: 2\r\n\r\nok", f"{HEAD_CAP} bytes"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, f"{HEAD_CAP} bytes"),
        (CHUNKED + b"2\r\nok\r\n0\r\nX: " + b"x" * 2**20, f"{HEAD_CAP} bytes"),
        (CHUNKED + b"2;" + b"x" * 2**20, f"{HEAD_CAP} bytes"),
    ],
)
async def test_what_is_not_our_http_is_a_bad_reply(answer: bytes, says: str, http: Http) -> None:
    async with Teller(answer, OK) as server:
        with pytest.raises(BadReply, match=says) as caught:
            await http.post(server.url, {}, b"{}")
        assert caught.value.charged
        assert await http.post(server.url, {}, b"{}") == b"ok"


@pytest.mark.parametrize("cap", [1, 10])
async def test_a_body_of_just_the_cap_is_read_and_one_byte_more_is_not(cap: int) -> None:
    http = Http(cap=cap)
    fitting = CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (cap, b"x" * cap)
    async with Teller(fitting, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (cap + 1, b"x" * (cap + 1))) as server:
        assert await http.post(server.url, {}, b"{}") == b"x" * cap
        with pytest.raises(BadReply, match=f"more than {cap} bytes"):
            await http.post(server.url, {}, b"{}")
    await http.close()


@pytest.mark.parametrize("more", [b"x", b"HTT", OK, b"HTTP/1.1 500 No\r\nContent-Encoding: br\r\n", b"\x00"])
@pytest.mark.parametrize("late", [False, True])
async def test_what_nobody_asked_for_is_never_taken_for_an_answer(more: bytes, late: bool, http: Http) -> None:
    own = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown"
    async with Teller(OK + (b"" if late else more), own) as server:
        assert await http.post(server.url, {}, b"{}") == b"ok"
        if late:
            # The server's end of the one connection speaks up unasked.
            server.writers[0].write(more)
            await settle()
        assert await http.post(server.url, {}, b"{}") == b"own"
        assert server.opened == 2


async def test_the_answer_to_a_request_that_was_given_up_reaches_nobody(http: Http) -> None:
    async with Teller() as server:
        call = asyncio.create_task(http.post(server.url, {}, b"first"))
        while not server.requests:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        server.answers.append(OK)
        assert await http.post(server.url, {}, b"second") == b"ok"
        assert server.opened == 2


async def test_many_at_once_each_get_their_own_answer(http: Http) -> None:
    bodies = [f"number {number}".encode() for number in range(100)]

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            if head.startswith(b"Content-Length: "):
                body = await reader.readexactly(2 + int(head.split()[1]))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body) - 2, body[2:]))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for _ in range(3):
        assert await asyncio.gather(*(http.post(url, {}, body) for body in bodies)) == bodies
    await http.close()
    server.close()
    await settle()


async def test_a_server_that_hung_up_meanwhile_is_dialled_again(http: Http) -> None:
    async with Teller(OK + CLOSE, OK) as server:
        assert await http.post(server.url, {}, b"{}") == b"ok"
        await settle()
        assert await http.post(server.url, {}, b"{}") == b"ok"
        assert server.opened == 2


async def test_a_server_that_hangs_up_on_a_request_may_have_billed_it(http: Http) -> None:
    async with Teller(OK, CLOSE) as server:
        assert await http.post(server.url, {}, b"{}") == b"ok"
        with pytest.raises(Unavailable, match="before it answered") as caught:
            await http.post(server.url, {}, b"{}")
        assert caught.value.charged
        assert len(server.requests) == 2
        assert server.opened == 1


@pytest.mark.parametrize("answer", [OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), OK.replace(b"1.1", b"1.0")])
async def test_a_server_that_says_it_will_hang_up_is_not_asked_again_there(answer: bytes, http: Http) -> None:
    async with Teller(answer, OK) as server:
        for _ in range(2):
            assert await http.post(server.url, {}, b"{}") == b"ok"
        assert server.opened == 2


async def test_connections_that_nobody_uses_are_dropped() -> None:
    http = Http(idle_s=0.0)
    async with Teller(OK, OK) as server:
        assert await http.post(server.url, {}, b"{}") == b"ok"
        while not server.all_closed:
            await asyncio.sleep(0)
        assert await http.post(server.url, {}, b"{}") == b"ok"
        assert server.opened == 2
    await http.close()


async def test_closing_ends_what_is_under_way(http: Http) -> None:
    async with Teller(b"HTTP/1.1 200 OK\r\n\r\nhalf of i") as server:
        call = asyncio.create_task(http.post(server.url, {}, b"{}"))
        while not server.requests:
            await asyncio.sleep(0)
        await settle()
        await http.close()
        with pytest.raises(Unavailable):
            await call


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 429 Slow\r\nRETRY-AFTER: 7\r\nContent-Length: 99\r\n\r\nhalf" + CLOSE,
        b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 2**20,
        b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
    ],
)
async def test_of_a_refusal_that_is_cut_or_endless_the_status_counts(answer: bytes, http: Http) -> None:
    async with Teller(answer) as server:
        with pytest.raises(Overloaded, match="429") as caught:
            await http.post(server.url, {}, b"{}")
        assert not caught.value.charged
        assert caught.value.retry_after == 7


async def test_an_answer_before_the_whole_request_was_sent_counts(http: Http) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for _ in range(2):
        with pytest.raises(ContextTooLong):
            await http.post(url, {}, bytes(2**25))
    assert len(writers) == 2
    server.close()
    for writer in writers:
        writer.transport.abort()
    await settle()


async def test_a_request_of_many_megabytes_arrives_whole(http: Http) -> None:
    body = bytes(range(256)) * 2**17
    async with Teller(OK) as server:
        assert await http.post(server.url, {}, body) == b"ok"
        assert server.requests[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X": "\0"}, {"X\r\nY": "b"}, {"": "b"}, {"X": "\ud800"}, {"content-length": "0"},
     {"Transfer-Encoding": "chunked"}],
)  # fmt: skip
async def test_headers_that_would_be_something_else_are_refused_before_anything_is_sent(
    headers: dict[str, str], http: Http
) -> None:
    async with Teller(OK) as server:
        with pytest.raises(EndpointMissing, match="cannot be put into HTTP"):
            await http.post(server.url, {"Authorization": "Bearer sk-canary", **headers}, b"{}")
        assert server.opened == 0
