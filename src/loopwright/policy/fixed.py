"""Always the same arm: the baseline that never explores."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopwright.errors import Problem, SpecError
from loopwright.kinds import nearest
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Situation
from loopwright.spec.blocks import Block


class Fixed(Block):
    arm: Annotated[str, Field(description="the name of the arm that is always taken")]

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        for arm in situation.arms:
            if arm.name == self.arm:
                return Choice(arm, 1.0, "the fixed arm")
        names = [arm.name for arm in situation.arms]
        raise SpecError(
            [Problem("policy.fixed.arm", f"no arm is called {self.arm!r}", " | ".join(names), nearest(self.arm, names))]
        )

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        """Nothing is remembered."""
