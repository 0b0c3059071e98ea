"""What is asked of a model and what it answers, as frozen data, with the digest that identifies a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, TypeAlias

import orjson

from loopwright.records import Json

Role: TypeAlias = Literal["system", "user", "assistant"]
Finish: TypeAlias = Literal["stop", "length", "refusal", "other"]


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model. `schema` asks for a JSON answer; `purpose` labels the call and does not change it."""

    messages: tuple[Message, ...]
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: Mapping[str, Json] | None = None
    logprobs: bool = False
    purpose: str = field(default="", compare=False)
    json_object: bool = field(default=False, compare=False)
    """Set by the schema downgrade alone: any JSON object will do, the prompt says which."""
    least: Mapping[str, Json] | None = field(default=None, compare=False)
    """The schema of answers that are of use although they do not fit `schema`; it follows from what is asked."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server billed them; `cached` are among `input`, `reasoning` among `output`."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    token: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer. A provider fills the first block, the calling loop the second; None is unknown."""

    text: str
    model: str
    finish: Finish = "stop"
    refusal: str | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None

    data: Json = None
    latency_s: float = 0.0
    attempts: int = 1
    cached: bool = False
    nano_usd: int | None = None
    by: str | None = None
    """The id of the fallback whose reply it is; None: the model that was asked."""

    @property
    def spent(self) -> dict[str, int]:
        """Tokens and price, as far as they are known."""
        known = {} if self.usage is None else {"input_tokens": self.usage.input, "output_tokens": self.usage.output}
        return known if self.nano_usd is None else {**known, "nano_usd": self.nano_usd}


def chat(prompt: str | Sequence[Message]) -> tuple[Message, ...]:
    """A bare string is one user message."""
    return (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)


def wire_form(request: Request) -> bytes:
    """The request as canonical JSON: what its digest is taken of, and an upper bound of its prompt's tokens in bytes."""
    return orjson.dumps(
        (
            [(message.role, message.content) for message in request.messages],
            request.temperature,
            request.top_p,
            request.max_output_tokens,
            request.stop,
            request.seed,
            request.schema,
            request.logprobs,
        ),
        option=orjson.OPT_SORT_KEYS,
    )


def digest(form: bytes) -> bytes:
    """128 bits that identify a request's wire form."""
    return blake2b(form, digest_size=16).digest()
