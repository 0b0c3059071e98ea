"""Draws what each arm may be worth from what is known of it, and takes the best draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Shares, Situation
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
            fresh = _fresh(arms, known)
            if fresh:
                return Choice(arms[rng.choice(fresh)], 1 / len(fresh), has_none, (len(fresh), len(arms)))
            draws = _means(arms, known, rng, self.sigma)
        at = draws.index(max(draws))
        return Choice(arms[at], None if len(arms) > 1 else 1.0, best_score, ("best draw", draws, known, arms, at))

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        arms, rng = situation.arms, situation.rng
        known = tallies(situation.context, memory)
        if self.family == "gaussian" and (fresh := _fresh(arms, known)):
            return Shares.among(fresh, arms)
        from loopwright.policy.draws import of_betas, of_normals  # noqa: PLC0415 - numpy comes when it is needed

        if self.family == "beta":
            return of_betas([_counts(arm, known) for arm in arms], rng, draws)
        spreads = [_spread(arm, known) for arm in arms]
        return of_normals([(mean, self.sigma / root) for mean, root in spreads], rng, draws)

    learn = staticmethod(count)


def _fresh(arms: Sequence[Arm], known: Tallies) -> list[int]:
    return [at for at, arm in enumerate(arms) if not known.times(arm.name)]


def _rates(arms: Sequence[Arm], known: Tallies, rng: Keyed) -> list[float]:
    return [rng.beta(*_counts(arm, known)) for arm in arms]


def _counts(arm: Arm, known: Tallies) -> tuple[float, float]:
    """Of successes and failures, with one of each before anything is known."""
    times, total = known.get(arm.name, (0, 0))
    won = total / UNIT
    return 1.0 + won, 1.0 + times / UNIT - won


def _means(arms: Sequence[Arm], known: Tallies, rng: Keyed, sigma: float) -> list[float]:
    draws = []
    for arm, noise in zip(arms, rng.normals(len(arms)), strict=True):
        mean, root = _spread(arm, known)
        draws.append(mean + sigma * noise / root)
    return draws


def _spread(arm: Arm, known: Tallies) -> tuple[float, float]:
    """The mean of its rewards, and the root of their number."""
    times, total = known[arm.name]
    return total / times, math.sqrt(times / UNIT)
