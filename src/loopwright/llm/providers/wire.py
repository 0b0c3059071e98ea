"""The way from a provider to its endpoint: an address worked out once, headers put together once per key."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from multidict import CIMultiDict
from yarl import URL

from loopwright.llm.http import Http

_ALWAYS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "loopwright",
}
_NONE: Mapping[str, str] = {}


def endpoint(base: str, path: str) -> URL:
    """`path` below `base`, whose query, if it has one, stays."""
    url = URL(base)
    return url.with_path(f"{url.raw_path.rstrip('/')}/{path}", encoded=True).with_query(url.query)


class Line:
    """Posts to one endpoint. `always` are the headers that its API wants of every request."""

    __slots__ = ("_allow_private", "_always", "_http", "_last", "_ready", "_url")

    def __init__(self, http: Http, url: URL, allow_private: bool, always: Mapping[str, str] = _NONE) -> None:
        self._http = http
        self._url = url
        self._allow_private = allow_private
        self._always = {**_ALWAYS, **always}
        self._last: Mapping[str, str] | None = None
        self._ready: CIMultiDict[str] = CIMultiDict()

    def post(self, headers: Mapping[str, str], body: bytes) -> Awaitable[bytes]:
        if headers is not self._last:
            self._last, self._ready = headers, CIMultiDict({**self._always, **headers})
        return self._http.post(self._url, self._ready, body, allow_private=self._allow_private)
