"""Mostly the arm with the best mean so far, and with probability epsilon any arm; epsilon may fall as more is learned."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Shares, Situation, new
from loopwright.policy.reasons import best_mean
from loopwright.policy.tally import UNIT, Tallies, count, tallies
from loopwright.spec.blocks import Block


class EpsilonGreedy(Block):
    """Arms that have earned nothing yet count as the best; ties are broken at random. `t` counts the rewards that have been
    learned in the context."""

    of_choices: ClassVar[frozenset[str]] = frozenset({"epsilon", "epsilon_start", "epsilon_decay", "epsilon_min", "harmonic"})

    epsilon: Annotated[float | None, Field(ge=0, le=1, description="the share of choices made at random; default: 0.1")] = None
    epsilon_start: Annotated[float | None, Field(ge=0, le=1, description="a share that falls: what it starts from")] = None
    epsilon_decay: Annotated[float | None, Field(gt=0, le=1, description="what it is multiplied by for each reward")] = None
    epsilon_min: Annotated[float, Field(ge=0, le=1, description="what it does not fall below")] = 0.0
    harmonic: Annotated[float | None, Field(gt=0, description="or the share min(1, harmonic * arms / t)")] = None

    @model_validator(mode="after")
    def _one_schedule(self) -> EpsilonGreedy:
        if sum(each is not None for each in (self.epsilon, self.epsilon_start, self.harmonic)) > 1:
            raise ValueError("says its share of random choices twice: give one of epsilon, epsilon_start and harmonic")
        if (self.epsilon_start is None) != (self.epsilon_decay is None):
            raise ValueError("falls from epsilon_start by epsilon_decay: give both, or epsilon for a share that stays")
        if self.epsilon_min and (self.epsilon_start is None or self.epsilon_min > self.epsilon_start):
            raise ValueError("has an epsilon_min, and no epsilon_start above it to fall from")
        return self

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        context, arms, _, rng, _ = situation
        known = tallies(context, memory)
        standing = known.compare(arms)
        best = standing[3]
        count = len(arms)
        epsilon = self._steady
        if epsilon is None:
            epsilon = self._share(known, count)
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

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        known = tallies(situation.context, memory)
        standing = known.compare(situation.arms)
        means, count = standing.means, len(situation.arms)
        epsilon = self._share(known, count) if self._steady is None else self._steady
        greedy = (1.0 - epsilon) / means.count(standing.top)
        return Shares([epsilon / count + greedy * (mean == standing.top) for mean in means])

    learn = staticmethod(count)

    @cached_property
    def _steady(self) -> float | None:
        """Epsilon, where it stays."""
        if self.epsilon is None and self.epsilon_start is None and self.harmonic is None:
            return 0.1
        return self.epsilon

    def _share(self, known: Tallies, arms: int) -> float:
        learned = sum(tally[0] for tally in known.values()) / UNIT
        if self.epsilon_start is not None and self.epsilon_decay is not None:
            return max(self.epsilon_min, self.epsilon_start * math.pow(self.epsilon_decay, learned))
        return min(1.0, (self.harmonic or 0.0) * arms / learned) if learned > 0 else 1.0


def _explores(count: int, epsilon: float) -> str:
    return f"explores: one of {count} at random (epsilon {epsilon:.3g})"
