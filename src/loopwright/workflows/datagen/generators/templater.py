"""Rows from the recipe's grammar. A model fills their slots, those of a batch side by side; without slots no model is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from loopwright.errors import BadAnswer, CallError
from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Asked, Pen, Sampling, added, usage
from loopwright.workflows.datagen.generators.protocol import FromNothing, Order, Written
from loopwright.workflows.datagen.grammar import Draft, Grammar
from loopwright.workflows.datagen.grammar.drafts import Ask
from loopwright.workflows.datagen.material import Material

_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`"}


class Templater(Sampling):
    def unfit(self, brief: Brief, model: str | None) -> str | None:
        if brief.grammar is None:
            return "there is no grammar to draw rows from"
        if model is None and brief.grammar.needs_model:
            return "the grammar has slots, and there is no model to fill them"
        return None

    def asks(self, model: str | None) -> Sequence[str]:
        return []

    def generator(self, brief: Brief, model: str | None) -> Drawing:
        if brief.grammar is None:
            raise ValueError(self.unfit(brief, model))
        return Drawing(brief.grammar, brief.wanted_label, None if model is None else Pen(model, self))


class Drawing(FromNothing):
    def __init__(self, grammar: Grammar, label: str | None, pen: Pen | None) -> None:
        self._grammar = grammar
        self._label = label
        self._pen = pen

    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        """There is nothing to prepare."""

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        drafts = [(order, self._draft(order, trial)) for order in orders]
        if not any(draft.slots for _, draft in drafts):
            return [_written(order, draft, {}) for order, draft in drafts]
        async with asyncio.TaskGroup() as group:
            rows = [group.create_task(self._row(order, draft, trial)) for order, draft in drafts]
        return [row.result() for row in rows]

    def _draft(self, order: Order, trial: Trial) -> Draft:
        fixed = {self._label: order.label} if self._label is not None and order.label is not None else None
        return self._grammar.draw(trial.rng(f"draw {order.index}"), fixed)

    async def _row(self, order: Order, draft: Draft, trial: Trial) -> Written:
        """Slots that need the answers of others are asked for when those are there."""
        answers: dict[int, str] = {}
        found: dict[int, Asked | CallError] = {}
        lost: CallError | None = None
        while lost is None and (ready := draft.ready(answers)):
            async with asyncio.TaskGroup() as group:
                filling = [group.create_task(self._fill(ask, order, trial)) for ask in ready]
            for ask, filled in zip(ready, filling, strict=True):
                found[ask.slot] = said = filled.result()
                if isinstance(said, Asked):
                    answers[ask.slot] = piece(said.reply.text)
                else:
                    lost = lost or said
        return _written(order, draft, answers, found, lost)

    async def _fill(self, ask: Ask, order: Order, trial: Trial) -> Asked | CallError:
        """The answer, or why there is none."""
        if self._pen is None:
            return BadAnswer("there is no model to fill the slots of the grammar")
        prompt = prompts.render("fill_slot", instruction=ask.prompt)
        try:
            asked = await self._pen.ask(trial, prompt, f"slot {order.index}.{ask.slot}")
        except CallError as error:
            return error
        if piece(asked.reply.text):
            return asked
        empty = BadAnswer(f"{asked.model} filled a slot of {ask.rule} with nothing", charged=True)
        empty.spent = asked.reply.spent
        return empty


def _written(
    order: Order,
    draft: Draft,
    answers: Mapping[int, str],
    found: Mapping[int, Asked | CallError] = MappingProxyType({}),
    lost: CallError | None = None,
) -> Written:
    lineage: dict[str, Json] = {"path": draft.path} if draft.path else {}
    asked = [each for each in found.values() if isinstance(each, Asked)]
    if asked:
        lineage |= {"model": ", ".join(dict.fromkeys(each.model for each in asked)), "prompts": [each.prompt for each in asked]}
    if found:
        lineage["calls"] = [f"slot {order.index}.{slot}" for slot in found]
    used = added(*(usage(each.reply if isinstance(each, Asked) else each) for each in found.values()))
    trouble = None if lost is None else f"{lost.kind}: {lost}"
    data = draft.filled(answers) if lost is None else None
    return Written(order, data, _facts(order, draft, answers), trouble, lineage, used)


def _facts(order: Order, draft: Draft, answers: Mapping[int, str]) -> dict[str, Json]:
    facts = draft.facts(answers)
    return facts if order.label is None else {**facts, "label": order.label}


def piece(text: str) -> str:
    """What a model wrote into a slot, without the quotes around it that it was asked to leave out."""
    plain = text.strip()
    if len(plain) > 1 and _QUOTES.get(plain[0]) == plain[-1] and plain[0] not in plain[1:-1]:
        return plain[1:-1].strip()
    return plain
