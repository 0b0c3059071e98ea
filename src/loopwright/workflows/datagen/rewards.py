"""What a batch earned: pass rate times quality, from 0 to 1; more for novelty and less for cost where the recipe says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loopwright.records import Fields
from loopwright.workflows.datagen.spec import RewardBlock

PRIOR_WEIGHT = 2.0
"""How many judged rows the mean of all earlier ones counts for, where not every row is judged."""
UNKNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Mean:
    """Of the scores so far."""

    number: int = 0
    total: float = 0.0

    def with_(self, scores: Sequence[float]) -> Mean:
        return Mean(self.number + len(scores), self.total + math.fsum(scores))

    @property
    def value(self) -> float:
        return self.total / self.number if self.number else UNKNOWN


class Batch(NamedTuple):
    """Of so many rows ordered, what is known of those that passed: the quality of each, None where it was not judged; how new
    each is, where that is measured; and what all rows cost, None where that is unknown."""

    ordered: int
    scores: Sequence[float | None]
    novelty: Sequence[float] = ()
    nano_usd: int | None = None


class Earned(NamedTuple):
    value: float
    parts: Fields


def earned(batch: Batch, weights: RewardBlock, judged: bool, before: Mean) -> Earned:
    """A row that was not judged counts as what those of its batch and all before make likely."""
    rate = len(batch.scores) / batch.ordered
    known = [score for score in batch.scores if score is not None]
    value = rate
    parts: dict[str, float | int | None] = {"passed": len(batch.scores), "rows": batch.ordered}
    if judged:
        likely = (math.fsum(known) + PRIOR_WEIGHT * before.value) / (len(known) + PRIOR_WEIGHT)
        total = math.fsum(likely if score is None else score for score in batch.scores)
        value = total / batch.ordered
        parts |= {"judged": len(known), "quality": total / len(batch.scores) if batch.scores else None}
    if weights.diversity_weight:
        novelty = math.fsum(batch.novelty) / batch.ordered
        value = (1 - weights.diversity_weight) * value + weights.diversity_weight * novelty
        parts["novelty"] = novelty
    if weights.cost_weight and batch.nano_usd is not None:
        usd = batch.nano_usd / 1e9 / batch.ordered
        value -= weights.cost_weight * usd
        parts["usd_per_row"] = usd
    return Earned(min(1.0, max(0.0, value)), parts)
