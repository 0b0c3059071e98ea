"""Any model that LiteLLM knows, through the extra `litellm`; its own retries are off, its errors become ours."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from loopwright.errors import (
    BadReply,
    BoundaryError,
    CallError,
    ContextTooLong,
    ExtraMissing,
    LoopwrightError,
    Rejected,
    Unavailable,
    Unsupported,
)
from loopwright.llm.messages import Reply, Request, Usage
from loopwright.llm.providers.keys import Secrets
from loopwright.llm.providers.openai import reply_of, wire
from loopwright.llm.quoting import quote, secrets_in
from loopwright.llm.statuses import Refusal, error_of
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context


_KEY = "Authorization"


class LiteLLM:
    """One model by its LiteLLM name, such as `mistral/mistral-small-latest`."""

    def __init__(self, block: ModelBlock, context: Context) -> None:
        self._library = _library()
        self._secrets = Secrets(block, context.environ, block.api_key_env, _KEY)
        self._model = block.name
        self._base_url = block.base_url
        self._token_param = "max_completion_tokens" if block.token_param == "max_completion_tokens" else "max_tokens"  # noqa: S105

    async def complete(self, request: Request) -> Reply:
        asked = orjson.loads(orjson.dumps(wire(request, self._model, self._token_param)))
        headers = dict(self._secrets.headers())
        secrets = secrets_in(headers)
        key = headers.pop(_KEY, None)
        try:
            answer = await self._library.acompletion(
                **asked,
                api_key=key,
                base_url=self._base_url,
                extra_headers=headers or None,
                num_retries=0,
                max_retries=0,
                drop_params=False,
            )
            body = answer.model_dump_json().encode()
        except Exception as error:
            self._blame(error, secrets)
        reply = reply_of(body, self._model, request.logprobs)
        # Where the server gave no usage, LiteLLM says 0.
        return reply if reply.usage != Usage(0, 0) else replace(reply, usage=None)

    def _blame(self, error: Exception, secrets: tuple[str, ...]) -> NoReturn:
        said = quote(str(error), secrets)
        raise _error(self._library, error, f"litellm, {self._model}: {said}") from None


def _library() -> Any:
    try:
        library: Any = import_module("litellm")
    except ImportError:
        raise ExtraMissing("litellm", "the provider litellm") from None
    library.suppress_debug_info = True
    library.telemetry = False
    return library


_OURS: tuple[tuple[str, type[CallError], bool], ...] = (
    ("ContextWindowExceededError", ContextTooLong, False),
    ("UnsupportedParamsError", Unsupported, False),
    ("ContentPolicyViolationError", Rejected, False),
    ("Timeout", Unavailable, True),
    ("JSONSchemaValidationError", BadReply, True),
    ("APIResponseValidationError", BadReply, True),
    ("APIConnectionError", Unavailable, True),
)
"""Their errors, ours, and whether the call may be billed. The order matters: some of theirs are kinds of others."""


def _error(library: Any, error: Exception, what: str) -> LoopwrightError:
    for name, ours, charged in _OURS:
        if isinstance(error, getattr(library, name)):
            return ours(what, charged=charged)
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or status < 400:
        return BoundaryError("litellm", what)
    said = getattr(error, "body", None)
    codes = {name: said.get(name) for name in ("code", "type")} if isinstance(said, dict) else {}
    headers = getattr(error, "litellm_response_headers", None) or {}
    named = error_of(Refusal("litellm", status, headers, orjson.dumps({"error": {**codes, "message": what}})), time())
    # It says 500 of connections that broke off, too, whose answer may be on the bill.
    return Unavailable(str(named), charged=True) if status == 500 else named
