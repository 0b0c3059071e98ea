"""Rows after examples: a model is shown seeds and accepted rows that are unlike each other, and writes more of their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.policy.keyed import Keyed
from loopwright.records import Fields
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.generators.shown import as_json, diverse, folds, of_one_fold
from loopwright.workflows.datagen.generators.whole import RowsPerCall, Sheet, Whole, rows_of
from loopwright.workflows.datagen.material import FOLDS, ByLabel, Material, Past, seeds


class Examples(Sampling):
    job: ClassVar[str] = "write_like"

    shown: Annotated[int, Field(ge=1, le=20, description="examples in each call")] = 4
    accepted: Annotated[
        float, Field(ge=0, le=1, description="the share of them that are accepted rows, where there are seeds")
    ] = 0.25
    rows_per_call: RowsPerCall = 5

    def begins(self, brief: Brief) -> bool:
        return brief.recipe.seeds is not None

    def generator(self, brief: Brief, model: str | None) -> Imitating:
        return Imitating(Whole(brief, Pen(model or "", self)), self)


class Imitating:
    def __init__(self, whole: Whole, by: Examples) -> None:
        self._whole = whole
        self._by = by
        self._seeds: ByLabel = {}
        self._folds = FOLDS

    async def prepare(self, stages: Stages, rows: Sequence[Fields]) -> None:
        self._seeds = seeds(rows, self._whole.brief.wanted_label)
        self._folds = folds(self._seeds.values(), self._by.shown)

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        return orders if self._seeds or material.accepted else ()

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        def sheet(some: Sequence[Order], trial: Trial) -> Sheet:
            rng = trial.rng(f"examples {some[0].index}")
            return _asking(self._whole, some, self._examples(some[0].label, rng, material))

        return await self._whole.write(orders, trial, self._by.rows_per_call, sheet)

    def _examples(self, label: str | None, rng: Keyed, material: Material) -> list[Past]:
        """Of the label; of all labels where it has none."""
        given, own = _of(self._seeds, label), _of(material.accepted, label)
        if not given and not own:
            given, own = _all(self._seeds), _all(material.accepted)
        given, own = of_one_fold((given, own), self._folds, rng)
        ours = min(len(own), round(self._by.shown * self._by.accepted)) if given else self._by.shown
        first = diverse(given, self._by.shown - ours, rng)
        return [*first, *diverse(own, self._by.shown - len(first), rng)]


def _asking(whole: Whole, orders: Sequence[Order], examples: Sequence[Past]) -> Sheet:
    """For rows of the kind of the examples."""
    label = orders[0].label
    facts = {} if label is None else {"label": label}
    lines = "\n".join(as_json(each, whole.brief.keys) for each in examples)
    slots = {**whole.slots(facts), "examples": lines, "count": str(len(orders))}
    prompt = prompts.render(Examples.job, **slots)
    return Sheet(orders, prompt, whole.listed(), rows_of, facts, {}, tuple(examples))


def _of(rows: ByLabel, label: str | None) -> Sequence[Past]:
    return rows.get(label, ())


def _all(rows: Mapping[str | None, Sequence[Past]]) -> list[Past]:
    return [each for some in rows.values() for each in some]
