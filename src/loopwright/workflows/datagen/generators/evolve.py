"""Rows that grow out of accepted ones and seeds: deeper, otherwise, in another style. What comes near its parent is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.quality.row import Row
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.generators.reworking import Given, Rewriter, dealt, each, matched
from loopwright.workflows.datagen.generators.shown import likeness
from loopwright.workflows.datagen.generators.whole import Whole
from loopwright.workflows.datagen.material import ByLabel, Material, Past, seeds

Operation: TypeAlias = Literal["deepen", "vary", "style"]


class Evolve(Sampling):
    job: ClassVar[str] = "evolve_row"

    operations: Annotated[tuple[Operation, ...], Field(min_length=1, strict=False, description="what may be done to a row")] = (
        "deepen",
        "vary",
        "style",
    )
    near: Annotated[
        float, Field(ge=0, le=1, description="so alike a row may not be to its parent, as `deduplication` measures")
    ] = 0.8
    attempts: Annotated[int, Field(ge=1, le=5, description="calls for a row, until it is no near duplicate")] = 2
    generations: Annotated[int, Field(ge=1, le=50, description="how far a row may be from one that did not evolve")] = 4

    def begins(self, brief: Brief) -> bool:
        return brief.recipe.seeds is not None

    def generator(self, brief: Brief, model: str | None) -> Evolving:
        return Evolving(Whole(brief, Pen(model or "", self)), self)


class Evolving:
    def __init__(self, whole: Whole, by: Evolve) -> None:
        self._whole = whole
        self._by = by
        self._rewriter = Rewriter(whole)
        self._seeds: ByLabel = {}

    async def prepare(self, stages: Stages, rows: Sequence[Fields]) -> None:
        self._seeds = seeds(rows, self._whole.brief.wanted_label)

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        return matched(orders, self._young(material))

    def _young(self, material: Material) -> ByLabel:
        """The seeds, and the accepted rows that have not come far yet."""
        return {
            label: (*self._seeds.get(label, ()), *(one for one in some if _generation(one) < self._by.generations))
            for label, some in {**dict.fromkeys(self._seeds, ()), **material.accepted}.items()
        }

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        return await self.rework(dealt(orders, self._young(material), trial.rng("parents")), trial, material)

    async def rework(self, given: Sequence[Given], trial: Trial, material: Material) -> list[Written]:
        return await each(given, lambda one: self._evolved(one, trial, material))

    async def _evolved(self, given: Given, trial: Trial, material: Material) -> Written:
        order, parent = given
        facts: Fields = {} if order.label is None else {"label": order.label}
        written = replace(self._rewriter.blank(given), facts=facts)
        generation = _generation(parent) + 1
        for attempt in range(self._by.attempts):
            purpose = f"evolve {order.index}.{generation}.{attempt}"
            rng = trial.rng(f"how to {purpose}")
            operation = rng.choice(self._by.operations)
            step: dict[str, Json] = {"operation": operation, "generation": generation}
            written = replace(written, lineage={**written.lineage, **step})
            instruction = rng.choice(prompts.evolutions()[operation])
            written = await self._rewriter.ask(written, given, trial, purpose, self._by.job, instruction=instruction)
            if written.trouble is not None:
                break
            written = replace(written, trouble=self._too_near(written, parent))
            if written.trouble is None and self._is_new(written, material):
                break
        return written

    def _too_near(self, written: Written, parent: Past) -> str | None:
        field = self._whole.brief.text_field
        said, before = (Row(data).text(field) for data in (_fields(written), parent.data))
        near = likeness(said or "", before or "")
        return f"a near duplicate of its parent {parent.id}: alike to {near:.2f}" if near >= self._by.near else None

    def _is_new(self, written: Written, material: Material) -> bool:
        """Beside the accepted rows, as the comparing validators see it: the gate will say so again, with its reason."""
        return all(one.ruling.passed for one in material.view.each(Row(_fields(written), written.facts)))


def _fields(written: Written) -> Fields:
    return written.data if isinstance(written.data, dict) else {}


def _generation(past: Past) -> int:
    """How many evolutions lie behind it."""
    known = past.lineage.get("generation", 0)
    return known if isinstance(known, int) else 0
