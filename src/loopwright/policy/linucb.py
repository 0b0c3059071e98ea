"""Optimism with features: the arm whose reward, linear in the context, may be highest."""

from __future__ import annotations

from math import sqrt
from typing import Annotated

from pydantic import Field

from loopwright.policy.linear import Linear, RidgeField, SharedField, reason
from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Situation


class LinUcb(Linear):
    alpha: Annotated[float, Field(ge=0, description="how many standard deviations of optimism, on the scale 0..1")] = 0.5
    ridge: RidgeField = 1.0
    shared: SharedField = False

    def doubt(self, confidence: float) -> float:
        return self.alpha

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rows = situation.arms, self.rows(situation)
        worth, variance = self.outlook(rows, self.solved(situation, memory, len(rows[0])))
        bounds = [mean + self.alpha * sqrt(each) for mean, each in zip(worth, variance, strict=True)]
        top = max(bounds)
        ties = [at for at, bound in enumerate(bounds) if bound == top]
        at = ties[0] if len(ties) == 1 else situation.rng.choice(ties)
        return Choice(arms[at], 1 / len(ties), reason, ("highest bound", bounds, worth, arms, at))
