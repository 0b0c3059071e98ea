"""A model that is an object of the Python program that starts the run: it answers in that program alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from loopwright.errors import BoundaryError, LoopwrightError, Problem, SpecError, Unavailable
from loopwright.llm.messages import Reply, Request
from loopwright.llm.quoting import quote
from loopwright.llm.structured import Ability
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context


class Python:
    """What it raises is blamed on it. A connection that fails is tried again, as with every other provider."""

    ability: ClassVar[Ability] = "prompt"

    def __init__(self, block: ModelBlock, context: Context) -> None:
        provider = context.given.get(block.id)
        if provider is None:
            what = "this model is an object of a Python program, and answers only there: start that program again"
            raise SpecError([Problem(f"models[{block.id}].provider", what, "another provider")])
        self._provider = provider
        self._id = block.id

    async def complete(self, request: Request) -> Reply:
        try:
            return await self._provider.complete(request)
        except LoopwrightError:
            raise
        except OSError as error:  # TimeoutError and ConnectionError are OSErrors
            raise Unavailable(f"model {self._id!r}: {type(error).__name__}: {quote(str(error))}") from error
        except Exception as error:
            raise BoundaryError(f"model {self._id!r}", f"{type(error).__name__}: {quote(str(error))}") from error
