"""Reward per cost: an arm is judged by the sum of its rewards over the sum of what they cost."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from loopwright.errors import UsageError
from loopwright.policy.memory import Memory
from loopwright.policy.modifier import Modifier
from loopwright.policy.protocol import Lesson


class PerCost(Modifier):
    """A reward that cost three times `per` counts as three of a third of its value. So the policy compares total reward over
    total cost, in units of reward per `per`."""

    part: Annotated[str, Field(description="the part of the reward that says what it cost, such as usd")]
    per: Annotated[float, Field(gt=0, description="the unit of cost: what costs less counts as costing this")]

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        cost = lesson.parts.get(self.part)
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < math.inf:
            known = ", ".join(lesson.parts) or "none at all"
            raise UsageError(
                f"policy per_cost needs the part {self.part!r} of every reward, a number of at least 0, and it is {cost!r}; "
                f"the reward has the parts: {known}"
            )
        units = max(1.0, cost / self.per)
        self.inner.learn(lesson._replace(value=lesson.value / units, weight=lesson.weight * units), memory)
