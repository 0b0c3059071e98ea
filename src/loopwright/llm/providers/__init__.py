"""The providers by kind, what each needs of a model's block, and how a block becomes a provider.

Looking at a block imports no HTTP client; building a provider imports that provider alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from loopwright.errors import BoundaryError, LoopwrightError, Problem, SpecError
from loopwright.kinds import Kinds, nearest
from loopwright.llm.messages import Reply, Request
from loopwright.llm.provider import Provider
from loopwright.llm.quoting import quote
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.http import Http

_ROOM = "loopwright.llm.providers"

PROVIDERS = Kinds(
    "provider",
    {
        "openai": f"{_ROOM}.openai:OpenAI",
        "anthropic": f"{_ROOM}.anthropic:Anthropic",
        "litellm": f"{_ROOM}.litellm:LiteLLM",
        "scripted": f"{_ROOM}.scripted:Scripted",
        "replay": f"{_ROOM}.cassette:Replay",
        "replay_proxy": f"{_ROOM}.proxy:ReplayProxy",
        "record": f"{_ROOM}.cassette:Record",
        "refusing": f"{_ROOM}.refusing:Refusing",
        "tiny": f"{_ROOM}.tiny:Tiny",
        "python": f"{_ROOM}.python:Python",
    },
)
"""A member is called with a `ModelBlock` and a `Context`, and what it returns is a `Provider`."""

ANSWERERS: Mapping[str, str] = {
    "scripted": "scripted: answers written beforehand, no model was asked",
    "replay": "replayed: answers recorded earlier, no model was asked",
    "replay_proxy": "replay-proxy: what other models answered to the same questions, no model corrects itself",
    "refusing": "refusing: stands in for a model and never answers",
    "tiny": "embedded: the small model of the package, which knows its own little world alone and stands for no other",
}
"""Providers behind which no real model answers, and what to say of them."""

Answered: TypeAlias = Callable[[str], Mapping[bytes, int]]
"""How often, by digest, a model answered each request in earlier lives of the run; asked only where it matters."""

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "scripted": ("script",),
    "replay": ("cassette",),
    "replay_proxy": ("cassette",),
    "record": ("cassette", "of"),
}
_KEEPS_TO_ITSELF = ("script", "cassette", "of")


def no_earlier_life(model: str) -> Mapping[bytes, int]:  # noqa: ARG001
    return {}


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider may use: the run's connections, the other blocks by id, the spec's folder, the environment. `given` are
    models that are objects of a Python program, by id."""

    http: Http
    blocks: Mapping[str, ModelBlock] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    environ: Mapping[str, str] = field(default_factory=lambda: environ)
    answered: Answered = no_earlier_life
    given: Mapping[str, Provider] = field(default_factory=dict)


def build(block: ModelBlock, context: Context) -> Provider:
    """The provider that a block asks for."""
    problems = check(block, context.blocks)
    if problems:
        raise SpecError(problems)
    provider: Provider = PROVIDERS.load(block.provider)(block, context)
    return provider if block.provider in PROVIDERS.builtin else Foreign(block, provider)


class Foreign:
    """A provider from outside: what it raises is blamed on it, and is one call's error."""

    def __init__(self, block: ModelBlock, provider: Provider) -> None:
        self.ability = getattr(provider, "ability", None)
        self._boundary = f"provider {block.provider!r} of model {block.id!r}"
        self._provider = provider

    async def complete(self, request: Request) -> Reply:
        try:
            return await self._provider.complete(request)
        except LoopwrightError:
            raise
        except Exception as error:
            raise BoundaryError(self._boundary, f"{type(error).__name__}: {quote(str(error))}") from error


def check(block: ModelBlock, blocks: Mapping[str, ModelBlock] | None = None, path: str | None = None) -> list[Problem]:
    """What is wrong with a block, beyond its types. `path` is where the block stands in its spec."""
    at = path or f"models[{block.id}]"
    known = PROVIDERS.names()
    if block.provider not in known:
        expected = f"one of {', '.join(known)}"
        hint = nearest(block.provider, known)
        return [Problem(f"{at}.provider", f"there is no provider {block.provider!r}", expected, hint)]
    return [*_missing(block, at), *_strange(block, at), *_recorded(block, blocks, at), *_address(block, at)]


def _missing(block: ModelBlock, at: str) -> list[Problem]:
    return [
        Problem(f"{at}.{name}", f"the provider {block.provider} needs `{name}`")
        for name in _NEEDS.get(block.provider, ())
        if not getattr(block, name)
    ]


def _strange(block: ModelBlock, at: str) -> list[Problem]:
    if block.provider not in PROVIDERS.builtin:
        return []
    uses = _NEEDS.get(block.provider, ())
    return [
        Problem(f"{at}.{name}", f"the provider {block.provider} has no use for `{name}`")
        for name in _KEEPS_TO_ITSELF
        if getattr(block, name) is not None and name not in uses
    ]


def _recorded(block: ModelBlock, blocks: Mapping[str, ModelBlock] | None, at: str) -> list[Problem]:
    if block.provider != "record" or block.of is None or blocks is None:
        return []
    recorded = blocks.get(block.of)
    if recorded is None:
        return [Problem(f"{at}.of", f"there is no model {block.of!r}", nearest=nearest(block.of, blocks))]
    if recorded.provider == "record":
        return [Problem(f"{at}.of", f"{block.of!r} is itself a recorder", "a model that answers")]
    return []


def _address(block: ModelBlock, at: str) -> list[Problem]:
    if block.base_url is None:
        return []
    try:
        parts = urlsplit(block.base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        return [Problem(f"{at}.base_url", "not an address", "http://host:port/path")]
    if parts.username or parts.password:
        return [Problem(f"{at}.base_url", "an address must not hold a name or a password", "the key in `api_key_env`")]
    return []
