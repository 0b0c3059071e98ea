"""A reply or a call error as bytes and back: how outcomes are kept in stores. JSON, and nothing in it is ever executed."""

from __future__ import annotations

from typing import Any

import orjson

from loopwright.errors import CALL_ERRORS, BadReply, CallError
from loopwright.llm.book import Outcome
from loopwright.llm.messages import Reply, TokenLogprob, Usage


def dump(outcome: Outcome) -> bytes:
    return orjson.dumps(_error(outcome) if isinstance(outcome, CallError) else _reply(outcome))


def load(kept: bytes) -> Outcome:
    fields = orjson.loads(kept)
    return _to_error(fields) if "error" in fields else _to_reply(fields)


def unraised(error: CallError) -> CallError:
    """The same error without the frames it came through, which would keep all they hold alive."""
    return _of(_known(error), str(error), error.charged, error.retry_after, error.spent)


def _of(kind: type[CallError], message: str, charged: bool, retry_after: float | None, spent: dict[str, int]) -> CallError:
    error = kind(message, charged=charged, retry_after=retry_after)
    error.spent = spent
    return error


def _known(error: CallError) -> type[CallError]:
    """Its class, or the nearest above it that a store knows by name."""
    return next((known for known in type(error).__mro__ if known in CALL_ERRORS.values()), BadReply)


def _error(error: CallError) -> dict[str, Any]:
    fields = {
        "error": _known(error).__name__,
        "message": str(error).encode("utf-8", "replace").decode(),
        "charged": error.charged,
        "retry_after": error.retry_after,
    }
    return {**fields, "spent": error.spent} if error.spent else fields


def _to_error(fields: dict[str, Any]) -> CallError:
    kind, spent = CALL_ERRORS[fields["error"]], fields.get("spent", {})
    return _of(kind, fields["message"], fields["charged"], fields["retry_after"], spent)


def _reply(reply: Reply) -> dict[str, Any]:
    """What differs from an empty reply."""
    fields: dict[str, Any] = {
        "text": reply.text,
        "model": reply.model,
        "finish": reply.finish,
        "latency_s": reply.latency_s,
        "attempts": reply.attempts,
    }
    if reply.usage is not None:
        usage = reply.usage
        fields["usage"] = (usage.input, usage.output, usage.cached, usage.reasoning)
    if reply.logprobs is not None:
        fields["logprobs"] = [(each.token, each.logprob) for each in reply.logprobs]
    for name in ("refusal", "data", "nano_usd", "by"):
        value = getattr(reply, name)
        if value is not None:
            fields[name] = value
    if reply.cached:
        fields["cached"] = True
    return fields


def _to_reply(fields: dict[str, Any]) -> Reply:
    usage = fields.pop("usage", None)
    logprobs = fields.pop("logprobs", None)
    return Reply(
        usage=None if usage is None else Usage(*usage),
        logprobs=None if logprobs is None else tuple(TokenLogprob(*each) for each in logprobs),
        **fields,
    )
