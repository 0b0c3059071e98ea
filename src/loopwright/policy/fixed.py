"""Always the same arm: the baseline that never explores."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.offered import offered
from loopwright.policy.protocol import Choice, Lesson, Shares, Situation
from loopwright.spec.blocks import Block


class Fixed(Block):
    arm: Annotated[str, Field(description="the name of the arm that is always taken")]

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        return Choice(situation.arms[self._at(situation)], 1.0, "the fixed arm")

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        return Shares.among([self._at(situation)], situation.arms)

    def _at(self, situation: Situation) -> int:
        return offered(self.arm, situation.arms, "policy.fixed.arm")

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        """Nothing is remembered."""
