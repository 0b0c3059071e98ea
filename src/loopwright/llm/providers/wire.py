"""The way from a provider to its endpoint: an address worked out once, the head of a request written once per key."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from urllib.parse import urlsplit, urlunsplit

from loopwright.llm.heads import Head, head
from loopwright.llm.http import Http

_ALWAYS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "loopwright",
}
_NONE: Mapping[str, str] = {}


def endpoint(base: str, path: str) -> str:
    """`path` below `base`, whose query, if it has one, stays."""
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{path}", parts.query, ""))


class Line:
    """Posts to one endpoint. `always` are the headers that its API wants of every request."""

    __slots__ = ("_allow_private", "_always", "_head", "_headers", "_http", "_url")

    def __init__(self, http: Http, url: str, allow_private: bool, always: Mapping[str, str] = _NONE) -> None:
        self._http = http
        self._url = url
        self._allow_private = allow_private
        self._always = {**_ALWAYS, **always}
        self._headers: Mapping[str, str] | None = None
        self._head: Head | None = None

    def post(self, headers: Mapping[str, str], body: bytes) -> Awaitable[bytes]:
        if self._head is None or headers is not self._headers:
            self._headers, self._head = headers, head(self._url, self._with(headers), self._allow_private)
        return self._http.send(self._head, body)

    def _with(self, headers: Mapping[str, str]) -> dict[str, str]:
        """All headers; those of the block come before ours of the same name, however it is spelt."""
        given = {name.lower() for name in headers}
        return {name: value for name, value in self._always.items() if name.lower() not in given} | dict(headers)
