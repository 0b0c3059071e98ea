"""A run of data generation as its sections are drawn from: the recipe, what was counted, which arms were switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loopwright.report.datagen.tally import Tally
from loopwright.report.datagen.uniform import Uniform, uniform
from loopwright.report.pages import Shown
from loopwright.store.reader import Where
from loopwright.workflows.datagen.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Made:
    shown: Shown
    recipe: Recipe
    tally: Tally
    off: Mapping[str, str]
    """Arms that were switched off: when and why."""
    uniform: Uniform | None
    """None where there is nothing to estimate it from, or the run itself is it."""

    @classmethod
    def of(cls, shown: Shown, recipe: Recipe, tally: Tally) -> Made:
        events = shown.reader.events(Where(kind="arm_switched_off"), limit=1_000).rows
        off: dict[str, str] = {}
        for event in events:
            detail: Any = event.detail
            off[str(detail["arm"])] = f"after batch {detail['trial']}: {detail['reason']}"
        beside = None if recipe.policy.kind == "uniform" else uniform(tally.arms, off, recipe.batch_size)
        return cls(shown, recipe, tally, off, beside)

    @property
    def calls(self) -> int:
        return self.shown.whole.overview.counts.calls

    @property
    def cost(self) -> str:
        """What the run is counted in."""
        return "calls" if self.calls else "batches"
