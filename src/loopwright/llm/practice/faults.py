"""Every way in which the practice server misbehaves, by name, and when it does: by rate or by script."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import formatdate
from hashlib import blake2b
from time import time
from typing import Any, NamedTuple, Protocol, TypeAlias

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.llm.practice.bodies import chunk, error, growing, http
from loopwright.llm.practice.completions import payload

BOMB_BYTES = 256 * 2**20
HUGE_BYTES = 64 * 2**20


class Wire(Protocol):
    """The connection that a fault is played on."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        ...

    def close(self) -> None: ...


class Scene(NamedTuple):
    """What a fault has to work with: the connection, the request, and the answer that would have been right."""

    wire: Wire
    asked: Mapping[str, Any]
    right: Callable[[], Awaitable[dict[str, Any]]]

    async def answer(self) -> bytes:
        """The right answer as it would have been sent."""
        return self.whole(await self.right())

    def whole(self, reply: Mapping[str, Any]) -> bytes:
        body, kind = payload(self.asked, reply)
        return http(200, body, kind)


Fault: TypeAlias = Callable[[Scene], Awaitable[None]]


def _answer(status: int, body: bytes, headers: Callable[[], Mapping[str, str]] = dict) -> Fault:
    async def fault(scene: Scene) -> None:
        scene.wire.write(http(status, body, headers=headers()))

    return fault


def _limited(wait: Callable[[], str] | None = None, name: str = "Retry-After") -> Fault:
    body = error("slow down, you are over the rate limit", "rate_limit_exceeded", "requests")
    return _answer(429, body, (lambda: {name: wait()}) if wait else dict)


def _status(status: int) -> Fault:
    return _answer(status, error(f"practised failure {status}", "server_error", "server_error"))


def _changed(change: Callable[[dict[str, Any]], object]) -> Fault:
    """The right answer with something wrong in it, in either wire format."""

    async def fault(scene: Scene) -> None:
        reply = await scene.right()
        change(reply)
        scene.wire.write(scene.whole(reply))

    return fault


def _spliced(raw: bytes) -> Fault:
    """The right answer with a number that JSON does not have."""

    async def fault(scene: Scene) -> None:
        body, kind = payload(scene.asked, await scene.right() | {"score": "SPLICE"})
        scene.wire.write(http(200, body.replace(b'"SPLICE"', raw), kind))

    return fault


def _refuses(holds: Callable[[Mapping[str, Any]], bool], message: str, code: str) -> Fault:
    """An endpoint that lacks something: it refuses the requests that need it and answers the others."""

    async def fault(scene: Scene) -> None:
        scene.wire.write(http(400, error(message, code)) if holds(scene.asked) else await scene.answer())

    return fault


def _format(kind: str) -> Callable[[Mapping[str, Any]], bool]:
    def holds(asked: Mapping[str, Any]) -> bool:
        wanted = asked.get("response_format") or (asked.get("output_config") or {}).get("format") or {}
        return bool(wanted.get("type") == kind)

    return holds


def _usage(usage: Any) -> Callable[[dict[str, Any]], None]:
    def change(reply: dict[str, Any]) -> None:
        told = reply.pop("usage")
        if usage is not None:
            reply["usage"] = {name: usage for name, value in told.items() if type(value) is int}

    return change


def _message(**fields: Any) -> Callable[[dict[str, Any]], None]:
    """Overwrites the message of a chat completion; `finish` is its finish reason."""

    def change(reply: dict[str, Any]) -> None:
        if "choices" not in reply:
            reply["content"] = []
            reply["stop_reason"] = "refusal" if fields.get("finish") == "content_filter" or "refusal" in fields else "end_turn"
            return
        choice = reply["choices"][0]
        choice["finish_reason"] = fields.get("finish", choice["finish_reason"])
        choice["message"].update({name: value for name, value in fields.items() if name != "finish"})

    return change


def _wrong_types(reply: dict[str, Any]) -> None:
    reply["model"] = 7
    reply["choices" if "choices" in reply else "content"] = [{"message": {"content": {"text": 3}}, "type": "text", "text": 3}]


