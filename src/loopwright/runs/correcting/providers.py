"""Models as Python objects: those of a user's own, and the names under which ours are known here."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import ChainMap
from collections.abc import Mapping, Sequence
from os import environ
from pathlib import Path
from typing import Any, NamedTuple

from loopwright.llm.book import MemoryBook
from loopwright.llm.messages import Message, Reply, Request, Usage, chat
from loopwright.llm.models import Models
from loopwright.llm.provider import Provider
from loopwright.runs.given import Given
from loopwright.runs.live import opened
from loopwright.spec.blocks import Budget, ModelBlock
from loopwright.workflows.correction.pricing import estimated

_SPEAKERS = {"system": "System", "user": "User", "assistant": "Assistant"}


class LLMProvider(ABC):
    """A model. A subclass of your own is asked through the same calling loop as every other: what it raises for want of a
    connection (`OSError`, `TimeoutError`) is tried again, anything else fails the question."""

    @abstractmethod
    async def generate(self, prompt: str, max_tokens: int = 150) -> tuple[str, int]:
        """The answer, and how many tokens it took."""


class OpenAIProvider(LLMProvider):
    """Chat completions, of OpenAI or of the server that `base_url` or the variable OPENAI_BASE_URL names. `fields` are more
    fields of a model's block: `temperature`, `max_output_tokens`, `pricing`, `limits`. The key stays in memory."""

    def __init__(self, api_key: str, model: str = "gpt-3.5-turbo", base_url: str | None = None, **fields: Any) -> None:
        address = base_url or environ.get("OPENAI_BASE_URL")
        self.given = GivenModel(_block("openai", model, address, "OPENAI_API_KEY", fields), {"OPENAI_API_KEY": api_key})

    async def generate(self, prompt: str, max_tokens: int = 150) -> tuple[str, int]:
        return await _ask(self.given, prompt, max_tokens)


class AnthropicProvider(LLMProvider):
    """The Messages API, of Anthropic or of the server that `base_url` or the variable ANTHROPIC_BASE_URL names."""

    def __init__(
        self, api_key: str, model: str = "claude-3-sonnet-20240229", base_url: str | None = None, **fields: Any
    ) -> None:
        address = base_url or environ.get("ANTHROPIC_BASE_URL")
        self.given = GivenModel(
            _block("anthropic", model, address, "ANTHROPIC_API_KEY", fields), {"ANTHROPIC_API_KEY": api_key}
        )

    async def generate(self, prompt: str, max_tokens: int = 150) -> tuple[str, int]:
        return await _ask(self.given, prompt, max_tokens)


class SentenceTransformerLLM(LLMProvider):
    """For trying things out, with no key: the embedded model, which says the same to the same words. No sentence
    transformer is asked, since those do not write."""

    def __init__(self) -> None:
        fields = {"temperature": 0.0, "max_output_tokens": 80, "limits": {"concurrency": 4}}
        self.given = GivenModel({"id": "tiny", "provider": "tiny", **fields})

    async def generate(self, prompt: str, max_tokens: int = 150) -> tuple[str, int]:
        return await _ask(self.given, prompt, max_tokens)


class GivenModel(NamedTuple):
    """A model's block as it stands in a spec, and beside it what no spec may hold."""

    block: dict[str, Any]
    keys: Mapping[str, str] = {}
    provider: Provider | None = None

    def brought(self) -> Given:
        providers = {} if self.provider is None else {self.block["id"]: self.provider}
        return Given(providers, ChainMap(dict(self.keys), dict(environ)))


def model_of(provider: LLMProvider) -> GivenModel:
    """What a pipeline makes of a provider."""
    given = getattr(provider, "given", None)
    if isinstance(given, GivenModel):
        return given
    name = type(provider).__name__
    return GivenModel({"id": _id(name), "provider": "python", "model": name}, provider=Own(provider))


class Own:
    """A user's provider behind the seam. It is given one text: a conversation is written out, with who said what. The
    tokens that it counts are taken for those of the answer, and for all that was billed."""

    def __init__(self, provider: LLMProvider) -> None:
        self._provider = provider
        self._name = type(provider).__name__

    async def complete(self, request: Request) -> Reply:
        prompt, most = transcript(request.messages), request.max_output_tokens
        text, count = await (self._provider.generate(prompt) if most is None else self._provider.generate(prompt, most))
        if not isinstance(text, str) or not (count is None or (isinstance(count, int) and count >= 0)):
            raise TypeError(f"generate returned {type(text).__name__} and {count!r}, not a text and its number of tokens")
        return Reply(text, self._name, usage=None if count is None else Usage(0, count))


def transcript(messages: Sequence[Message]) -> str:
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join([*(f"{_SPEAKERS[each.role]}: {each.content}" for each in messages), "Assistant:"])


async def _ask(given: GivenModel, prompt: str, max_tokens: int) -> tuple[str, int]:
    """One question, outside of any run."""
    block = ModelBlock.model_validate(given.block)
    async with (
        opened([block], Path(), given=given.brought()) as built,
        Models([block], Budget(), MemoryBook(), built) as models,
    ):
        reply = await models.at(0).ask(block.id, Request(chat(prompt), max_output_tokens=max_tokens))
    return reply.text, estimated(reply.text) if reply.usage is None else reply.usage.input + reply.usage.output


def _block(provider: str, model: str, base_url: str | None, key_env: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    address = {} if base_url is None else {"base_url": base_url}
    return {"id": _id(model), "provider": provider, "model": model, "api_key_env": key_env, **address, **fields}


def _id(name: str) -> str:
    """A name as it may stand in a spec."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("._-")[:64] or "model"
