"""A model behind the practice server: chat completions that a provider answers, under names and limits of their own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, NamedTuple

from loopwright.errors import (
    CallError,
    ContextTooLong,
    EndpointMissing,
    KeyRejected,
    LoopwrightError,
    Overloaded,
    QuotaExhausted,
    Rejected,
    TimedOut,
    Unsupported,
)
from loopwright.llm.clock import Clock, SystemClock
from loopwright.llm.messages import Reply, Request
from loopwright.llm.practice.bodies import Wrong
from loopwright.llm.practice.completions import Label, completion, prompt_tokens, stopped
from loopwright.llm.practice.metering import Meter
from loopwright.llm.practice.reading import Chat, named, read
from loopwright.llm.provider import Provider

_EXPECTED_OUTPUT = 16


class Served:
    """A provider with the names it answers to, and the requests and tokens per minute that it allows.

    A request without a seed is given one, drawn from `seed`, the request, and how often it came.
    """

    def __init__(
        self,
        model: Provider,
        names: Sequence[str] = ("practice",),
        *,
        rpm: int | None = None,
        tpm: int | None = None,
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.names = tuple(names)
        self._model = model
        self._clock = clock or SystemClock()
        self._meter = Meter(rpm, tpm, self._clock)
        self._key = seed.to_bytes(8, "big")
        self._seen: Counter[bytes] = Counter()
        self._began = int(self._clock.time())

    def read(self, body: bytes) -> Chat:
        return read(body, self.names)

    def admit(self, chat: Chat) -> int:
        """Counts the request against the limits: how many tokens it is expected to take."""
        expected = prompt_tokens(chat) + chat.n * (chat.request.max_output_tokens or _EXPECTED_OUTPUT)
        self._meter.admit(chat.model, expected)
        return expected

    def headers(self) -> Mapping[str, str]:
        """What is left of the limits."""
        return self._meter.headers()

    async def complete(self, chat: Chat, body: bytes, expected: int) -> dict[str, Any]:
        """The chat completion."""
        drawn = self._drawn(body)
        label = Label(f"chatcmpl-{drawn.hex()[:29]}", int(self._clock.time()), self._fingerprint(chat.model))
        first = int.from_bytes(drawn[:8], "big") if chat.request.seed is None else chat.request.seed
        requests = [replace(chat.request, seed=(first + place) % 2**63) for place in range(chat.n)]
        replies = await asyncio.gather(*map(self._ask, requests)) if chat.n > 1 else [await self._ask(requests[0])]
        whole = completion(chat, replies, label)
        self._meter.settle(expected, whole["usage"]["total_tokens"])
        return whole

    async def _ask(self, request: Request) -> Reply:
        try:
            reply = await self._model.complete(request)
        except LoopwrightError as error:
            raise wrong(error) from error
        except Exception as error:
            raise Wrong(f"the model failed: {type(error).__name__}: {error}", status=500, kind="server_error") from error
        return stopped(reply, request.stop)

    def _drawn(self, body: bytes) -> bytes:
        key = blake2b(body, key=self._key, digest_size=8).digest()
        self._seen[key] += 1
        return blake2b(key + self._seen[key].to_bytes(8, "big"), digest_size=16).digest()

    def _fingerprint(self, model: str) -> str:
        return f"fp_{blake2b(model.encode(), digest_size=5).hexdigest()}"

    def listed(self) -> dict[str, Any]:
        """The models, as `/v1/models` lists them."""
        return {"object": "list", "data": [self.described(name) for name in self.names]}

    def described(self, name: str) -> dict[str, Any]:
        return {"id": named(name, self.names), "object": "model", "created": self._began, "owned_by": "loopwright"}


class _Said(NamedTuple):
    status: int
    code: str | None = None
    kind: str = "invalid_request_error"


_SAID: Mapping[type[LoopwrightError], _Said] = {
    ContextTooLong: _Said(400, "context_length_exceeded"),
    Unsupported: _Said(400, "unsupported_value"),
    Rejected: _Said(400),
    KeyRejected: _Said(401, "invalid_api_key"),
    EndpointMissing: _Said(404, "model_not_found"),
    QuotaExhausted: _Said(429, "insufficient_quota", "insufficient_quota"),
    Overloaded: _Said(429, "rate_limit_exceeded", "requests"),
    TimedOut: _Said(504, None, "server_error"),
    LoopwrightError: _Said(500, None, "server_error"),
}
"""By the first class that fits."""


def wrong(error: LoopwrightError) -> Wrong:
    """What went wrong with a model, as the real service would say it."""
    said = next(said for known, said in _SAID.items() if isinstance(error, known))
    wait = error.retry_after if isinstance(error, CallError) else None
    headers = {} if wait is None else {"Retry-After": f"{wait:g}"}
    return Wrong(str(error), said.code, status=said.status, kind=said.kind, headers=headers)
