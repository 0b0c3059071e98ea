"""The Messages API of Anthropic, and of servers that speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from loopwright.errors import Unsupported
from loopwright.llm import strict
from loopwright.llm.messages import Finish, Reply, Request, Usage
from loopwright.llm.providers.keys import Secrets
from loopwright.llm.structured import anthropic_format
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context

HOME = "https://api.anthropic.com"
VERSION = "2023-06-01"
MOST_TOKENS = 4096
"""Asked for where the request sets no limit, because the API insists on one."""

_FINISHES: dict[Any, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


class Anthropic:
    """One model behind the Messages API."""

    def __init__(self, block: ModelBlock, context: Context) -> None:
        from loopwright.llm.providers.wire import Line, endpoint  # noqa: PLC0415 - brings the HTTP client

        base = (block.base_url or HOME).rstrip("/")
        key_env = block.api_key_env or ("ANTHROPIC_API_KEY" if base.removesuffix("/v1") == HOME else None)
        self._secrets = Secrets(block, context.environ, key_env, "x-api-key")
        url = endpoint(base, "messages" if base.endswith("/v1") else "v1/messages")
        self._line = Line(context.http, url, block.allow_private, {"anthropic-version": VERSION})
        self._model = block.name

    async def complete(self, request: Request) -> Reply:
        if request.json_object:
            raise Unsupported("the Messages API knows no json_object mode")
        body = orjson.dumps(wire(request, self._model))
        return reply_of(await self._line.post(self._secrets.headers(), body), self._model)


def wire(request: Request, model: str) -> dict[str, Any]:
    """The body of a message. The API has no seed and no log-probabilities: a request's are left out."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_output_tokens or MOST_TOKENS,
        "messages": [message for message in request.messages if message.role != "system"],
    }
    optional = (
        ("system", "\n\n".join(message.content for message in request.messages if message.role == "system") or None),
        ("temperature", request.temperature),
        ("top_p", request.top_p),
        ("stop_sequences", request.stop or None),
        ("output_config", None if request.schema is None else anthropic_format(request.schema)),
    )
    body.update((name, value) for name, value in optional if value is not None)
    return body


def reply_of(body: bytes, model: str) -> Reply:
    """A message, checked in every field that is read."""
    answer = strict.document(body)
    blocks = answer.get("content")
    if type(blocks) is not list:
        strict.bad("the server's reply has no `content`")
    said = answer.get("stop_reason")
    finish: Finish = _FINISHES.get(said, "other") if type(said) is str else "other"
    texts = [_text(strict.mapping(block, "content")) for block in blocks]
    text = "".join(part for part in texts if part is not None)
    if not any(part is not None for part in texts) and finish not in ("length", "refusal"):
        strict.bad("the server's reply has no text")
    return Reply(
        text=text,
        model=strict.text(answer.get("model"), "model") or model,
        finish=finish,
        refusal=(text or "the model refused") if finish == "refusal" else None,
        usage=_usage(answer.get("usage")),
    )


def _text(block: dict[str, Any]) -> str | None:
    """What a text block says; other blocks (thinking) say nothing."""
    return (strict.text(block.get("text"), "text") or "") if block.get("type") == "text" else None


def _usage(given: Any) -> Usage | None:
    """Tokens read from the cache and written to it are billed input too; the API counts them beside `input_tokens`."""
    totals = strict.usage(given, "input_tokens", "output_tokens")
    if totals is None:
        return None
    cached = strict.count(given.get("cache_read_input_tokens"), "cache_read_input_tokens")
    written = strict.count(given.get("cache_creation_input_tokens"), "cache_creation_input_tokens")
    return Usage(totals.input + cached + written, totals.output, cached)
