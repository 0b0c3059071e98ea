"""The embedded model as a provider: a very small network that knows its own little world and refuses everything else."""

from __future__ import annotations

import asyncio
import math
import os
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import orjson

from loopwright.errors import ContextTooLong
from loopwright.llm.messages import Finish, Reply, Request, TokenLogprob, Usage
from loopwright.llm.structured import Ability
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context
    from loopwright.llm.tiny.batching import Asked, Said
    from loopwright.llm.tiny.reading import Reading
    from loopwright.llm.tiny.serving import Server

WORLD = "sums in words with whole numbers from 2 to 99, and writing, sorting and judging customer messages to an online shop"


class Tiny:
    """Answers in this process. Nothing is sent anywhere, and numpy and the weights are loaded by the first request."""

    ability: ClassVar[Ability] = "json_schema"

    def __init__(self, block: ModelBlock, context: Context, weights: Path | None = None) -> None:
        self._weights = weights
        self._server: Server | None = None

    @property
    def about(self) -> str:
        """What this model is, in a sentence."""
        server = self._loaded()
        return f"an embedded model of {server.parameters:,} parameters that knows only its small world: {WORLD}"

    async def complete(self, request: Request) -> Reply:
        from loopwright.llm.tiny.reading import Outside, read  # noqa: PLC0415 - brings numpy

        server = self._loaded()
        reading = read(request, server.tokenizer)
        if isinstance(reading, Outside):
            refusal = f"{reading.why}; tiny is {self.about}"
            return Reply("", self._label, "refusal", refusal, Usage(0, 0), () if request.logprobs else None)
        asked = self._asked(server, request, reading)
        if reading.draws:
            return await self._drawn(server, request, reading, asked)
        said = await asyncio.wrap_future(server.submit(asked))
        return self._reply(server, request, reading, asked, said)

    async def _drawn(self, server: Server, request: Request, reading: Reading, asked: Asked) -> Reply:
        """One answer of several, drawn independently. What is no whole row is left out."""
        from loopwright.llm.tiny.wording import Draw, told  # noqa: PLC0415 - with the rest of its room

        each = [replace(asked, key=blake2b(asked.key + bytes([at])).digest()) for at in range(reading.draws)]
        answers = await asyncio.gather(*(asyncio.wrap_future(server.submit(one)) for one in each))
        replies = [self._reply(server, request, reading, asked, said) for said in answers]
        likely = [math.exp(math.fsum(said.logprobs)) for said in answers]
        rows = [Draw(reply.text, chance) for reply, chance in zip(replies, likely, strict=True) if reply.finish == "stop"]
        usage = Usage(len(asked.prompt) * len(answers), sum(len(said.tokens) for said in answers))
        logprobs = tuple(token for reply in replies for token in reply.logprobs or ()) if request.logprobs else None
        return Reply(told(rows), self._label, "stop", None, usage, logprobs)

    def _loaded(self) -> Server:
        from loopwright.llm.tiny.serving import WEIGHTS, server  # noqa: PLC0415 - brings numpy

        if self._server is None:
            self._server = server(self._weights or WEIGHTS)
        return self._server

    @property
    def _label(self) -> str:
        return f"tiny:{self._loaded().digest}"

    def _asked(self, server: Server, request: Request, reading: Reading) -> Asked:
        from loopwright.llm.tiny.batching import Asked  # noqa: PLC0415 - brings numpy
        from loopwright.llm.tiny.tokens import END, MODEL, USER  # noqa: PLC0415 - with the rest of its room

        prompt: list[int] = []
        for place, turn in enumerate(reading.turns):
            prompt += [USER, *server.tokenizer.encode(turn), MODEL] if place % 2 == 0 else [*server.tokenizer.encode(turn), END]
        if len(prompt) > server.context - SHORTEST:
            size = f"{len(prompt):,} tokens; with an answer it holds {server.context}"
            raise ContextTooLong(f"the prompt is too long for the embedded model: {size}")
        held = None if reading.wording.held is None else server.grammars.held(reading.wording.held)
        temperature = 1.0 if request.temperature is None else request.temperature
        top_p = 1.0 if request.top_p is None else request.top_p
        most = request.max_output_tokens or server.context
        return Asked(tuple(prompt), most, _key(request), temperature, top_p, request.stop, held)

    def _reply(self, server: Server, request: Request, reading: Reading, asked: Asked, said: Said) -> Reply:
        tokens = [server.tokenizer.decode([token]) for token in said.tokens]
        text = _until("".join(tokens), request.stop)
        finish: Finish = "length" if said.ending == "length" else "stop"
        if finish == "stop":
            put = reading.wording.said(text)
            text, finish = (text, "other") if put is None else (put, finish)
        logprobs = None
        if request.logprobs:
            logprobs = tuple(TokenLogprob(*each) for each in zip(tokens, said.logprobs, strict=True) if each[0])
        return Reply(text, self._label, finish, None, Usage(len(asked.prompt), len(said.tokens)), logprobs)


SHORTEST = 8
"""Tokens that the context must leave for an answer."""


def _key(request: Request) -> bytes:
    """What random numbers are made from: the conversation and the seed; without a seed, what the system has of chance."""
    seed = os.urandom(16) if request.seed is None else str(request.seed).encode()
    said = orjson.dumps([(message.role, message.content) for message in request.messages])
    return blake2b(seed + b"\0" + said, digest_size=16).digest()


def _until(text: str, stops: tuple[str, ...]) -> str:
    found = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return text[: min(found)] if found else text
