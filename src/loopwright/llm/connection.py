"""One connection to a server and the one exchange that it carries at a time: bytes go out, a bounded answer comes back.

The parser is llhttp, by way of httptools. It sets no limits of its own: those are here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from loopwright.errors import BadReply, CallError, Unavailable

ERROR_CAP = 64 * 2**10
"""The most bytes that are read of the body of an answer other than success."""

HEAD_CAP = 64 * 2**10
"""The most bytes of an answer that may pass without one of its body: its head, and all that goes before or after."""

_READ = 64 * 2**10
_LINE_COST = 32
_FRAMING = (b"content-length", b"transfer-encoding")


class Answer(NamedTuple):
    status: int
    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """The value of a header, whose `name` is given in lower case."""
        for given, value in self.headers.items():
            if len(given) == len(name) and given.lower() == name:
                return value.decode("latin-1")
        return None


class Shared:
    """What the connections of one event loop have in common: those that are open, and what each reads into in its turn."""

    __slots__ = ("buffer", "open")

    def __init__(self) -> None:
        self.open: set[Connection] = set()
        self.buffer = memoryview(bytearray(_READ))


class Connection(asyncio.BufferedProtocol):
    """`idle_since` is for whoever keeps it between exchanges."""

    def __init__(self, place: str, cap: int, shared: Shared) -> None:
        self.idle_since = 0.0
        self._place = place
        self._cap = cap
        self._shared = shared
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        # The parser calls these two without a step through Python.
        self.on_header = self._headers.__setitem__
        self.on_body = self._body.extend
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[Answer] | None = None
        self._status = 0
        self._head: Mapping[bytes, bytes] | None = None
        self._barren = 0
        self._seen = 0
        self._lasting = True

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Sends a whole request. Who stops waiting for the answer has to `abort`."""
        self._head = None
        self._barren = self._seen = 0
        self._body.clear()
        self._headers.clear()
        self._waiter = waiter = self._loop.create_future()
        self._transport.write(request)
        return waiter

    def ended(self) -> bool:
        return self._transport.is_closing()

    def reusable(self) -> bool:
        """Nothing came or went besides whole requests and whole answers, and the server stays."""
        return self._lasting and not self._transport.is_closing() and not self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Ends the connection at once, and with it the exchange, if there is one."""
        self._lasting = False
        self._end(Unavailable(f"the connection to {self._place} was closed before it answered", charged=True))
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = cast(asyncio.Transport, transport)
        self._shared.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lasting = False
        self._end(self._last_word(clean=exc is None))
        self._shared.open.discard(self)
        # Parser and connection hold each other.
        del self._parser

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._waiter is None:
            self.abort()
            return
        self._barren += nbytes
        try:
            self._parser.feed_data(self._shared.buffer[:nbytes])
        except HttpParserError as error:
            self._nonsense(f"does not speak HTTP that can be understood ({error})")
        except HttpParserUpgrade:
            self._nonsense("does not speak HTTP that can be understood (it changes to another protocol)")
        if self._waiter is not None:
            self._bound()

    def on_message_begin(self) -> None:
        if self._waiter is None:
            self._lasting = False

    def on_headers_complete(self) -> None:
        if self._waiter is None:
            return
        self._status = self._parser.get_status_code()
        if self._barren > HEAD_CAP and _size(self._headers) > HEAD_CAP:
            self._nonsense(f"sent a head of more than {HEAD_CAP} bytes")
        self._head = self._headers.copy()
        self._headers.clear()

    def on_message_complete(self) -> None:
        if self._waiter is None:
            return
        if self._status < 200:
            # An interim answer, and the real one follows; after 101 it would not be HTTP, and the parser says so.
            self._head = None
        elif not self._too_long():
            self._lasting = self._parser.should_keep_alive()
            self._end(Answer(self._status, self._head or {}, bytes(self._body)))

    def _bound(self) -> None:
        """Called when an answer is still on its way."""
        size = len(self._body)
        if size > self._seen:
            self._seen, self._barren = size, 0
            self._too_long()
        elif self._barren > HEAD_CAP:
            self._nonsense(f"sent {HEAD_CAP} bytes and no answer in them")

    def _too_long(self) -> bool:
        """Ends an exchange whose answer is longer than is read; of a refusal the status still counts."""
        refused = self._status >= 300
        if len(self._body) <= (ERROR_CAP if refused else self._cap):
            return False
        if refused:
            self._end(Answer(self._status, self._head or {}, b""))
            self.abort()
        else:
            self._nonsense(f"sent more than {self._cap} bytes")
        return True

    def _nonsense(self, what: str) -> None:
        self._end(BadReply(f"{self._place} {what}", charged=True))
        self.abort()

    def _last_word(self, clean: bool) -> Answer | CallError:
        """What an exchange comes to whose connection ends: an answer may have no other end."""
        if self._head is None:
            return Unavailable(f"{self._place} closed the connection before it answered", charged=True)
        unframed = not any(name.lower() in _FRAMING for name in self._head)
        if self._status >= 300 or (clean and unframed):
            return Answer(self._status, self._head, bytes(self._body))
        return Unavailable(f"{self._place} broke off in the middle of its answer", charged=True)

    def _end(self, outcome: Answer | CallError) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        if isinstance(outcome, Answer):
            waiter.set_result(outcome)
        else:
            waiter.set_exception(outcome)
            # Counts as heard, also where the caller is being cancelled at this moment.
            waiter.exception()


def _size(headers: Mapping[bytes, bytes]) -> int:
    return sum(len(name) + len(value) + _LINE_COST for name, value in headers.items())