def _empty(reply: dict[str, Any]) -> None:
    reply["choices" if "choices" in reply else "content"] = []


async def _reset(scene: Scene) -> None:
    scene.wire.reset()


async def _hang_up(scene: Scene) -> None:
    scene.wire.close()


async def _reset_body(scene: Scene) -> None:
    scene.wire.write((await scene.answer())[:-20])
    await scene.wire.drain()
    # The client has the first part in hand before the reset overtakes it.
    await asyncio.sleep(0.02)
    scene.wire.reset()


async def _truncated(scene: Scene) -> None:
    scene.wire.write((await scene.answer())[:-20])
    scene.wire.close()


async def _truncated_chunks(scene: Scene) -> None:
    body, kind = payload(scene.asked, await scene.right())
    scene.wire.write(growing({}, kind) + chunk(body[:32]))
    scene.wire.close()


async def _drip(scene: Scene) -> None:
    for byte in await scene.answer():
        scene.wire.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def _silent(_: Scene) -> None:
    await asyncio.Event().wait()


async def _gzip(scene: Scene) -> None:
    body, kind = payload(scene.asked, await scene.right())
    scene.wire.write(http(200, gzip.compress(body), kind, {"Content-Encoding": "gzip"}))


async def _bomb(scene: Scene) -> None:
    scene.wire.write(http(200, _packed_zeros(BOMB_BYTES), headers={"Content-Encoding": "gzip"}))


