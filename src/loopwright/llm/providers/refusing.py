"""The provider that never answers: put where no model may be asked by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from loopwright.errors import EndpointMissing
from loopwright.llm.messages import Reply, Request
from loopwright.llm.structured import Ability
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context


class Refusing:
    ability: ClassVar[Ability] = "json_schema"

    def __init__(self, block: ModelBlock, context: Context) -> None:
        self._id = block.id

    async def complete(self, request: Request) -> Reply:
        raise EndpointMissing(f"model {self._id!r} answers nothing: its provider is `refusing`; give it another to ask it")
