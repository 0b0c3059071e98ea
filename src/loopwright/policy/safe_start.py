"""A baseline arm is played, except for a share of exploration, until another arm is surely better; then the policy decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from loopwright.policy.kl import lower
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.modifier import Modifier
from loopwright.policy.offered import offered
from loopwright.policy.protocol import NOTHING, Choice, Lesson, Situation
from loopwright.policy.tally import UNIT, Tallies, count, tallies
from loopwright.records import Arm, Fields

ROOM = "#safe"


class SafeStart(Modifier):
    """The share is a floor for ever: any arm keeps a chance of at least explore / arms, so that other policies can be judged
    from the log. The baseline comes back when the proof against it fades."""

    baseline: Annotated[str, Field(description="the arm that is played at first")]
    explore: Annotated[float, Field(gt=0, le=1, description="the share of choices made at random, at all times")] = 0.1
    confidence: Annotated[float, Field(gt=0, lt=1, description="how sure it must be that another arm is better")] = 0.95
    per_context: Annotated[bool, Field(description="compare within each context; false: over all of them")] = True

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        base = offered(self.baseline, arms, "policy.safe_start.baseline")
        even, rest = self.explore / len(arms), 1.0 - self.explore
        explores = rng.random() < self.explore
        better = self._better(arms, base, tallies(self._compared(situation.context), memory, ROOM))
        if explores:
            at = rng.below(len(arms))
            share = None if better else even + rest * (at == base)
            return Choice(arms[at], share, f"explores: one of {len(arms)} at random (share {self.explore:g})")
        if better is None:
            return Choice(arms[base], even + rest, f"the baseline: no arm is surely better than {self.baseline} yet")
        arm, probability, *_ = choice = self.inner.choose(situation, memory)
        share = None if probability is None else even + rest * probability
        return Choice(arm, share, _released, (better, self.baseline, choice))

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        count(lesson._replace(context=self._compared(lesson.context)), memory, room=ROOM)
        self.inner.learn(lesson, memory)

    def _compared(self, context: Fields) -> Fields:
        return context if self.per_context else NOTHING

    def _better(self, arms: Sequence[Arm], base: int, known: Tallies) -> str | None:
        """The first arm whose lower bound is above the baseline's mean."""
        means = known.compare(arms).means
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
