"""The head of an HTTP request: an address taken apart, headers checked, and both written once for many requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import quote as escaped
from urllib.parse import urlsplit

from loopwright.errors import EndpointMissing
from loopwright.llm.quoting import quote

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING = ("content-length", "transfer-encoding")
_PLAIN = "/%:@!$&'()*+,;=-._~"


class Origin(NamedTuple):
    """Where connections lead; those of one origin serve each other's requests."""

    host: str
    port: int
    secure: bool
    allow_private: bool

    @property
    def place(self) -> str:
        """What messages call it."""
        return f"{self._bracketed}:{self.port}"

    @property
    def authority(self) -> str:
        usual = self.port == _PORTS["https" if self.secure else "http"]
        return self._bracketed if usual else self.place

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


@dataclass(frozen=True, slots=True)
class Head:
    """All of a request but its body. `headers` hold secrets, and so does `written`."""

    origin: Origin
    place: str
    written: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def over(self, body: bytes) -> bytes:
        """The whole request."""
        return b"%b%d\r\n\r\n%b" % (self.written, len(body), body)


def head(url: str, headers: Mapping[str, str], allow_private: bool) -> Head:
    """The head of a POST to `url`."""
    try:
        origin, target = _parts(url, allow_private)
    except ValueError:
        raise EndpointMissing(f"{_shown(url)} is not an address that can be asked; mend `base_url`") from None
    lines = [f"POST {target} HTTP/1.1"]
    if not any(name.lower() == "host" for name in headers):
        lines.append(f"Host: {origin.authority}")
    try:
        lines += [_line(name, value) for name, value in headers.items()]
        written = "\r\n".join((*lines, "Content-Length: ")).encode()
    except ValueError as error:
        wrong = "a header holds what is not text" if isinstance(error, UnicodeError) else str(error)
        raise EndpointMissing(f"the request to {origin.place} cannot be put into HTTP: {wrong}") from None
    return Head(origin, origin.place, written, headers)


class _Parts(NamedTuple):
    origin: Origin
    target: str


def _parts(url: str, allow_private: bool) -> _Parts:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    origin = Origin(_host(parts.hostname), port, parts.scheme == "https", allow_private)
    query = f"?{escaped(parts.query, safe=_PLAIN + '?')}" if parts.query else ""
    return _Parts(origin, escaped(parts.path or "/", safe=_PLAIN) + query)


def _host(host: str) -> str:
    """A name in ASCII, or an address as it stands."""
    if ":" in host:
        return str(ip_address(host))
    name = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(name):
        raise ValueError
    return name


def _shown(url: str) -> str:
    """What of an unusable address may be shown: no password, and no query."""
    return quote(url.partition("?")[0].rpartition("@")[2], limit=100)


def _line(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{quote(name, limit=40)!r} is no name for a header")
    if name.lower() in _FRAMING:
        raise ValueError(f"the header {name} is worked out for each request; leave it out")
    if _FORBIDDEN.search(value):
        raise ValueError(f"the header {name} holds a line break or another control character")
    return f"{name}: {value.strip()}"
