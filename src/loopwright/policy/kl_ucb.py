"""The arm with the highest chance that its rewards still allow: UCB with the right bound for rewards within 0..1."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from loopwright.policy.kl import upper
from loopwright.policy.optimism import Optimistic


class KlUcb(Optimistic):
    """An arm that was rewarded n times of t may be as good as n * divergence <= ln t + c * ln ln t allows."""

    c: Annotated[float, Field(ge=0, description="how much wider than ln t: 3 is proven, 0 better in practice")] = 0.0

    def bound(self, mean: float, times: float, learned: float) -> float:
        spread = math.log(max(1.0, learned))
        if self.c and learned > math.e:
            spread += self.c * math.log(spread)
        return upper(mean, spread / times)
