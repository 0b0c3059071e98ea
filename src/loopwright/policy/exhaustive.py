"""Every arm in its turn, by the number of the trial: a grid."""

from __future__ import annotations

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Shares, Situation
from loopwright.spec.blocks import Block


class Exhaustive(Block):
    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        turn = self._turn(situation)
        return Choice(situation.arms[turn], 1.0, f"turn {turn + 1} of {len(situation.arms)}")

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        return Shares.among([self._turn(situation)], situation.arms)

    def _turn(self, situation: Situation) -> int:
        return situation.trial % len(situation.arms)

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        """Nothing is remembered."""
