"""One cheap question to an endpoint: does it answer, what can it do for structured answers, and what to mend if it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import monotonic

from loopwright.errors import (
    BadAnswer,
    BadReply,
    CallError,
    ContextTooLong,
    EndpointMissing,
    KeyRejected,
    LoopwrightError,
    Overloaded,
    QuotaExhausted,
    TimedOut,
    Unavailable,
    Unsupported,
)
from loopwright.llm.messages import Reply, Request, chat
from loopwright.llm.provider import Provider
from loopwright.llm.structured import Ability, read, shape, weaker
from loopwright.records import Fields
from loopwright.spec.blocks import ModelBlock

QUESTION = Request(
    chat('Give the JSON object {"ok": true}, and nothing else.'),
    max_output_tokens=512,
    schema={
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    },
    purpose="probe",
)

_ADVICE: tuple[tuple[type[LoopwrightError], str], ...] = (
    (KeyRejected, "the key is missing or wrong: look at `api_key_env`"),
    (QuotaExhausted, "the account is out of quota: nothing is wrong with the spec"),
    (EndpointMissing, "there is no such endpoint or model: look at `base_url` and `model`"),
    (TimedOut, "the endpoint took longer than `limits.timeout_s`: raise it, or look whether the server is loaded"),
    (Overloaded, "the endpoint asks for fewer requests: lower `limits.rpm` or `limits.concurrency`"),
    (Unavailable, "the endpoint cannot be reached or failed: look at `base_url`, the network and the server's log"),
    (BadReply, "something else than a model server answers there, or an incompatible one: look at `base_url` and `provider`"),
    (ContextTooLong, "the model's context does not even hold the probe"),
    (CallError, "the endpoint refuses the request: look at the block's parameters"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a probe found. `ability` is None where the endpoint gave no answer at all; `probed` says whether it was asked."""

    model: str
    ability: Ability | None
    diagnosis: str
    error: str | None = None
    answered_by: str | None = None
    latency_s: float | None = None
    probed: bool = True

    @property
    def ok(self) -> bool:
        return self.error is None

    def fields(self) -> Fields:
        return asdict(self)


async def probe(provider: Provider, block: ModelBlock, now: Callable[[], float] = monotonic) -> Report:
    """Asks at most three times, each time for less, until an answer fits."""
    known: Ability | None = getattr(provider, "ability", None)
    if known is not None:
        about: str | None = getattr(provider, "about", None)
        said = (
            f"not asked: the provider {block.provider} takes every request as it is" if about is None else f"not asked: {about}"
        )
        return Report(block.id, known, said, probed=False)
    begun = now()
    ability: Ability | None = "json_schema"
    reply: Reply | None = None
    try:
        while ability is not None:
            try:
                reply = await _ask(provider, shape(QUESTION, ability), block.limits.timeout_s)
                if reply.finish != "refusal":
                    read(QUESTION.schema or {}, reply.text, reply.finish)
                    return _answered(block, ability, reply, now() - begun)
            except (Unsupported, BadAnswer):
                pass
            ability = weaker(ability)
    except LoopwrightError as error:
        return Report(block.id, None, diagnose(error), type(error).__name__)
    if reply is None:
        return Report(block.id, None, "the endpoint refuses every form of the question", Unsupported.__name__)
    said = "the model answers, but not in JSON when asked to; plain text works, structured answers will often fail"
    return Report(block.id, "prompt", said, answered_by=reply.model, latency_s=now() - begun)


async def _ask(provider: Provider, request: Request, timeout_s: float) -> Reply:
    try:
        async with asyncio.timeout(timeout_s):
            return await provider.complete(request)
    except TimeoutError:
        raise TimedOut(f"no whole answer within {timeout_s:g} s", charged=True) from None


def _answered(block: ModelBlock, ability: Ability, reply: Reply, took: float) -> Report:
    how = {
        "json_schema": "enforces JSON schemas",
        "json_object": "enforces JSON, not schemas: they go into the prompt",
        "prompt": "enforces no JSON: schemas go into the prompt and answers are repaired",
    }
    bill = "" if reply.usage else "; it does not say how many tokens it used"
    return Report(block.id, ability, f"answers; {how[ability]}{bill}", answered_by=reply.model, latency_s=took)


def diagnose(error: LoopwrightError) -> str:
    """What happened and what to do about it."""
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), None)
    return f"{error}: {advice}" if advice else str(error)
