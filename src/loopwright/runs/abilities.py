"""Finds out before trial 0 how each endpoint that is asked for JSON can be made to give it, and keeps that in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, cast

from loopwright.errors import BadAnswer, BadReply, TimedOut, Unavailable
from loopwright.llm.calling import STRONGEST
from loopwright.llm.models import Models
from loopwright.llm.probe import QUESTION
from loopwright.llm.provider import Provider
from loopwright.llm.structured import Ability, weaker
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Place
from loopwright.records import Json
from loopwright.spec.blocks import RunSpec

PATIENCE = 4
"""How often the question is asked again where the calling loop has given it up: all that follows would be asked in vain."""


class Probing(NamedTuple):
    spec: RunSpec
    models: Models
    providers: Mapping[str, Provider]
    notice: Callable[[str], None]
    """Takes a line that the user should see now."""

    async def run(self, stages: Stages) -> None:
        blocks = {block.id: block for block in self.spec.models}
        for id in self.spec.asks_for_json():
            if getattr(self.providers[id], "ability", None) is None:
                reads = {"provider": blocks[id].provider, "model": blocks[id].name}
                found = await stages.run(f"probe {id}", reads, partial(self._find, id))
                self.models.abilities[id] = cast(Ability, found)

    async def _find(self, id: str, place: Place) -> Json:
        ability: Ability | None = STRONGEST
        while ability is not None:
            try:
                await self._ask(id, place)
                break
            except BadAnswer:
                ability = weaker(self.models.abilities.get(id, STRONGEST))
                if ability is not None:
                    self.models.abilities[id] = ability
        return self.models.abilities.get(id, STRONGEST)

    async def _ask(self, id: str, place: Place) -> None:
        for again in range(PATIENCE):
            try:
                await place.ask(id, QUESTION)
                return
            except (Unavailable, TimedOut, BadReply) as error:
                self.notice(f"{id} did not answer the first question, and is asked again: {error}")
                await self.models.endpoint(id).back_off(again)
        await place.ask(id, QUESTION)
