"""Rejected rows, mended: a model is told why a row was rejected, and writes it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.generators.reworking import Given, Rewriter, dealt, each, matched
from loopwright.workflows.datagen.generators.whole import Whole
from loopwright.workflows.datagen.material import ByLabel, Material, Past


class Repair(Sampling):
    job: ClassVar[str] = "repair_row"

    attempts: Annotated[int, Field(ge=1, le=10, description="how often a row is mended that is rejected again and again")] = 2

    def begins(self, brief: Brief) -> bool:
        return False

    def generator(self, brief: Brief, model: str | None) -> Repairing:
        return Repairing(Whole(brief, Pen(model or "", self)), self)


class Repairing:
    def __init__(self, whole: Whole, by: Repair) -> None:
        self._by = by
        self._rewriter = Rewriter(whole)

    async def prepare(self, stages: Stages, rows: Sequence[Fields]) -> None:
        """There is nothing to prepare."""

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        return matched(orders, self._worth(material))

    def _worth(self, material: Material) -> ByLabel:
        """The rejects that were not mended too often."""
        return {
            label: tuple(one for one in some if _repairs(one) < self._by.attempts) for label, some in material.rejected.items()
        }

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        return await self.rework(dealt(orders, self._worth(material), trial.rng("rejects")), trial, material)

    async def rework(self, given: Sequence[Given], trial: Trial, material: Material) -> list[Written]:
        return await each(given, lambda one: self._mended(one, trial))

    async def _mended(self, given: Given, trial: Trial) -> Written:
        order, reject = given
        if reject.reason is None:
            return Written(order, reject.data, reject.facts)
        reason = reject.reason
        step: dict[str, Json] = {"repairs": _repairs(reject) + 1, "mended": reason}
        blank = self._rewriter.blank(given)
        written = replace(blank, facts=reject.facts, lineage={**blank.lineage, **step})
        return await self._rewriter.ask(written, given, trial, f"repair {order.index}", self._by.job, reason=reason)


def _repairs(past: Past) -> int:
    known = past.lineage.get("repairs", 0)
    return known if isinstance(known, int) else 0
