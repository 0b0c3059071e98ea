"""How generators ask their model: with the arm's settings, a seed of its own for every request, and refusals made plain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from loopwright.errors import BadAnswer, CallError
from loopwright.llm.messages import Reply, Request, chat, digest, wire_form
from loopwright.llm.quoting import quote
from loopwright.llm.tiny.form import taught
from loopwright.loop.trial import Place
from loopwright.records import Fields
from loopwright.spec.blocks import Block
from loopwright.workflows.datagen.brief import Brief

SEEDS = 2**31 - 1
"""What every endpoint takes."""


class Sampling(Block):
    """How the model's words are drawn: what the ways that ask a model have in common."""

    job: ClassVar[str] = "write_rows"
    """The prompt that their model is given."""

    temperature: Annotated[float | None, Field(ge=0, le=2, description="default: the model's")] = None
    top_p: Annotated[float | None, Field(gt=0, le=1, description="default: the model's")] = None

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        if model is None:
            return "there is no model to write rows"
        embedded = any(block.id == model and block.provider == "tiny" for block in brief.recipe.models)
        return f"the embedded model was not taught the prompt `{self.job}`" if embedded and not taught(self.job) else None

    def begins(self, brief: Brief) -> bool:
        return True

    def asks(self, model: str | None) -> Sequence[str]:
        return [] if model is None else [model]


class Asked(NamedTuple):
    """A reply, the digest of what was asked, and the id of the model that answered, which may be a fallback."""

    reply: Reply
    prompt: str
    model: str


class Shape(NamedTuple):
    """What an answer is to fit, and what makes it of use where it does not; of a list, also what makes an entry so."""

    schema: Fields
    least: Fields
    entry: Fields | None = None


class Pen(NamedTuple):
    """A model with an arm's settings."""

    model: str
    sampling: Sampling

    async def ask(
        self, place: Place, prompt: str, purpose: str, schema: Fields | None = None, least: Fields | None = None
    ) -> Asked:
        """Raises a `CallError` where there is no answer, also where the model refuses to give one."""
        request = Request(
            chat(prompt),
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            seed=place.rng(purpose).bits() & SEEDS,
            schema=schema,
            purpose=purpose,
            least=least,
        )
        reply = await place.ask(self.model, request)
        if reply.refusal is not None or reply.finish == "refusal":
            refused = BadAnswer(f"{self.model} refused: {quote(reply.refusal or reply.text, limit=200)}", charged=True)
            refused.spent = reply.spent
            raise refused
        return Asked(reply, digest(wire_form(request)).hex(), reply.by or self.model)


def usage(answer: Reply | CallError, rows: int = 1, place: int = 0) -> dict[str, int]:
    """What an answer cost, for one of the rows that it was to hold: shares that add up to the whole."""
    return {name: amount // rows + (place < amount % rows) for name, amount in answer.spent.items()}


def added(*parts: dict[str, int]) -> dict[str, int]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0) for part in parts) for name in names}
