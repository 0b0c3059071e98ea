"""Replies as the real service writes them: one chat completion, or the events of a stream that amount to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, NamedTuple

import orjson

from loopwright.llm.messages import Reply, TokenLogprob
from loopwright.llm.practice.bodies import EVENTS, JSON
from loopwright.llm.practice.reading import Chat

_FINISHES = {"stop": "stop", "length": "length", "refusal": "stop", "other": "stop"}
_PIECE = re.compile(r"\s*\S+\s*\Z|\s*\S+|\s+")
DONE = b"data: [DONE]\n\n"


class Label(NamedTuple):
    """What tells one completion from another."""

    id: str
    created: int
    fingerprint: str


def completion(chat: Chat, replies: Sequence[Reply], label: Label) -> dict[str, Any]:
    """The chat completion that the replies amount to, one choice each."""
    return {
        "id": label.id,
        "object": "chat.completion",
        "created": label.created,
        "model": chat.model,
        "choices": [_choice(chat, index, reply) for index, reply in enumerate(replies)],
        "usage": _usage(chat, replies),
        "service_tier": "default",
        "system_fingerprint": label.fingerprint,
    }


def _choice(chat: Chat, index: int, reply: Reply) -> dict[str, Any]:
    content = None if reply.refusal is not None else reply.text
    return {
        "index": index,
        "message": {"role": "assistant", "content": content, "refusal": reply.refusal, "annotations": []},
        "logprobs": _logprobs(reply.logprobs, chat.top) if chat.request.logprobs and reply.logprobs is not None else None,
        "finish_reason": _FINISHES[reply.finish],
    }


def _logprobs(tokens: Sequence[TokenLogprob], top: int) -> dict[str, Any]:
    """What was drawn is the only alternative that is known."""
    content = [{"token": each.token, "logprob": each.logprob, "bytes": list(each.token.encode())} for each in tokens]
    return {"content": [{**each, "top_logprobs": [each] if top else []} for each in content], "refusal": None}


def tokens_about(text: str) -> int:
    """An estimate, where a model does not count."""
    return 1 + len(text) // 4


def prompt_tokens(chat: Chat) -> int:
    return sum(tokens_about(message.content) for message in chat.request.messages)


def _usage(chat: Chat, replies: Sequence[Reply]) -> dict[str, Any]:
    bills = [reply.usage for reply in replies]
    into = bills[0].input if bills[0] else prompt_tokens(chat)
    out = sum(
        bill.output if bill else tokens_about(reply.refusal or reply.text) for reply, bill in zip(replies, bills, strict=True)
    )
    return {
        "prompt_tokens": into,
        "completion_tokens": out,
        "total_tokens": into + out,
        "prompt_tokens_details": {"cached_tokens": bills[0].cached if bills[0] else 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(bill.reasoning for bill in bills if bill),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def stopped(reply: Reply, stops: Sequence[str]) -> Reply:
    """The reply up to the first of the strings that end it, whether or not its model minds them."""
    end = min((place for place in map(reply.text.find, stops) if place >= 0), default=-1)
    if end < 0:
        return reply
    kept: list[TokenLogprob] = []
    length = 0
    for token in reply.logprobs or ():
        length += len(token.token)
        if length > end:
            break
        kept.append(token)
    return replace(reply, text=reply.text[:end], finish="stop", logprobs=None if reply.logprobs is None else tuple(kept))


def events(asked: Mapping[str, Any], reply: Mapping[str, Any]) -> Iterator[bytes]:
    """The stream of a chat completion, event by event."""
    options = asked.get("stream_options")
    billed = isinstance(options, dict) and options.get("include_usage") is True
    frame = {key: value for key, value in reply.items() if key not in ("choices", "usage")}
    frame["object"] = "chat.completion.chunk"
    bill = {"usage": None} if billed else {}
    for delta in zip_longest(*map(_deltas, reply["choices"])):
        for choice in delta:
            if choice is not None:
                yield event({**frame, "choices": [choice], **bill})
    if billed:
        yield event({**frame, "choices": [], "usage": reply.get("usage")})
    yield DONE


def event(value: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)


def _deltas(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A choice in the pieces in which a stream tells it."""
    index, message = choice.get("index", 0), choice["message"]
    said, refused = message.get("content"), message.get("refusal")

    def piece(delta: dict[str, Any], logprobs: Any = None, finish: Any = None) -> dict[str, Any]:
        return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}

    yield piece({"role": "assistant", "content": None if said is None else "", "refusal": None})
    for part, logprobs in _parts(said, choice.get("logprobs")):
        yield piece({"content": part}, logprobs)
    for part, _ in _parts(refused, None):
        yield piece({"refusal": part})
    yield piece({}, finish=choice.get("finish_reason"))


def _parts(text: Any, logprobs: Any) -> Iterator[tuple[Any, Any]]:
    """Token by token where the tokens are known, else word by word."""
    if not isinstance(text, str):
        if text is not None:
            yield text, None
        return
    tokens = logprobs["content"] if logprobs else []
    if tokens and "".join(token["token"] for token in tokens) == text:
        for token in tokens:
            yield token["token"], {"content": [token], "refusal": None}
        return
    for found in _PIECE.finditer(text):
        yield found.group(), logprobs
        logprobs = None


class Payload(NamedTuple):
    body: bytes
    kind: str


def payload(asked: Mapping[str, Any], reply: Mapping[str, Any]) -> Payload:
    """The whole body of the right answer, as a stream where one is asked for."""
    if asked.get("stream") is True and "choices" in reply:
        return Payload(b"".join(events(asked, reply)), EVENTS)
    return Payload(orjson.dumps(reply), JSON)
