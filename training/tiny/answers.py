"""What a trained model says to users: whole conversations through the package's own provider."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loopwright.llm.http import Http
from loopwright.llm.messages import Reply, Request
from loopwright.llm.providers import Context
from loopwright.llm.providers.tiny import Tiny
from loopwright.spec.blocks import ModelBlock


class Answer(NamedTuple):
    """A refusal has no text."""

    text: str
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]

    @property
    def mean_logprob(self) -> float:
        return sum(self.logprobs) / max(1, len(self.logprobs))


class Speaker:
    def __init__(self, weights: Path) -> None:
        self._weights = weights

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """All of them side by side."""
        return [_answer(reply) for reply in asyncio.run(self._replies(requests))]

    async def _replies(self, requests: Sequence[Request]) -> list[Reply]:
        model = Tiny(ModelBlock(id="tiny", provider="tiny"), Context(Http()), self._weights)
        return await asyncio.gather(*(model.complete(request) for request in requests))


def _answer(reply: Reply) -> Answer:
    said = reply.logprobs or ()
    return Answer(reply.text, tuple(one.token for one in said), tuple(one.logprob for one in said))
