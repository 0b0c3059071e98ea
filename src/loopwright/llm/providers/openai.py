"""Chat completions, as OpenAI and every server compatible with it answers them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import orjson

from loopwright.errors import Unsupported
from loopwright.llm import strict
from loopwright.llm.messages import Finish, Reply, Request, TokenLogprob, Usage
from loopwright.llm.providers.keys import Secrets
from loopwright.llm.structured import openai_format
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context

HOME = "https://api.openai.com/v1"

_FINISHES: dict[Any, Finish] = {"stop": "stop", "length": "length", "content_filter": "refusal"}
_OTHER_PARAM = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


class OpenAI:
    """One model behind a chat completions endpoint."""

    def __init__(self, block: ModelBlock, context: Context) -> None:
        from loopwright.llm.providers.wire import Line, endpoint  # noqa: PLC0415 - brings the HTTP client

        home = block.base_url is None or block.base_url.rstrip("/") == HOME
        key_env = block.api_key_env or ("OPENAI_API_KEY" if home else None)
        self._secrets = Secrets(block, context.environ, key_env, "Authorization", "Bearer ")
        self._line = Line(context.http, endpoint(block.base_url or HOME, "chat/completions"), block.allow_private)
        self._model = block.name
        self._auto = block.token_param == "auto"  # noqa: S105
        usual = "max_completion_tokens" if home else "max_tokens"
        self._token_param: str = usual if self._auto else block.token_param

    async def complete(self, request: Request) -> Reply:
        param = self._token_param
        try:
            body = await self._post(request, param)
        except Unsupported as error:
            if not self._auto or request.max_output_tokens is None or param not in str(error):
                raise
            # The endpoint refused the parameter unread: the same question with its other name is not a retry.
            body = await self._post(request, _OTHER_PARAM[param])
            self._token_param = _OTHER_PARAM[param]
        return reply_of(body, self._model, request.logprobs)

    def _post(self, request: Request, token_param: str) -> Awaitable[bytes]:
        return self._line.post(self._secrets.headers(), orjson.dumps(wire(request, self._model, token_param)))


def wire(request: Request, model: str, token_param: str) -> dict[str, Any]:
    """The body of a chat completion; orjson writes a `Message` as the API wants it."""
    body: dict[str, Any] = {"model": model, "messages": request.messages}
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.max_output_tokens is not None:
        body[token_param] = request.max_output_tokens
    if request.stop:
        body["stop"] = request.stop
    if request.seed is not None:
        body["seed"] = request.seed
    if request.logprobs:
        body["logprobs"] = True
    if request.schema is not None:
        body["response_format"] = openai_format(request.schema)
    elif request.json_object:
        body["response_format"] = {"type": "json_object"}
    return body


def reply_of(body: bytes, model: str, logprobs: bool = False) -> Reply:
    """A chat completion, checked in every field that is read."""
    answer = strict.document(body)
    choice = strict.first(answer.get("choices"), "choices")
    message = strict.mapping(choice.get("message"), "message")
    refusal = strict.text(message.get("refusal"), "refusal") or None
    said = choice.get("finish_reason")
    finish: Finish = "refusal" if refusal else _FINISHES.get(said, "other") if type(said) is str else "other"
    if finish == "refusal" and refusal is None:
        refusal = "stopped by the endpoint's content filter"
    text = strict.text(message.get("content"), "content")
    if text is None and finish not in ("length", "refusal"):
        strict.bad("the server's reply has a choice without content")
    return Reply(
        text=text or "",
        model=strict.text(answer.get("model"), "model") or model,
        finish=finish,
        refusal=refusal,
        usage=_usage(answer.get("usage")),
        logprobs=_logprobs(choice.get("logprobs")) if logprobs else None,
    )


def _usage(given: Any) -> Usage | None:
    totals = strict.usage(given, "prompt_tokens", "completion_tokens")
    if totals is None:
        return None
    into, out = given.get("prompt_tokens_details"), given.get("completion_tokens_details")
    if not into and not out:
        return totals
    cached = strict.count(strict.mapping(into, "prompt_tokens_details").get("cached_tokens"), "cached_tokens") if into else 0
    spent = strict.mapping(out, "completion_tokens_details").get("reasoning_tokens") if out else 0
    reasoning = strict.count(spent, "reasoning_tokens")
    return Usage(totals.input, totals.output, min(cached, totals.input), min(reasoning, totals.output))


def _logprobs(given: Any) -> tuple[TokenLogprob, ...] | None:
    content = strict.mapping(given, "logprobs").get("content") if given is not None else None
    if content is None:
        return None
    if type(content) is not list:
        strict.bad("`logprobs` of the server's reply is not a list")
    tokens = (strict.mapping(token, "logprobs") for token in content)
    return tuple(
        TokenLogprob(strict.text(token.get("token"), "token") or "", strict.logarithm(token.get("logprob"))) for token in tokens
    )
