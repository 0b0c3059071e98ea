"""A baseline arm is played, except for a share of exploration, until another arm is surely better; then the policy decides."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated

from pydantic import Field

from loopwright.policy.kl import lower
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.modifier import Modifier, innermost
from loopwright.policy.offered import offered
from loopwright.policy.protocol import NOTHING, Choice, Judging, Lesson, Situation
from loopwright.policy.tally import UNIT, count, tallies
from loopwright.records import Fields

ROOM = "#safe"


class SafeStart(Modifier):
    """What is explored at random is a floor for ever: any arm keeps a chance of at least explore * at_random / arms, so that
    other policies can be judged from the log. The baseline comes back when the proof against it fades.

    A policy with features says itself what is surely better in a situation; for others the means of arms are compared.
    """

    baseline: Annotated[str, Field(description="the arm that is played at first")]
    explore: Annotated[float, Field(gt=0, le=1, description="the share of choices that explore, at all times")] = 0.1
    at_random: Annotated[
        float, Field(ge=0, le=1, description="of those, the share made at random; the others are left to the policy")
    ] = 1.0
    confidence: Annotated[float, Field(gt=0, lt=1, description="how sure it must be that another arm is better")] = 0.95
    per_context: Annotated[bool, Field(description="compare within each context; false: over all of them")] = True

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        base = offered(self.baseline, arms, "policy.safe_start.baseline")
        chance = self.explore * self.at_random
        explores = rng.random()
        better = self._better(situation, base, memory)
        trusted = 1.0 if better else self.explore
        if explores < chance:
            at = rng.below(len(arms))
            share = None if trusted > chance else chance / len(arms) + (1.0 - chance) * (at == base)
            return Choice(arms[at], share, f"explores: one of {len(arms)} at random (share {chance:g})")
        if explores >= trusted:
            share = None if trusted > chance else chance / len(arms) + 1.0 - chance
            return Choice(arms[base], share, f"the baseline: no arm is surely better than {self.baseline} yet")
        arm, probability, *_ = choice = self.inner.choose(situation, memory)
        share = None
        if probability is not None:
            share = chance / len(arms) + (trusted - chance) * probability + (1.0 - trusted) * (arm is arms[base])
        return Choice(arm, share, _released if better else _tried, (better or self.baseline, self.baseline, choice))

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        if not self._judges:
            count(lesson._replace(context=self._compared(lesson.context)), memory, room=ROOM)
        self.inner.learn(lesson, memory)

    @cached_property
    def _judges(self) -> bool:
        return isinstance(innermost(self.inner), Judging)

    def _compared(self, context: Fields) -> Fields:
        return context if self.per_context else NOTHING

    def _better(self, situation: Situation, base: int, memory: Recollection) -> str | None:
        """An arm whose lower bound is above the baseline's mean."""
        if self._judges:
            return self.surely_better(situation, memory, base, self.confidence)
        known = tallies(self._compared(situation.context), memory, ROOM)
        arms, means = situation.arms, known.compare(situation.arms).means
        if not known.times(arms[base].name):
            return None
        doubt = -math.log(1.0 - self.confidence)
        for arm, mean in zip(arms, means, strict=True):
            times = known.times(arm.name) / UNIT
            if times and mean > means[base] and lower(mean, doubt / times) > means[base]:
                return arm.name
        return None


def _released(better: str, baseline: str, choice: Choice) -> str:
    return f"{choice.reason} (free since {better} is surely better than {baseline})"


def _tried(_: str, baseline: str, choice: Choice) -> str:
    return f"explores: {choice.reason} (no arm is surely better than {baseline} yet)"
