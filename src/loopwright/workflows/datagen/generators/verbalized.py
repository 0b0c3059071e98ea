"""Rows from the tails: a model writes more candidates than are wanted, each with its probability; the improbable are kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import Field

from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.records import Fields
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.plans import Plans
from loopwright.workflows.datagen.generators.protocol import FromNothing, Order, Written
from loopwright.workflows.datagen.generators.whole import Entries, Found, RowsPerCall, Sheet, Whole
from loopwright.workflows.datagen.material import Material

PROBABILITY = "probability"


class Verbalized(Sampling):
    job: ClassVar[str] = "write_verbalized"

    candidates: Annotated[int, Field(ge=1, le=10, description="candidates that are asked for, for each row")] = 3
    most: Annotated[float, Field(gt=0, le=1, description="the probability that a candidate is to be below")] = 0.1
    rows_per_call: RowsPerCall = 5
    plan: Entries = 8

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        if PROBABILITY in brief.keys:
            return f"the rows have a field {PROBABILITY!r}, which is what candidates say of themselves"
        return super().unfit(brief, model)

    def generator(self, brief: Brief, model: str | None) -> Verbalizing:
        return Verbalizing(Whole(brief, Pen(model or "", self)), self)


class Verbalizing(FromNothing):
    def __init__(self, whole: Whole, by: Verbalized) -> None:
        self._whole = whole
        self._by = by
        self._plans = Plans(whole.brief, whole.pen.model, by.plan)

    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        await self._plans.prepare(stages)

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        return await self._whole.write(orders, trial, self._by.rows_per_call, self._sheet)

    def _sheet(self, orders: Sequence[Order], trial: Trial) -> Sheet:
        facts = self._plans.drawn(orders[0].label, trial.rng(f"facts {orders[0].index}"))
        count = len(orders) * self._by.candidates
        told = {**self._whole.slots(facts), "count": str(count), "most": f"{self._by.most:g}"}
        prompt = prompts.render(self._by.job, **told)
        shape = self._whole.listed({PROBABILITY: {"type": "number", "minimum": 0, "maximum": 1}})
        return Sheet(orders, prompt, shape, partial(_tail, len(orders)), facts)


def _tail(count: int, data: Any) -> list[Found]:
    """The least probable candidates, none twice."""
    found: dict[str, Found] = {}
    for candidate in sorted(data["rows"], key=lambda row: row[PROBABILITY]):
        row = {name: value for name, value in candidate.items() if name != PROBABILITY}
        found.setdefault(repr(row), Found(row, {PROBABILITY: candidate[PROBABILITY]}))
    return list(found.values())[:count]
