"""Answers as bytes: whole HTTP answers, errors in the shape of the real service, chunks of an answer that grows."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"


def http(status: int, body: bytes, kind: str = JSON, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer."""
    return _head(status, {**(headers or {}), "Content-Length": str(len(body))}, kind) + body


def growing(headers: Mapping[str, str], kind: str) -> bytes:
    """The head of an answer whose length is not known yet; `chunk`s follow, and `END`."""
    return _head(200, {**headers, "Cache-Control": "no-cache", "Transfer-Encoding": "chunked"}, kind)


def _head(status: int, headers: Mapping[str, str], kind: str) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Practice\r\nContent-Type: {kind}\r\n{lines}\r\n".encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


END = b"0\r\n\r\n"


def error(message: str, code: str | None = None, kind: str = "invalid_request_error", param: str | None = None) -> bytes:
    """The body of an error."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})


class Wrong(Exception):
    """What the real service would answer with an error; caught in this room, and sent."""

    def __init__(
        self,
        message: str,
        code: str | None = None,
        param: str | None = None,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})

    def http(self, headers: Mapping[str, str]) -> bytes:
        return http(self.status, error(str(self), self.code, self.kind, self.param), headers={**headers, **self.headers})
