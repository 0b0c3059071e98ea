"""Every arm is as likely as any other: the baseline that learns nothing."""

from __future__ import annotations

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Shares, Situation
from loopwright.spec.blocks import Block


class Uniform(Block):
    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        count = len(situation.arms)
        return Choice(situation.rng.choice(situation.arms), 1 / count, f"one of {count} at random")

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        return Shares.among(range(len(situation.arms)), situation.arms)

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        """Nothing is remembered."""
