"""One client of the practice server: reads its requests one after the other, and is what answers and faults are played on."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson

from loopwright.llm.practice.bodies import Wrong

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.I)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close", re.I)
_WAITS = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.I)
_LONGEST_HEAD = 2**16
_LONGEST_BODY = 2**26
_NO_HTTP = b"HTTP/1.1 400 Not HTTP\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NO_CHUNKS = Wrong("Requests in chunks are not read here; send a Content-Length.", status=411)
_STATUS_LINE = len(b"HTTP/1.1 200")


class Seen(NamedTuple):
    """A request as it came in."""

    path: str
    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        return self.head.partition(b" ")[0].decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        lines = (line.partition(":") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class Exchange:
    """A request and what became of it. Tokens are those of the answer that it was given, or would have been."""

    seen: Seen
    began: float
    status: int | None = None
    fault: str | None = None
    error: str | None = None
    input: int = 0
    output: int = 0
    streamed: bool = False
    left: bool = False
    """Whether the client went before the answer had ended."""
    said: bytes = field(default=b"", repr=False)


class Server(Protocol):
    """What a connection asks of its server."""

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection) -> None: ...

    def respond(self, connection: Connection, exchange: Exchange) -> None: ...

    def over(self, exchange: Exchange) -> None: ...


class Connection(asyncio.Protocol):
    """A connection to one client."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self._continued = False
        self._exchange: Exchange | None = None
        self._playing: asyncio.Task[None] | None = None
        self._ended_here = False
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.closed(self)
        self._writable.set()
        if self._exchange is not None:
            self._exchange.left = not self._ended_here
        self._over()
        self._stop()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._exchange is None:
            self._next()

    def _next(self) -> None:
        """Takes one whole request out of the buffer, if one is there."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LONGEST_HEAD or not self._buffer[:1].isalpha():
                self._transport.write(_NO_HTTP)
                self._transport.close()
            return
        head = self._buffer[:end]
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if size > _LONGEST_BODY:
            self._transport.abort()
            return
        whole = end + 4 + size
        if len(self._buffer) < whole:
            if not self._continued and _WAITS.search(head):
                self._continued = True
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
        self._continued = False
        self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        words = head.split(b" ", 2)
        path = words[1].partition(b"?")[0].decode("latin-1") if len(words) == 3 else ""
        exchange = self._exchange = Exchange(Seen(path, head, body), asyncio.get_running_loop().time())
        if _CHUNKED.search(head):
            self._buffer = b""
            self.finish(_NO_CHUNKS.http({"Connection": "close"}))
            self._transport.close()
        else:
            self._server.respond(self, exchange)

    def finish(self, answer: bytes) -> None:
        """Writes a whole answer, or the end of one; the connection is free for the next request."""
        self.write(answer)
        if self._exchange is not None and _CLOSES.search(self._exchange.seen.head):
            self._transport.close()
        self._over()
        if self._buffer:
            self._next()

    def _over(self) -> None:
        """The request has been answered, or never will be."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            status = exchange.said[-3:]
            exchange.status = int(status) if len(exchange.said) == _STATUS_LINE and status.isdigit() else None
            self._server.over(exchange)

    def play(self, answering: Coroutine[Any, Any, None]) -> None:
        """Lets a coroutine write the answer; it is cancelled when the client goes."""
        self._playing = asyncio.ensure_future(answering)
        self._playing.add_done_callback(lambda _: self._played())

    def _played(self) -> None:
        self._playing = None
        if not self._transport.is_closing():
            self.finish(b"")

    def _stop(self) -> asyncio.Task[None] | None:
        if self._playing is not None:
            self._playing.cancel()
        return self._playing

    def abort(self) -> asyncio.Task[None] | None:
        """Ends the connection at once; what is to be awaited is returned."""
        self._ended_here = True
        self._transport.abort()
        return self._stop()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            if self._exchange is not None and len(self._exchange.said) < _STATUS_LINE:
                self._exchange.said += data[: _STATUS_LINE - len(self._exchange.said)]
            self._transport.write(data)

    async def drain(self) -> None:
        await self._writable.wait()

    def close(self) -> None:
        self._ended_here = True
        self._transport.close()

    def reset(self) -> None:
        self._ended_here = True
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