def _packed_zeros(size: int) -> bytes:
    """Zeros by the megabyte, each its own block of one stream, without ever holding them all."""
    import zlib  # noqa: PLC0415

    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(2**20)
    return b"".join(packer.compress(piece) for _ in range(size // len(piece))) + packer.flush()


def _flood(head: bytes) -> Fault:
    async def fault(scene: Scene) -> None:
        scene.wire.write(head)
        piece = b"x" * 2**16
        for _ in range(HUGE_BYTES // len(piece)):
            scene.wire.write(b"10000\r\n" + piece + b"\r\n" if b"chunked" in head else piece)
            await scene.wire.drain()

    return fault


async def _long_header(scene: Scene) -> None:
    scene.wire.write(b"HTTP/1.1 200 Practice\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n")


async def _many_headers(scene: Scene) -> None:
    flood = b"".join(b"X-%d: x\r\n" % i for i in range(10_000))
    scene.wire.write(b"HTTP/1.1 200 Practice\r\n" + flood + b"\r\n")


_CONTEXT = error("This model's maximum context length is 8192 tokens, you asked for more", "context_length_exceeded")
_QUOTA = error("You exceeded your current quota, please check your plan", "insufficient_quota", "insufficient_quota")
_USE_OTHER = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."

FAULTS: Mapping[str, Fault] = {
    "429": _limited(),
    "429-seconds": _limited(lambda: "1"),
    "429-ms": _limited(lambda: "250", "retry-after-ms"),
    "429-date": _limited(lambda: formatdate(time() + 2, usegmt=True)),
    "429-year-9999": _limited(lambda: "Fri, 31 Dec 9999 23:59:59 GMT"),
    "429-huge": _limited(lambda: "1e308"),
    "429-negative": _limited(lambda: "-5"),
    "429-garbage": _limited(lambda: "soon"),
    "quota": _answer(429, _QUOTA),
    "401": _answer(401, error("Incorrect API key provided", "invalid_api_key")),
    "403": _answer(403, error("You have no access to this model", "forbidden")),
    "404": _answer(404, error("The model does not exist", "model_not_found")),
    "400": _answer(400, error("The messages are not to our taste", "invalid_request_error")),
    "context": _answer(400, _CONTEXT),
    "500": _status(500),
    "502": _status(502),
    "503": _status(503),
    "504": _status(504),
    "529": _status(529),
    "no-json-schema": _refuses(_format("json_schema"), "response_format json_schema is not supported", "unsupported_value"),
    "no-json": _refuses(lambda asked: "response_format" in asked, "Unknown parameter: 'response_format'", "unknown_parameter"),
    "no-max-tokens": _refuses(lambda asked: "max_tokens" in asked, _USE_OTHER, "unsupported_parameter"),
    "reset": _reset,
    "hang-up": _hang_up,
    "reset-body": _reset_body,
    "truncated": _truncated,
    "truncated-chunks": _truncated_chunks,
    "drip": _drip,
    "silent": _silent,
    "gzip": _gzip,
    "gzip-bomb": _bomb,
    "gzip-broken": _answer(200, b"\x1f\x8b not gzip at all", lambda: {"Content-Encoding": "gzip"}),
    "huge": _flood(b"HTTP/1.1 200 Practice\r\nContent-Length: %d\r\n\r\n" % HUGE_BYTES),
    "huge-chunks": _flood(b"HTTP/1.1 200 Practice\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "long-header": _long_header,
    "many-headers": _many_headers,
    "malformed": _answer(200, b'{"choices": [{"message": {"content": "half'),
    "html": _answer(200, b"<!doctype html><title>Welcome to the router</title>", lambda: {"X-Kind": "html"}),
    "not-utf8": _answer(200, b'{"choices": [{"message": {"content": "\xff\xfe\xc3("}}]}'),
    "empty": _answer(200, b""),
    "nan": _spliced(b"NaN"),
    "infinity": _spliced(b"-Infinity"),
    "1e999": _spliced(b"1e999"),
    "wrong-types": _changed(_wrong_types),
    "negative-usage": _changed(_usage(-5)),
    "absurd-usage": _changed(_usage(2**62)),
    "no-usage": _changed(_usage(None)),
    "empty-choices": _changed(_empty),
    "null-content": _changed(_message(content=None)),
    "refusal": _changed(_message(content=None, refusal="I would rather not.")),
    "content-filter": _changed(_message(content=None, finish="content_filter")),
    "redirect": _answer(307, b"", lambda: {"Location": "http://elsewhere.example:81/v1/chat/completions?a=b"}),
}
"""Misbehaviours by name. A number is the status that is answered."""


def rated(given: str) -> tuple[str, float]:
    """A fault and its share of the requests, from `KIND:RATE`; all of them, from `KIND`."""
    name, colon, share = given.rpartition(":")
    if not colon:
        return given, 1.0
    try:
        rate = float(share)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise UsageError(f"fault {given!r}: a rate is a number between 0 and 1, as in {name}:0.1")
    return name, rate


class Faults:
    """Decides which requests meet which fault: first the script, one entry per request (None: none), then the rates.

    A rate's dice are keyed by the seed, the request and how often it was seen, so arrival order does not matter.
    """

    def __init__(self, rates: Mapping[str, float] | None = None, script: Sequence[str | None] = (), *, seed: int = 0) -> None:
        for name in (*(rates or {}), *script):
            if name is not None and name not in FAULTS:
                hint = nearest(name, FAULTS)
                raise UsageError(f"there is no fault {name!r}" + (f"; did you mean {hint!r}?" if hint else ""))
        self._rates = dict(rates or {})
        if sum(self._rates.values()) > 1 + 1e-9:
            raise UsageError(
                f"the rates of the faults add up to {sum(self._rates.values()):g}, which is more than all requests"
            )
        self._script = iter(script)
        self._seed = seed.to_bytes(8, "big")
        self._seen: Counter[bytes] = Counter()

    def next(self, body: bytes) -> str | None:
        """The fault that this request meets."""
        for name in self._script:
            return name
        if not self._rates:
            return None
        key = blake2b(body, key=self._seed, digest_size=8).digest()
        times = self._seen[key]
        self._seen[key] += 1
        dice = int.from_bytes(blake2b(key + times.to_bytes(8, "big"), digest_size=7).digest(), "big") / 2**56
        for name, rate in self._rates.items():
            dice -= rate
            if dice < 0:
                return name
        return None
