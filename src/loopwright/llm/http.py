"""One HTTP exchange with a model server: a body goes out, a bounded body comes back, all else becomes one of our errors.

There is no timeout here: the calling loop puts one deadline around the whole exchange.
"""

from __future__ import annotations

import asyncio
import io
import os
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from typing import NoReturn

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver
from yarl import URL

from loopwright.errors import BadReply, EndpointMissing, Unavailable
from loopwright.llm.addresses import GuardedResolver, check_literal
from loopwright.llm.quoting import quote, secrets_in
from loopwright.llm.statuses import Refusal, error_of, moved

CAP = 16 * 2**20
"""The most bytes of an answer that are read, and the most that they may decompress to."""

_ERROR_CAP = 64 * 2**10
_LARGE_BODY = 2**20
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)


class Http:
    """The connections of one run. Opens them when the first exchange needs them, closes them in `close`."""

    def __init__(
        self, *, cap: int = CAP, resolver: AbstractResolver | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._cap = cap
        self._resolver = resolver
        self._now = now
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._checked: set[URL] = set()

    async def post(self, url: URL, headers: Mapping[str, str], body: bytes, *, allow_private: bool = False) -> bytes:
        """The body of the answer, when the server answers with success."""
        session = self._sessions.get(allow_private) or self._open(allow_private)
        if not allow_private and url not in self._checked:
            check_literal(url)
            self._checked.add(url)
        # A large body given as bytes is sent in one piece, which aiohttp warns of.
        data = body if len(body) <= _LARGE_BODY else io.BytesIO(body)
        try:
            response = await session.post(url, headers=headers, data=data, allow_redirects=False)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            _unanswered(url, error, headers)
        try:
            if response.status >= 300:
                await self._refused(url, response, headers)
            whole = _in_hand(response, self._cap)
            return whole if whole is not None else await self._body(url, response)
        except BaseException:
            response.close()
            raise

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()
        # Transports close in the next turn of the loop; without it they are reported as leaked.
        await asyncio.sleep(0)

    def _open(self, allow_private: bool) -> aiohttp.ClientSession:
        inner = self._resolver or aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=30, resolver=inner if allow_private else GuardedResolver(inner)
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_TIMEOUT,
            auto_decompress=False,
            trust_env=False,
        )
        self._sessions[allow_private] = session
        return session

    async def _body(self, url: URL, response: aiohttp.ClientResponse) -> bytes:
        length, encoding = response.content_length, response.headers.get(hdrs.CONTENT_ENCODING)
        try:
            if encoding is None and length is not None and length <= self._cap:
                return await response.read()
            raw = await _bounded(response, self._cap)
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{_place(url)} broke off in the middle of its answer", charged=True) from error
        if raw is None:
            raise BadReply(f"{_place(url)} sent more than {self._cap} bytes", charged=True)
        return raw if encoding is None else _decoded(raw, encoding, self._cap, _place(url))

    async def _refused(self, url: URL, response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> NoReturn:
        if response.status < 400:
            raise moved(_place(url), response.status, _host(response.headers.get("Location")))
        try:
            body = await _bounded(response, _ERROR_CAP) or b""
            encoding = response.headers.get(hdrs.CONTENT_ENCODING)
            body = body if encoding is None else _decoded(body, encoding, _ERROR_CAP, "")
        except (aiohttp.ClientError, OSError, BadReply):
            body = b""
        refusal = Refusal(_place(url), response.status, response.headers, body, secrets_in(headers))
        raise error_of(refusal, self._now())


def _in_hand(response: aiohttp.ClientResponse, cap: int) -> bytes | None:
    """The body, if it came whole and plain together with its head, as most do."""
    content = response.content
    if not content.is_eof() or content.exception() is not None or content.total_bytes > cap:
        return None
    return None if hdrs.CONTENT_ENCODING in response.headers else content.read_nowait()


async def _bounded(response: aiohttp.ClientResponse, cap: int) -> bytes | None:
    """The raw body, None when it is longer than `cap`."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > cap:
            return None
        parts.append(part)
    return b"".join(parts)


def _decoded(raw: bytes, encoding: str, cap: int, place: str) -> bytes:
    """`raw` decompressed, as long as that stays within `cap`."""
    name = encoding.strip().lower()
    if name == "identity" or not raw:
        return raw
    if name not in ("gzip", "x-gzip", "deflate"):
        raise BadReply(f"{place} compressed its answer as {quote(name, limit=40)!r}, which nobody asked for", charged=True)
    bare = name == "deflate" and raw[0] & 0x0F != 8
    stream = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
    try:
        body = stream.decompress(raw, cap + 1)
    except zlib.error as error:
        raise BadReply(f"{place} sent an answer that does not decompress", charged=True) from error
    if len(body) > cap:
        raise BadReply(f"{place} sent an answer that decompresses to more than {cap} bytes", charged=True)
    if not stream.eof:
        raise Unavailable(f"{place} broke off in the middle of its compressed answer", charged=True)
    return body


def _unanswered(url: URL, error: Exception, headers: Mapping[str, str]) -> NoReturn:
    """No status line has come back: says why, and whether the request may have been worked on."""
    place = _place(url)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        raise Unavailable(f"the host name of {place} cannot be resolved; check `base_url` and the network") from error
    if isinstance(error, (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError, ssl.SSLError)):
        raise EndpointMissing(f"{place} cannot be trusted over TLS: {quote(str(error))}") from error
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = os.strerror(error.os_error.errno) if error.os_error.errno else type(error.os_error).__name__
        raise Unavailable(f"{place} cannot be connected to ({quote(reason, limit=80)}); is the server running?") from error
    if isinstance(error, aiohttp.InvalidURL):
        raise EndpointMissing(f"{place} is not an address that can be asked; mend `base_url`") from error
    if isinstance(error, aiohttp.ClientResponseError):
        raise BadReply(f"{place} does not speak HTTP that can be understood", charged=True) from error
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        reason = quote(str(error), secrets_in(headers))
        raise EndpointMissing(f"the request to {place} cannot be put into HTTP: {reason}") from None
    raise Unavailable(f"{place} closed the connection before it answered", charged=True) from error


def _place(url: URL) -> str:
    return f"{url.host}:{url.port}"


def _host(location: str | None) -> str | None:
    try:
        return URL(location or "").host
    except ValueError:
        return None
