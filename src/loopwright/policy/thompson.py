"""Draws what each arm may be worth from what is known of it, and takes the best draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Situation
from loopwright.policy.reasons import best_score, has_none
from loopwright.policy.tally import UNIT, Tallies, count, tallies
from loopwright.records import Arm
from loopwright.spec.blocks import Block


class Thompson(Block):
    """`beta` starts from Beta(1, 1) and counts a reward of 0.3 as 0.3 successes and 0.7 failures. `gaussian` takes rewards as
    scattered by `sigma` around each arm's mean, and tries every arm once."""

    family: Annotated[Literal["beta", "gaussian"], Field(description="beta for rates, gaussian for measures")] = "beta"
    sigma: Annotated[float, Field(gt=0, description="gaussian: how far rewards scatter, on the scale 0..1")] = 0.5

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        known = tallies(situation.context, memory)
        if self.family == "beta":
            draws = _rates(arms, known, rng)
        else:
            fresh = [arm for arm in arms if not known.times(arm.name)]
            if fresh:
                return Choice(rng.choice(fresh), 1 / len(fresh), has_none, (len(fresh), len(arms)))
            draws = _means(arms, known, rng, self.sigma)
        at = draws.index(max(draws))
        return Choice(arms[at], None if len(arms) > 1 else 1.0, best_score, ("best draw", draws, known, arms, at))

    learn = staticmethod(count)


def _rates(arms: Sequence[Arm], known: Tallies, rng: Keyed) -> list[float]:
    draws = []
    for arm in arms:
        times, total = known.get(arm.name, (0, 0))
        won = total / UNIT
        draws.append(rng.beta(1.0 + won, 1.0 + times / UNIT - won))
    return draws


def _means(arms: Sequence[Arm], known: Tallies, rng: Keyed, sigma: float) -> list[float]:
    draws = []
    for arm, noise in zip(arms, rng.normals(len(arms)), strict=True):
        times, total = known[arm.name]
        draws.append(total / times + sigma * noise / math.sqrt(times / UNIT))
    return draws
