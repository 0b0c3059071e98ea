"""Always the same arm: the baseline that never explores."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.offered import offered
from loopwright.policy.protocol import Choice, Lesson, Situation
from loopwright.spec.blocks import Block


class Fixed(Block):
    arm: Annotated[str, Field(description="the name of the arm that is always taken")]

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        at = offered(self.arm, situation.arms, "policy.fixed.arm")
        return Choice(situation.arms[at], 1.0, "the fixed arm")

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        """Nothing is remembered."""
