"""Mostly the arm with the best mean so far, and with probability epsilon any arm; epsilon may fall as more is learned."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Situation, new
from loopwright.policy.reasons import best_mean
from loopwright.policy.tally import UNIT, Tallies, count, tallies
from loopwright.spec.blocks import Block


class Decay(Block):
    decay: Annotated[float, Field(gt=0, le=1, description="what epsilon is multiplied by for each reward learned")]
    floor: Annotated[float, Field(ge=0, le=1, description="what it does not fall below")] = 0.0


class Geometric(Block):
    """epsilon * decay^t, not below the floor; t counts the rewards learned in the context."""

    geometric: Decay


class Scale(Block):
    scale: Annotated[float, Field(gt=0, description="how many random choices per arm before epsilon falls")] = 5.0


class Harmonic(Block):
    """min(1, scale * arms / t), whatever epsilon says; t counts the rewards learned in the context."""

    harmonic: Scale


class EpsilonGreedy(Block):
    """Arms that have earned nothing yet count as the best; ties are broken at random."""

    epsilon: Annotated[float, Field(ge=0, le=1, description="the share of choices made at random")] = 0.1
    schedule: Annotated[Literal["constant"] | Geometric | Harmonic, Field(description="how that share falls")] = "constant"

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        context, arms, _, rng, _ = situation
        known = tallies(context, memory)
        standing = known.compare(arms)
        best = standing[3]
        count = len(arms)
        epsilon = self.epsilon if self.schedule == "constant" else self._epsilon(known, count)
        even = epsilon / count
        drawn = rng.random()
        if best >= 0 and drawn >= epsilon:
            return new(Choice, (arms[best], 1.0 - epsilon + even, best_mean, (known, arms, best)))
        means, top = standing.means, standing.top
        greedy = (1.0 - epsilon) / means.count(top)
        if drawn < epsilon:
            at = min(int(drawn / epsilon * count), count - 1)  # a draw that is below epsilon is uniform there
            return Choice(arms[at], even + greedy if means[at] == top else even, _explores, (count, epsilon))
        at = rng.choice([at for at, mean in enumerate(means) if mean == top])
        return Choice(arms[at], even + greedy, best_mean, (known, arms, at))

    learn = staticmethod(count)

    def _epsilon(self, known: Tallies, arms: int) -> float:
        learned = sum(tally[0] for tally in known.values()) / UNIT
        if isinstance(self.schedule, Geometric):
            falling = self.schedule.geometric
            return max(falling.floor, self.epsilon * math.pow(falling.decay, learned))
        if isinstance(self.schedule, Harmonic):
            return min(1.0, self.schedule.harmonic.scale * arms / learned) if learned > 0 else 1.0
        return self.epsilon


def _explores(count: int, epsilon: float) -> str:
    return f"explores: one of {count} at random (epsilon {epsilon:.3g})"
