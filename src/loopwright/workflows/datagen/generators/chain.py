"""Two generators in a row as one arm: the rows that the first writes are what the second works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, cast

from pydantic import Field, JsonValue, model_validator

from loopwright.errors import SpecError, UsageError
from loopwright.kinds import nearest
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.quality.gate import Gate, passed
from loopwright.quality.row import Place, Row
from loopwright.records import Fields, Json
from loopwright.spec.blocks import Block
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators import way
from loopwright.workflows.datagen.generators.asking import added
from loopwright.workflows.datagen.generators.protocol import Generator, Order, Way, Written
from loopwright.workflows.datagen.generators.reworking import Given, Reworks
from loopwright.workflows.datagen.material import Material, Past
from loopwright.workflows.datagen.spec import ArmBlock


class Step(Block):
    """A generator by its kind: `naive`, `{evolve: {attempts: 1}}`, or `{kind: evolve, model: other, params: {attempts: 1}}`."""

    kind: str
    model: str | None = None
    params: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: object) -> object:
        if isinstance(given, str):
            return {"kind": given}
        if isinstance(given, dict) and "kind" not in given and len(given) == 1:
            ((kind, params),) = given.items()
            return {"kind": kind, "params": params}
        return given

    def way(self, at: int) -> Way:
        return way(ArmBlock(id=f"step-{at + 1}", kind=self.kind, params=self.params), ("chain", at))


class Chain(Block):
    chain: Annotated[tuple[Step, Step], Field(strict=False, description="the second is one that works on rows: evolve, repair")]

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        models = [block.id for block in brief.recipe.models]
        for at, step in enumerate(self.chain):
            if step.model is not None and step.model not in models:
                hint = nearest(step.model, models)
                return f"chain[{at}].model names a model that is not there" + (f"; did you mean {hint!r}?" if hint else "")
            try:
                why = step.way(at).unfit(brief, step.model or model)
            except (SpecError, UsageError) as error:
                return str(error)
            if why is not None:
                return f"its step {step.kind}: {why}"
        if not isinstance(self._made(1, brief, model), Reworks):
            return f"{self.chain[1].kind} writes rows of its own; the second of a chain is to work on others, as `evolve` does"
        return None

    def begins(self, brief: Brief) -> bool:
        return self.chain[0].way(0).begins(brief)

    def asks(self, model: str | None) -> Sequence[str]:
        return [asked for at, step in enumerate(self.chain) for asked in step.way(at).asks(step.model or model)]

    def generator(self, brief: Brief, model: str | None) -> Chaining:
        second = self._made(1, brief, model)
        if not isinstance(second, Reworks):
            raise ValueError(self.unfit(brief, model))
        kinds = (self.chain[0].kind, self.chain[1].kind)
        return Chaining(kinds, self._made(0, brief, model), second, brief.gate())

    def _made(self, at: int, brief: Brief, model: str | None) -> Generator:
        step = self.chain[at]
        return step.way(at).generator(brief, step.model or model)


class Chaining:
    def __init__(self, kinds: tuple[str, str], first: Generator, second: Reworks, gate: Gate) -> None:
        self._kinds = kinds
        self._first = first
        self._second = second
        self._gate = gate

    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        await self._first.prepare(stages, seeds)
        await self._second.prepare(stages, seeds)

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        return self._first.takes(orders, material)

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        first = await self._first.write(orders, trial, material)
        given = [Given(row.order, self._past(row, trial, material)) for row in first if _whole(row)]
        second = {row.order: row for row in await self._second.rework(given, trial, material)}
        return [self._both(row, second[row.order]) if row.order in second else row for row in first]

    def _past(self, row: Written, trial: Trial, material: Material) -> Past:
        """What the first has written, with what validators that ask no model have against it."""
        data = cast(Fields, row.data)
        place = Place(trial.seed, trial.number, row.order.index)
        said = self._gate.look(Row(data, row.facts, place), material.view)
        reason = None if passed(said) else f"{said[-1].validator}: {said[-1].ruling.reason}"
        return Past(f"{trial.number}.{row.order.index} of {self._kinds[0]}", data, row.facts, row.lineage, reason)

    def _both(self, first: Written, second: Written) -> Written:
        """The second's row, with what led to it through both."""
        steps: list[Json] = [
            {"kind": self._kinds[0], "row": first.data, **_own(first)},
            {"kind": self._kinds[1], "changed": second.data != first.data, **_own(second)},
        ]
        calls = [*_listed(first, "calls"), *_listed(second, "calls")]
        asked = [*_listed(first, "prompts"), *_listed(second, "prompts")]
        lineage: dict[str, Json] = {**first.lineage, **second.lineage, "chain": steps, "calls": calls, "prompts": asked}
        used = added(cast(dict[str, int], first.usage), cast(dict[str, int], second.usage))
        return replace(second, lineage=lineage, usage=used, parents=first.parents)


def _whole(row: Written) -> bool:
    return row.trouble is None and isinstance(row.data, dict)


def _own(row: Written) -> dict[str, Json]:
    return {name: value for name, value in row.lineage.items() if name not in ("calls", "prompts")}


def _listed(row: Written, name: str) -> list[Json]:
    listed = row.lineage.get(name)
    return [*listed] if isinstance(listed, list) else []
