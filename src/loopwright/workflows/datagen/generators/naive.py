"""Rows that a model writes whole. First it plans how they shall vary, once for each label; then it writes from the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from loopwright.errors import BadAnswer, CallError, EndpointDown, Rejected
from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Place, Trial
from loopwright.policy.keyed import Keyed
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Asked, Pen, Sampling, usage
from loopwright.workflows.datagen.generators.protocol import Order, Written

_PLANNED = {"facets": "facet", "personas": "persona", "tones": "tone", "formats": "format"}
"""What a plan lists, and the fact of a row that is drawn from each list."""

_LISTED: Fields = {"type": "array", "items": {"type": "string"}}
PLAN_SCHEMA: Fields = {
    "type": "object",
    "properties": dict.fromkeys(_PLANNED, _LISTED),
    "required": list(_PLANNED),
    "additionalProperties": False,
}
_LONGEST_EXAMPLE = 300


class Naive(Sampling):
    rows_per_call: Annotated[int, Field(ge=1, le=50, description="rows that the model writes in one answer")] = 5
    plan: Annotated[int, Field(ge=0, le=50, description="facets, personas, tones, formats to plan, of each; 0: no plan")] = 8
    seeds: Annotated[float, Field(ge=0, le=1, description="the share of calls that are shown a seed as an example")] = 0.5

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        return "there is no model to write rows" if model is None else None

    def generator(self, brief: Brief, model: str | None) -> Writing:
        return Writing(brief, Pen(model or "", self), self)


class Writing:
    def __init__(self, brief: Brief, pen: Pen, by: Naive) -> None:
        self._brief = brief
        self._pen = pen
        self._by = by
        self._plans: dict[str | None, Mapping[str, list[str]]] = {}
        self._seeds: dict[str | None, list[tuple[int, str]]] = {}

    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        task = self._brief.recipe.task
        for number, seed in enumerate(seeds):
            label = str(seed.get(task.label)) if self._brief.quotas.rows else None
            self._seeds.setdefault(label, []).append((number, str(seed.get(task.text, ""))[:_LONGEST_EXAMPLE]))
        labels: list[str | None] = [*self._brief.quotas.rows] or [None]
        for label in labels if self._by.plan else ():
            prompt = self._plan_prompt(label)
            name = f"plan {self._pen.model}" + ("" if label is None else f" {label}")
            planned: Any = await stages.run(name, {"prompt": prompt, "model": self._pen.model}, partial(self._plan, prompt))
            self._plans[label] = planned

    def _plan_prompt(self, label: str | None) -> str:
        facts = self._brief.told({} if label is None else {"label": label})
        return prompts.render("plan", description=self._description, facts=facts, count=str(self._by.plan))

    @property
    def _description(self) -> str:
        return self._brief.recipe.task.description

    async def _plan(self, prompt: str, place: Place) -> Json:
        """An empty plan where the model gives none; an endpoint that cannot be reached is not its fault."""
        plain = Pen(self._pen.model, Sampling())
        try:
            data: Any = (await plain.ask(place, prompt, "plan", PLAN_SCHEMA)).reply.data
        except (BadAnswer, Rejected):
            return {}
        except CallError as error:
            raise EndpointDown(f"{self._pen.model} could not be asked for a plan: {error}") from error
        return {name: [" ".join(each.split()) for each in data[name] if each.strip()] for name in _PLANNED}

    async def write(self, orders: Sequence[Order], trial: Trial) -> list[Written]:
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(self._some(some, trial)) for some in self._together(orders)]
        written = {row.order.index: row for call in calls for row in call.result()}
        return [written[order.index] for order in orders]

    def _together(self, orders: Sequence[Order]) -> list[list[Order]]:
        """Those that one answer is to hold: of one label."""
        by_label: dict[str | None, list[Order]] = {}
        for order in orders:
            by_label.setdefault(order.label, []).append(order)
        most = self._by.rows_per_call
        return [some[at : at + most] for some in by_label.values() for at in range(0, len(some), most)]

    async def _some(self, orders: Sequence[Order], trial: Trial) -> list[Written]:
        first, purpose = orders[0], f"rows {orders[0].index}"
        rng = trial.rng(f"facts {first.index}")
        facts = self._drawn(first.label, rng)
        seed = self._example(first.label, rng)
        if seed is not None:
            facts["in the manner of"] = seed[1]
        lineage: dict[str, Json] = {"model": self._pen.model, "calls": [purpose]}
        if seed is not None:
            lineage["seeds"] = [seed[0]]
        told = {name: fact for name, fact in facts.items() if name != "in the manner of"}
        try:
            asked = await self._pen.ask(trial, self._prompt(facts, len(orders)), purpose, self._schema(len(orders)))
        except CallError as error:
            return [Written(order, facts=told, trouble=f"{error.kind}: {error}", lineage=lineage) for order in orders]
        lineage["prompts"] = [asked.prompt]
        return self._rows(orders, asked, told, lineage)

    def _rows(self, orders: Sequence[Order], asked: Asked, facts: Fields, lineage: Fields) -> list[Written]:
        data: Any = asked.reply.data
        rows = [data] if len(orders) == 1 else data["rows"]
        written = []
        for place, order in enumerate(orders):
            used = usage(asked.reply, len(orders), place)
            if place < len(rows):
                written.append(Written(order, self._whole(rows[place], order), facts, None, lineage, used))
            else:
                trouble = f"{self._pen.model} wrote {len(rows)} of {len(orders)} rows"
                written.append(Written(order, None, facts, trouble, lineage, used))
        return written

    def _whole(self, row: Json, order: Order) -> Json:
        """The row with the label that it was ordered with, its fields in the order of the schema."""
        label = self._brief.recipe.task.label
        named = self._brief.schema.get("properties")
        if order.label is None or not isinstance(named, Mapping) or label not in named or not isinstance(row, dict):
            return row
        whole: dict[str, Json] = {**row, label: order.label}
        return {name: whole[name] for name in (*named, *whole) if name in whole}

    def _drawn(self, label: str | None, rng: Keyed) -> dict[str, str]:
        """What the rows of one answer are to be: of what the recipe leaves open, one of each list of the plan."""
        facts = {} if label is None else {"label": label}
        plan = self._plans.get(label, {})
        fixed = self._brief.facts
        for listed, name in _PLANNED.items():
            if plan.get(listed) and name not in fixed:
                facts[name] = rng.choice(plan[listed])
        return facts

    def _example(self, label: str | None, rng: Keyed) -> tuple[int, str] | None:
        seeds = self._seeds.get(label)
        return rng.choice(seeds) if seeds and rng.random() < self._by.seeds else None

    def _prompt(self, facts: Mapping[str, str], rows: int) -> str:
        slots = {
            "description": self._description,
            "facts": self._brief.told(facts),
            "keys": ", ".join(f'"{key}"' for key in self._brief.keys),
        }
        return prompts.render("write_row", **slots) if rows == 1 else prompts.render("write_rows", **slots, count=str(rows))

    def _schema(self, rows: int) -> Fields:
        row = self._brief.to_write
        if rows == 1:
            return row
        inner = {name: part for name, part in row.items() if name not in ("$defs", "$schema")}
        several: Fields = {"rows": {"type": "array", "items": inner}}
        whole: Fields = {"type": "object", "properties": several, "required": ["rows"], "additionalProperties": False}
        return {**whole, "$defs": row["$defs"]} if "$defs" in row else whole
