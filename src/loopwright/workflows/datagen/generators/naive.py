"""Rows that a model writes whole, from a plan of how they may vary; some calls are shown a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.policy.keyed import Keyed
from loopwright.records import Fields
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.plans import Plans
from loopwright.workflows.datagen.generators.protocol import FromNothing, Order, Written
from loopwright.workflows.datagen.generators.whole import Entries, Found, RowsPerCall, Sheet, Whole, rows_of
from loopwright.workflows.datagen.material import ByLabel, Material, Past, seeds

_LONGEST_EXAMPLE = 300


class Naive(Sampling):
    rows_per_call: RowsPerCall = 5
    plan: Entries = 8
    seeds: Annotated[float, Field(ge=0, le=1, description="the share of calls that are shown a seed as an example")] = 0.5

    def generator(self, brief: Brief, model: str | None) -> Writing:
        return Writing(Whole(brief, Pen(model or "", self)), self)


class Writing(FromNothing):
    def __init__(self, whole: Whole, by: Naive) -> None:
        self._whole = whole
        self._by = by
        self._plans = Plans(whole.brief, whole.pen.model, by.plan)
        self._seeds: ByLabel = {}

    async def prepare(self, stages: Stages, rows: Sequence[Fields]) -> None:
        self._seeds = seeds(rows, self._whole.brief.wanted_label)
        await self._plans.prepare(stages)

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        return await self._whole.write(orders, trial, self._by.rows_per_call, self._sheet)

    def _sheet(self, orders: Sequence[Order], trial: Trial) -> Sheet:
        label = orders[0].label
        rng = trial.rng(f"facts {orders[0].index}")
        facts = self._plans.drawn(label, rng)
        seed = self._example(label, rng)
        if seed is None:
            return self._asking(orders, facts, facts)
        text = str(seed.data.get(self._whole.brief.recipe.task.text, ""))[:_LONGEST_EXAMPLE]
        return self._asking(orders, {**facts, "in the manner of": text}, facts, (seed,))

    def _asking(
        self, orders: Sequence[Order], told: Mapping[str, str], facts: Mapping[str, str], parents: tuple[Past, ...] = ()
    ) -> Sheet:
        slots, several = self._whole.slots(told), self._whole.listed()
        if len(orders) > 1:
            prompt = prompts.render("write_rows", **slots, count=str(len(orders)))
            return Sheet(orders, prompt, several, rows_of, facts, {}, parents)
        prompt = prompts.render("write_row", **slots)
        return Sheet(orders, prompt, self._whole.single, lambda row: [Found(row)], facts, {}, parents)

    def _example(self, label: str | None, rng: Keyed) -> Past | None:
        some = self._seeds.get(label)
        return rng.choice(some) if some and rng.random() < self._by.seeds else None
