"""Every arm in its turn, by the number of the trial: a grid."""

from __future__ import annotations

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Situation
from loopwright.spec.blocks import Block


class Exhaustive(Block):
    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        turn = situation.trial % len(situation.arms)
        return Choice(situation.arms[turn], 1.0, f"turn {turn + 1} of {len(situation.arms)}")

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        """Nothing is remembered."""
