"""One HTTP exchange with a model server: a body goes out, a bounded body comes back, all else becomes one of our errors.

No timeouts, retries, redirects, proxies or cookies: the calling loop puts one deadline around the whole exchange.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NoReturn
from urllib.parse import urlsplit

from loopwright.errors import CallError
from loopwright.llm.addresses import Lookup, Resolver, resolve
from loopwright.llm.connection import ERROR_CAP, Answer, Connection, Shared
from loopwright.llm.dialling import dial, trusting
from loopwright.llm.heads import Head, Origin, head
from loopwright.llm.quoting import secrets_in
from loopwright.llm.statuses import Refusal, error_of, moved
from loopwright.llm.unpacking import unpacked

CAP = 16 * 2**20
"""The most bytes of an answer that are read, and the most that they may decompress to."""

IDLE_S = 30.0
"""How long a connection is kept that nobody uses."""


class Http:
    """The connections of one run. Opens them when exchanges need them, keeps them for later ones, closes them in `close`."""

    def __init__(
        self,
        *,
        cap: int = CAP,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        idle_s: float = IDLE_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._cap = cap
        self._lookup = Lookup(resolver)
        self._tls = tls
        self._idle_s = idle_s
        self._now = now
        self._shared = Shared()
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._sweeper: asyncio.TimerHandle | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, allow_private: bool = False) -> bytes:
        """The body of the answer, when the server answers with success."""
        return await self.send(head(url, headers, allow_private), body)

    async def send(self, head: Head, body: bytes) -> bytes:
        """The same, for who posts often under one head."""
        connection = self._kept(head.origin) or await self._dial(head.origin)
        try:
            answer = await connection.ask(head.over(body))
        except BaseException:
            connection.abort()
            raise
        self._keep(head.origin, connection)
        if answer.status >= 300:
            self._refused(head, answer)
        encoding = answer.header(b"content-encoding")
        return answer.body if encoding is None else unpacked(answer.body, encoding, self._cap, head.place)

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._idle.clear()
        self._lookup.forget()
        for connection in list(self._shared.open):
            connection.abort()
        # Sockets close in the next turns of the loop; without these they are reported as leaked.
        while self._shared.open:  # noqa: ASYNC110 - each turn ends some
            await asyncio.sleep(0)

    def _kept(self, origin: Origin) -> Connection | None:
        """The connection that was used last, if it still is one."""
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if not connection.ended() and time.monotonic() - connection.idle_since < self._idle_s:
                return connection
            connection.abort()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        if not connection.reusable():
            connection.abort()
            return
        connection.idle_since = time.monotonic()
        self._idle[origin].append(connection)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(self._idle_s, self._sweep)

    def _sweep(self) -> None:
        """Drops what nobody has used for long."""
        self._sweeper = None
        oldest = time.monotonic() - self._idle_s
        for origin, idle in list(self._idle.items()):
            fresh = [connection for connection in idle if not connection.ended() and connection.idle_since > oldest]
            for connection in set(idle).difference(fresh):
                connection.abort()
            if fresh:
                self._idle[origin] = fresh
            else:
                del self._idle[origin]
        if self._idle:
            self._sweeper = asyncio.get_running_loop().call_later(self._idle_s, self._sweep)

    async def _dial(self, origin: Origin) -> Connection:
        addresses = await self._lookup.addresses(origin)
        if origin.secure and self._tls is None:
            self._tls = trusting()
        tls = self._tls if origin.secure else None
        return await dial(origin, addresses, tls, lambda: Connection(origin.place, self._cap, self._shared))

    def _refused(self, head: Head, answer: Answer) -> NoReturn:
        if answer.status < 400:
            raise moved(head.place, answer.status, _host(answer.header(b"location")))
        body, encoding = answer.body, answer.header(b"content-encoding")
        if encoding is not None:
            try:
                body = unpacked(body, encoding, ERROR_CAP, head.place)
            except CallError:
                body = b""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers.items()}
        raise error_of(Refusal(head.place, answer.status, headers, body, secrets_in(head.headers)), self._now())


def _host(location: str | None) -> str | None:
    try:
        return urlsplit(location or "").hostname
    except ValueError:
        return None
