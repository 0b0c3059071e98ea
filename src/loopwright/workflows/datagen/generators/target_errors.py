"""Rows like the real ones that the model of `evaluation` got wrong last: where it is weak, it is given more to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import Field

from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.quality.row import Row
from loopwright.records import Fields
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.generators.shown import as_json, diverse, folds, likeness, of_one_fold
from loopwright.workflows.datagen.generators.whole import Found, RowsPerCall, Sheet, Whole
from loopwright.workflows.datagen.material import Material, Past


class TargetErrors(Sampling):
    job: ClassVar[str] = "write_mistaken"

    shown: Annotated[int, Field(ge=1, le=20, description="rows that the model got wrong, in each call")] = 4
    near: Annotated[float, Field(ge=0, le=1, description="so alike a row may not be to one that was shown")] = 0.8
    rows_per_call: RowsPerCall = 5

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        if brief.recipe.evaluation is None:
            return "there is no `evaluation` whose mistakes it could aim at"
        return super().unfit(brief, model)

    def begins(self, brief: Brief) -> bool:
        return False

    def generator(self, brief: Brief, model: str | None) -> Aiming:
        return Aiming(Whole(brief, Pen(model or "", self)), self)


class Aiming:
    def __init__(self, whole: Whole, by: TargetErrors) -> None:
        self._whole = whole
        self._by = by

    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        """There is nothing to prepare."""

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        return [order for order in orders if order.label in material.mistakes]

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        def sheet(some: Sequence[Order], trial: Trial) -> Sheet:
            rng, mistakes = trial.rng(f"mistakes {some[0].index}"), material.mistakes[some[0].label]
            (kin,) = of_one_fold((mistakes,), folds([mistakes], self._by.shown), rng)
            return self._sheet(some, diverse(kin, self._by.shown, rng))

        return await self._whole.write(orders, trial, self._by.rows_per_call, sheet)

    def _sheet(self, orders: Sequence[Order], shown: Sequence[Past]) -> Sheet:
        label, whole = orders[0].label, self._whole
        facts = {} if label is None else {"label": label}
        lines = "\n".join(as_json(each, whole.brief.keys, {"taken for": each.reason}) for each in shown)
        prompt = prompts.render(self._by.job, **whole.slots(facts), examples=lines, count=str(len(orders)))
        return Sheet(orders, prompt, whole.listed(), partial(self._new, shown), facts, {}, tuple(shown))

    def _new(self, shown: Sequence[Past], data: Any) -> list[Found]:
        """The rows; one that nearly is what was shown would teach the test and not the kind."""
        field = self._whole.brief.text_field
        found = []
        for row in data["rows"]:
            text = Row(row).text(field) or ""
            near = next((each.id for each in shown if likeness(text, each.row.text(field) or "") >= self._by.near), None)
            found.append(Found(row, trouble=None if near is None else f"nearly a copy of {near}, which it was shown"))
        return found
