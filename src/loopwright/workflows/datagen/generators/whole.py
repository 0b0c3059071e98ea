"""Rows that a model writes whole, several in one answer: what all generators of that sort share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from loopwright.errors import CallError
from loopwright.llm.structured import misfit
from loopwright.loop.trial import Trial
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Shape, usage
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.material import Past
from loopwright.workflows.datagen.shapes import named_parts

RowsPerCall = Annotated[int, Field(ge=1, le=50, description="rows that the model writes in one answer")]
Entries = Annotated[int, Field(ge=0, le=50, description="facets, personas, tones, formats to plan, of each; 0: no plan")]


@dataclass(frozen=True, slots=True)
class Found:
    """A row of an answer, with what is known of it besides; `trouble` is why it is none after all."""

    data: Json
    lineage: Fields = field(default_factory=dict)
    trouble: str | None = None


Takes: TypeAlias = Callable[[Any], Sequence[Found]]
"""From the data of an answer to its rows."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answer that is to hold rows of one label: what is asked, and what is known of them beforehand."""

    orders: Sequence[Order]
    prompt: str
    shape: Shape
    takes: Takes
    facts: Fields = field(default_factory=dict)
    lineage: Fields = field(default_factory=dict)
    parents: tuple[Past, ...] = ()


class Whole:
    def __init__(self, brief: Brief, pen: Pen) -> None:
        self.brief = brief
        self.pen = pen

    def slots(self, facts: Mapping[str, str]) -> dict[str, str]:
        """What every prompt for rows is told."""
        return {
            "description": self.brief.recipe.task.description,
            "facts": self.brief.told(facts),
            "keys": ", ".join(f'"{key}"' for key in self.brief.keys),
        }

    @property
    def single(self) -> Shape:
        """The schema of an answer that is one row. What is wrong with it, validators say: it is paid for, and can be mended."""
        return Shape(self.brief.to_write, {"type": "object"})

    def listed(self, more: Fields | None = None) -> Shape:
        """The schema of an answer with a list of rows, each with these properties besides."""
        row = self.brief.to_write
        named = named_parts(self.brief.schema)
        inner: dict[str, Any] = {name: part for name, part in row.items() if name not in (*named, "$schema", "$id")}
        least: Fields = {"type": "object", "properties": more or {}, "required": list(more or ())}
        if more:
            inner = _with(more, inner)
        return Shape(_moved({**_rows(inner), **named}, tuple(f"#/{name}/" for name in named)), _rows({}), least)

    async def write(
        self, orders: Sequence[Order], trial: Trial, most: int, sheet: Callable[[Sequence[Order], Trial], Sheet]
    ) -> list[Written]:
        """Up to so many rows of one label in each answer, the answers side by side."""
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(self._answer(sheet(some, trial), trial)) for some in _together(orders, most)]
        written = {row.order.index: row for part in parts for row in part.result()}
        return [written[order.index] for order in orders]

    async def _answer(self, sheet: Sheet, trial: Trial) -> list[Written]:
        """A row for each order of the sheet. An answer that does not come takes them all with it."""
        orders = sheet.orders
        purpose = f"rows {orders[0].index}"
        lineage: dict[str, Json] = {"model": self.pen.model, "calls": [purpose], **sheet.lineage}
        blank = Written(orders[0], facts=sheet.facts, lineage=lineage, parents=sheet.parents)
        try:
            asked = await self.pen.ask(trial, sheet.prompt, purpose, sheet.shape.schema, sheet.shape.least)
        except CallError as error:
            lost = replace(blank, trouble=f"{error.kind}: {error}")
            shares = (usage(error, len(orders), place) for place in range(len(orders)))
            return [replace(lost, order=order, usage=share) for order, share in zip(orders, shares, strict=True)]
        rows = _found(sheet, asked.reply.data)
        short = Found(None, trouble=f"{self.pen.model} wrote {len(rows)} of {len(orders)} rows")
        written = []
        for place, order in enumerate(orders):
            row = rows[place] if place < len(rows) else short
            data = None if row.data is None else self.whole(row.data, order)
            more = {**lineage, "model": asked.model, "prompts": [asked.prompt], **row.lineage}
            used = usage(asked.reply, len(orders), place)
            written.append(replace(blank, order=order, data=data, trouble=row.trouble, lineage=more, usage=used))
        return written

    def whole(self, row: Json, order: Order) -> Json:
        """The row with the label that it was ordered with, its fields in the order of the schema."""
        label = self.brief.recipe.task.label
        named = self.brief.named
        if order.label is None or label not in named or not isinstance(row, dict):
            return row
        whole: dict[str, Json] = {**row, label: self.brief.label_values[order.label]}
        return {name: whole[name] for name in (*named, *whole) if name in whole}


def _found(sheet: Sheet, data: Any) -> list[Found]:
    """The rows of an answer. One that does not fit leaves the others alone: validators say what is wrong with it, or where it
    is none at all this does."""
    if sheet.shape.entry is None:
        return list(sheet.takes(data))
    told = [(entry, misfit(sheet.shape.entry, entry)) for entry in data["rows"]]
    sound = [entry for entry, problem in told if problem is None]
    none = [Found(None, trouble=f"what it wrote is no row: {problem}") for _, problem in told if problem is not None]
    return [*sheet.takes({"rows": sound}), *none]


def _with(more: Fields, row: dict[str, Any]) -> dict[str, Any]:
    """The schema of a row, or of each of its alternatives, with these properties besides."""
    for word in ("anyOf", "oneOf"):
        if word in row and "properties" not in row:
            return {**row, word: [each if isinstance(each, bool) else _with(more, each) for each in row[word]]}
    named, required = row.get("properties", {}), row.get("required", ())
    return {**row, "properties": {**named, **more}, "required": [*required, *more]}


def _rows(each: Fields) -> Fields:
    several: Fields = {"rows": {"type": "array", "items": each}}
    return {"type": "object", "properties": several, "required": ["rows"], "additionalProperties": False}


def _moved(part: Any, kept: tuple[str, ...]) -> Any:
    """The schema of a row among those of a list: what it refers to within itself lies deeper, but for what is `kept`."""
    if isinstance(part, list | tuple):
        return [_moved(each, kept) for each in part]
    if not isinstance(part, Mapping):
        return part
    found = {name: _moved(each, kept) for name, each in part.items()}
    place = found.get("$ref")
    if isinstance(place, str) and (place == "#" or (place.startswith("#/") and not place.startswith(kept))):
        found["$ref"] = f"#/properties/rows/items{place[1:]}"
    return found


def rows_of(data: Any) -> list[Found]:
    """Of an answer with a list of rows and nothing besides."""
    return [Found(row) for row in data["rows"]]


def _together(orders: Sequence[Order], most: int) -> list[list[Order]]:
    """Those that one answer is to hold: of one label."""
    by_label: dict[str | None, list[Order]] = {}
    for order in orders:
        by_label.setdefault(order.label, []).append(order)
    return [some[at : at + most] for some in by_label.values() for at in range(0, len(some), most)]
