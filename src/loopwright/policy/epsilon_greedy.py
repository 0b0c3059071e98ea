"""Mostly the arm with the best mean so far, and with probability epsilon any arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Situation
from loopwright.policy.tally import Tally, count, tallies
from loopwright.records import Arm
from loopwright.spec.blocks import Block


class EpsilonGreedy(Block):
    """Arms that have earned nothing yet count as the best; ties are broken at random."""

    epsilon: Annotated[float, Field(ge=0, le=1, description="the share of choices made at random")] = 0.1

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        known = tallies(situation.context, memory)
        best = _best(arms, known)
        explores = rng.random() < self.epsilon
        arm = rng.choice(arms if explores else best)
        probability = self.epsilon / len(arms) + (1 - self.epsilon) * (arm in best) / len(best)
        return Choice(arm, probability, self._reason(explores, arm, known, len(arms)))

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        count(lesson, memory)

    def _reason(self, explores: bool, arm: Arm, known: dict[str, Tally], count: int) -> str:
        if explores:
            return f"explores: one of {count} at random (epsilon {self.epsilon:g})"
        tally = known.pop(arm.name, None)
        if tally is None:
            return "has earned nothing yet, so it is tried"
        rivals = [f"{name} {rival.mean:.3f}" for name, rival in known.items()]
        return f"best mean {tally.mean:.3f} of {tally.times}; others: {', '.join(rivals) or 'none'}"


def _best(arms: Sequence[Arm], known: dict[str, Tally]) -> list[Arm]:
    fresh = [arm for arm in arms if arm.name not in known]
    if fresh:
        return fresh
    means = [known[arm.name].mean for arm in arms]
    top = max(means)
    return [arm for arm, mean in zip(arms, means, strict=True) if mean == top]
