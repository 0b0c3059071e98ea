"""The arm with the highest mean plus a margin that shrinks as the arm is tried: optimism without chance."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from loopwright.policy.memory import Recollection
from loopwright.policy.optimism import highest
from loopwright.policy.protocol import Choice, Situation
from loopwright.policy.tally import count
from loopwright.spec.blocks import Block


class Ucb1(Block):
    """The margin is sqrt(c * ln t / n) for an arm that was rewarded n times of t."""

    c: Annotated[float, Field(ge=0, description="how wide the margin is: 2 is proven, 0.5 mostly better")] = 2.0

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        return highest(situation, memory, self._bound)

    learn = staticmethod(count)

    def _bound(self, mean: float, times: float, learned: float) -> float:
        return mean + math.sqrt(self.c * math.log(max(1.0, learned)) / times)
