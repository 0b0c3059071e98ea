"""The practice server: just enough HTTP/1.1 on loopback to be fast when it behaves and to break where it should."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self
from urllib.parse import unquote

import orjson

from loopwright.llm.practice.answers import Answer, Asked, chat_completion, message, say, understand
from loopwright.llm.practice.bodies import END, EVENTS, Wrong, chunk, growing, http
from loopwright.llm.practice.completions import events, payload
from loopwright.llm.practice.connection import Connection, Exchange, Seen
from loopwright.llm.practice.faults import FAULTS, Faults, Scene
from loopwright.llm.practice.serving import Served

_KEPT = 100_000


class PracticeServer:
    """Answers `/v1/chat/completions`, `/v1/messages` and `/v1/models` on a loopback port of its own. An async context manager.

    `answer` replaces the built-in answers: a function, or a model, which is asked for chat completions alone and reads
    them as strictly as the real service does. `delay` holds each answer back for so many seconds, and spreads a stream
    over them. `requests` keeps what came in, and `log` is told of each exchange when it is over.
    """

    def __init__(
        self,
        faults: Mapping[str, float] | None = None,
        script: Sequence[str | None] = (),
        *,
        seed: int = 0,
        delay: float = 0.0,
        answer: Answer | Served | None = None,
        keep: bool = True,
    ) -> None:
        self.calls = 0
        self.met: Counter[str] = Counter()
        self.requests: deque[Seen] = deque(maxlen=_KEPT if keep else 0)
        self.answered: Callable[[], None] = lambda: None
        self.log: Callable[[Exchange], None] = lambda _: None
        self._faults = Faults(faults, script, seed=seed)
        self.delay = delay
        self._served = answer if isinstance(answer, Served) else None
        self._answer = None if isinstance(answer, Served) else answer
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()
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
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", port, backlog=4096)
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

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        self._open.discard(connection)

    def over(self, exchange: Exchange) -> None:
        self.log(exchange)

    def respond(self, connection: Connection, exchange: Exchange) -> None:
        """Answers one request, rightly or not."""
        self.calls += 1
        self.requests.append(exchange.seen)
        try:
            if self._served is None:
                self._make_up(connection, exchange)
            else:
                self._pass_on(connection, exchange, self._served)
        except Wrong as wrong:
            connection.finish(self._refused(exchange, wrong))
        self.answered()

    def _make_up(self, connection: Connection, exchange: Exchange) -> None:
        """The built-in answers, which are ready at once."""
        path, body = exchange.seen.path, exchange.seen.body
        if not path.endswith(("/chat/completions", "/messages")):
            raise _unknown(exchange.seen)
        asked = understand(body)
        if asked is None:
            raise Wrong("the body is no request")
        reply = self._reply(path, asked)
        exchange.input, exchange.output, *_ = reply["usage"].values()
        streams = asked.document.get("stream") is True and path.endswith("/completions")
        fault = self._fault(exchange)
        if fault is None and not self.delay and not streams:
            connection.finish(_whole(reply))
        else:
            connection.play(self._perform(connection, exchange, asked.document, _ready(reply), fault))

    def _reply(self, path: str, asked: Asked) -> dict[str, Any]:
        said = say(asked, self._answer)
        return message(asked, said) if path.endswith("/messages") else chat_completion(asked, said)

    def _pass_on(self, connection: Connection, exchange: Exchange, served: Served) -> None:
        """The answers of a model."""
        method, path = exchange.seen.method, exchange.seen.path
        _, listing, name = path.partition("/models")
        if listing and method == "GET":
            listed = served.described(unquote(name[1:])) if name else served.listed()
            connection.finish(http(200, orjson.dumps(listed), headers=self._headers()))
            return
        if not path.endswith("/chat/completions"):
            raise _unknown(exchange.seen)
        if method != "POST":
            raise Wrong(f"Not allowed to {method} on {path}", "method_not_supported", status=405)
        chat = served.read(exchange.seen.body)
        expected = served.admit(chat)
        complete = partial(served.complete, chat, exchange.seen.body, expected)
        connection.play(self._perform(connection, exchange, chat.document, complete, self._fault(exchange)))

    def _fault(self, exchange: Exchange) -> str | None:
        exchange.fault = name = self._faults.next(exchange.seen.body)
        if name is not None:
            self.met[name] += 1
        return name

    async def _perform(
        self,
        connection: Connection,
        exchange: Exchange,
        asked: Mapping[str, Any],
        complete: Callable[[], Awaitable[dict[str, Any]]],
        fault: str | None,
    ) -> None:
        """Writes the answer, or plays the fault that takes its place."""

        async def right() -> dict[str, Any]:
            reply = await complete()
            exchange.input, exchange.output, *_ = reply["usage"].values()
            return reply

        exchange.streamed = asked.get("stream") is True
        try:
            if fault is not None:
                await FAULTS[fault](Scene(connection, asked, right))
            elif exchange.streamed:
                await self._stream(connection, list(events(asked, await right())))
            else:
                await asyncio.sleep(self.delay)
                connection.write(http(200, *payload(asked, await right()), self._headers()))
        except Wrong as wrong:
            connection.write(self._refused(exchange, wrong))

    async def _stream(self, connection: Connection, pieces: Sequence[bytes]) -> None:
        connection.write(growing(self._headers(), EVENTS))
        for piece in pieces:
            await asyncio.sleep(self.delay / len(pieces))
            connection.write(chunk(piece))
            await connection.drain()
        connection.write(END)

    def _headers(self) -> Mapping[str, str]:
        """What a well-behaved answer says beside its body."""
        told = {"x-request-id": f"req_{self.calls:032x}"}
        return told if self._served is None else {**told, **self._served.headers()}

    def _refused(self, exchange: Exchange, wrong: Wrong) -> bytes:
        exchange.error = str(wrong)
        return wrong.http(self._headers())


def _ready(reply: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def complete() -> dict[str, Any]:
        return reply

    return complete


def _whole(reply: dict[str, Any]) -> bytes:
    body = orjson.dumps(reply)
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _unknown(seen: Seen) -> Wrong:
    message = f"Unknown request URL: {seen.method} {seen.path}. Please check the URL for typos."
    return Wrong(message, "unknown_url", status=404)
