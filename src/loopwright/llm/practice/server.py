"""The practice server: just enough HTTP/1.1 on loopback to be fast when it behaves and to break where it should."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import orjson

from loopwright.llm.practice.answers import Answer, Asked, chat_completion, message, say, understand
from loopwright.llm.practice.faults import FAULTS, Faults, Scene, http

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.I)
_LONGEST_HEAD = 2**16
_LONGEST_BODY = 2**26
_KEPT = 100_000
_NO_HTTP = b"HTTP/1.1 400 Not HTTP\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Seen(NamedTuple):
    """A request as it came in."""

    path: str
    head: bytes
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        lines = (line.partition(":") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class PracticeServer:
    """Answers `/v1/chat/completions` and `/v1/messages` on a loopback port of its own. An async context manager.

    `answer` replaces the built-in answers, `delay` holds each one back for so many seconds, `requests` keeps what came in.
    """

    def __init__(
        self,
        faults: Mapping[str, float] | None = None,
        script: Sequence[str | None] = (),
        *,
        seed: int = 0,
        delay: float = 0.0,
        answer: Answer | None = None,
        keep: bool = True,
    ) -> None:
        self.calls = 0
        self.met: Counter[str] = Counter()
        self.requests: deque[Seen] = deque(maxlen=_KEPT if keep else 0)
        self.answered: Callable[[], None] = lambda: None
        self._faults = Faults(faults, script, seed=seed)
        self.delay = delay
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """What goes into `base_url`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def connections(self) -> int:
        """Those that are open now."""
        return len(self._open)

    async def start(self, port: int = 0) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port, backlog=4096)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        playing = [connection.abort() for connection in list(self._open)]
        await asyncio.gather(*(task for task in playing if task), return_exceptions=True)
        # The sockets close in the next turn of the loop.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def respond(self, connection: _Connection, seen: Seen) -> None:
        """Answers one request, rightly or not."""
        self.calls += 1
        self.requests.append(seen)
        asked = understand(seen.body) if seen.path.endswith(("/chat/completions", "/messages")) else None
        if asked is None:
            connection.finish(_not_understood(seen.path))
            return
        name = self._faults.next(seen.body)
        reply = self._reply(seen.path, asked)
        if name is not None:
            self.met[name] += 1
            connection.play(FAULTS[name](Scene(connection, asked.document, reply)))
        elif self.delay:
            connection.later(self.delay, _whole(reply))
        else:
            connection.finish(_whole(reply))
        self.answered()

    def _reply(self, path: str, asked: Asked) -> dict[str, Any]:
        said = say(asked, self._answer)
        return message(asked, said) if path.endswith("/messages") else chat_completion(asked, said)

    def opened(self, connection: _Connection) -> None:
        self._open.add(connection)

    def closed(self, connection: _Connection) -> None:
        self._open.discard(connection)


def _whole(reply: dict[str, Any]) -> bytes:
    body = orjson.dumps(reply)
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _not_understood(path: str) -> bytes:
    if path.endswith(("/chat/completions", "/messages")):
        return http(400, orjson.dumps({"error": {"message": "the body is no request", "type": "invalid_request_error"}}))
    return http(404, orjson.dumps({"error": {"message": "no such path", "type": "not_found_error"}}))


class _Connection(asyncio.Protocol):
    """One client: reads requests one after the other, and is what faults are played on."""

    def __init__(self, server: PracticeServer) -> None:
        self._server = server
        self._buffer = b""
        self._busy = False
        self._playing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.closed(self)
        self._writable.set()
        self._stop()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._busy:
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
            return
        body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
        words = head.split(b" ", 2)
        path = words[1].partition(b"?")[0].decode("latin-1") if len(words) == 3 else ""
        self._busy = True
        self._server.respond(self, Seen(path, head, body))

    def finish(self, answer: bytes) -> None:
        """Writes a whole answer; the connection is free for the next request."""
        self._transport.write(answer)
        self._busy = False
        if self._buffer:
            self._next()

    def later(self, delay: float, answer: bytes) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay, self.finish, answer)

    def play(self, fault: Any) -> None:
        self._playing = asyncio.ensure_future(fault)
        self._playing.add_done_callback(lambda _: self._played())

    def _played(self) -> None:
        self._playing = None
        if not self._transport.is_closing():
            self.finish(b"")

    def _stop(self) -> asyncio.Task[None] | None:
        if self._timer is not None:
            self._timer.cancel()
        if self._playing is not None:
            self._playing.cancel()
        return self._playing

    def abort(self) -> asyncio.Task[None] | None:
        """Ends the connection at once; what is to be awaited is returned."""
        self._transport.abort()
        return self._stop()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        await self._writable.wait()

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
