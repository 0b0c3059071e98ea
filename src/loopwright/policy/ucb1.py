"""The arm with the highest mean plus a margin that shrinks as the arm is tried: optimism without chance."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from loopwright.policy.optimism import Optimistic


class Ucb1(Optimistic):
    """The margin is sqrt(c * ln t / n) for an arm that was rewarded n times of t."""

    c: Annotated[float, Field(ge=0, description="how wide the margin is: 2 is proven, 0.5 mostly better")] = 2.0

    def bound(self, mean: float, times: float, learned: float) -> float:
        return mean + math.sqrt(self.c * math.log(max(1.0, learned)) / times)
