"""A recipe for a new dataset, from what a user has: inferred, asked, or talked over with a model; checked, then written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pydantic import ValidationError

from loopwright.errors import CallError, EndpointDown, SpecError, TimedOut, UsageError
from loopwright.llm.messages import Message, Request
from loopwright.runs.check import check
from loopwright.runs.live import opened
from loopwright.spec.blocks import ModelBlock
from loopwright.store.export import replaced
from loopwright.workflows.datagen.starting import models
from loopwright.workflows.datagen.starting.asking import next_question
from loopwright.workflows.datagen.starting.known import Known
from loopwright.workflows.datagen.starting.schemas import from_schema
from loopwright.workflows.datagen.starting.seeds import from_seeds
from loopwright.workflows.datagen.starting.sentences import from_sentence
from loopwright.workflows.datagen.starting.talking import Ask, Listen, talk
from loopwright.workflows.datagen.starting.writing import recipe


class Given(NamedTuple):
    """What a user has."""

    about: str | None = None
    seeds: Path | None = None
    schema: Path | None = None
    model: str | None = None


def known(given: Given) -> Known:
    """All that it tells; what one thing says first, another does not change."""
    found = Known(model=None if given.model is None else models.named(given.model))
    if given.about is not None:
        found = from_sentence(found, given.about)
    if given.schema is not None:
        found = from_schema(found, given.schema)
    if given.seeds is not None:
        found = from_seeds(found, given.seeds)
    return found


def assumed(found: Known) -> tuple[Known, list[str]]:
    """With the rest assumed, and what that is."""
    said = []
    while question := next_question(found):
        found = question.take(question.default)
        said.append(f"assumed: {question.assumed}")
    return found, said


def problems(text: str, place: Path) -> str | None:
    """What the strict loader says of a recipe that is to lie there."""
    with TemporaryDirectory(prefix="loopwright-") as scratch:
        file = Path(scratch) / place.name
        file.write_text(text, encoding="utf-8")
        try:
            check(file)
        except SpecError as error:
            return str(SpecError(error.problems, place.name))
        except UsageError as error:
            return str(error).replace(str(file), place.name)
    return None


def refuse_to_replace(place: Path, force: bool) -> None:
    if place.exists() and not force:
        raise UsageError(f"{place} is there already; --force replaces it, --output names another file")
    if not place.resolve().parent.is_dir():
        raise UsageError(f"there is no folder {place.resolve().parent}")


def write(text: str, place: Path) -> None:
    wrong = problems(text, place)
    if wrong is not None:
        raise UsageError(f"the recipe that would be written cannot be used; nothing was written:\n{wrong}")
    with replaced(place) as out:
        out.write(text.encode())


def talked_over(found: Known, place: Path, listen: Listen) -> str:
    """The recipe that a model came to; it is the one that the recipe is to name, and the one that talks."""
    block = _block(found.model or {})
    draft, guesses = assumed(found)
    opening = [found.description or "Help me to make a dataset.", *(f"Known: {said}" for said in found.said)]
    opening += [f"The draft has {said}; ask about it" for said in guesses]
    base = place.resolve().parent
    return asyncio.run(
        _talk(block, base, partial(talk, recipe(draft, place), "\n".join(opening), listen, lambda text: problems(text, place)))
    )


async def _talk(block: ModelBlock, base: Path, held: Callable[[Ask], Awaitable[str]]) -> str:
    async with opened([block], base) as providers:

        async def ask(messages: tuple[Message, ...]) -> str:
            try:
                async with asyncio.timeout(block.limits.timeout_s):
                    reply = await providers[block.id].complete(Request(messages, purpose="recipe"))
            except TimeoutError:
                raise TimedOut(f"{block.name} gave no answer within {block.limits.timeout_s:g} s") from None
            except CallError as error:
                raise EndpointDown(f"{block.name} cannot be asked: {error}") from error
            if reply.refusal is not None:
                raise UsageError(f"{block.name} refuses: {reply.refusal}")
            return reply.text

        return await held(ask)


def _block(told: Mapping[str, Any]) -> ModelBlock:
    try:
        return ModelBlock.model_validate({**told, "id": told.get("id", "writer")})
    except ValidationError as error:
        raise UsageError(f"the model's block cannot be used: {error.errors()[0]['msg']}") from None
