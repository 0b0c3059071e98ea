"""Thompson sampling with features: coefficients are drawn from what is known of them, and the best draw is taken."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Annotated

from pydantic import Field

from loopwright.policy.linear import DIGITS, Linear, RidgeField, SharedField, reason
from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Shares, Situation


class LinTs(Linear):
    """Each arm's coefficients are drawn apart, of which one context shows one number: so that number is drawn. Where arms share
    one model, they see one and the same draw of it; of those that are alike the first is taken."""

    v: Annotated[float, Field(gt=0, description="how far rewards scatter, on the scale 0..1")] = 0.25
    ridge: RidgeField = 1.0
    shared: SharedField = False

    def doubt(self, confidence: float) -> float:
        return NormalDist().inv_cdf(confidence) * self.v

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        from loopwright.policy.draws import of_normals, together  # noqa: PLC0415 - numpy comes when it is needed

        rng, (rows, solved, worth, variance) = situation.rng, self.view(situation, memory)
        if self.shared:
            return together(worth, self.maths.covariance(rows, solved) * self.v**2, rng, draws)
        return of_normals([(mean, self.v * sqrt(each)) for mean, each in zip(worth, variance, strict=True)], rng, draws)

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        rows, _, worth, variance = self.view(situation, memory)
        if self.shared:
            size = len(rows[0])
            departures = self.common(memory, size).drawn(rows, self.ridge, rng.normals(size))
            draws = [round(mean + self.v * departure, DIGITS) for mean, departure in zip(worth, departures, strict=True)]
        else:
            v, normals = self.v, rng.normals(len(arms))
            draws = [mean + v * sqrt(each) * noise for mean, each, noise in zip(worth, variance, normals, strict=True)]
        at = draws.index(max(draws))
        return Choice(arms[at], None if len(arms) > 1 else 1.0, reason, ("best draw", draws, worth, arms, at))
