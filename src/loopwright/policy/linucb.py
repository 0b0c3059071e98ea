"""Optimism with features: the arm whose reward, linear in the context, may be highest."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, NamedTuple

from pydantic import Field

from loopwright.policy.linear import Linear, RidgeField, SharedField, reason
from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Shares, Situation


class _Bounds(NamedTuple):
    """By arm: what it should earn, and what it may; and the places where that is highest."""

    worth: list[float]
    bounds: list[float]
    ties: list[int]


class LinUcb(Linear):
    alpha: Annotated[float, Field(ge=0, description="how many standard deviations of optimism, on the scale 0..1")] = 0.5
    ridge: RidgeField = 1.0
    shared: SharedField = False

    def doubt(self, confidence: float) -> float:
        return self.alpha

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms = situation.arms
        worth, bounds, ties = self._bounds(situation, memory)
        at = ties[0] if len(ties) == 1 else situation.rng.choice(ties)
        return Choice(arms[at], 1 / len(ties), reason, ("highest bound", bounds, worth, arms, at))

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        return Shares.among(self._bounds(situation, memory).ties, situation.arms)

    def _bounds(self, situation: Situation, memory: Recollection) -> _Bounds:
        _, _, worth, variance = self.view(situation, memory)
        bounds = [mean + self.alpha * sqrt(each) for mean, each in zip(worth, variance, strict=True)]
        top = max(bounds)
        return _Bounds(worth, bounds, [at for at, bound in enumerate(bounds) if bound == top])
