"""Exponential weights: arms are taken by chance in favour of those that cost least, whoever sets the rewards."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import Field

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Shares, Situation
from loopwright.policy.reasons import best_score
from loopwright.policy.tally import UNIT, Tallies, count, tallies
from loopwright.records import Arm
from loopwright.spec.blocks import Block


class Exp3(Block):
    """What an arm lost is counted by how unlikely it was taken, 1/p times; without a stated probability, once."""

    rate: Annotated[float, Field(gt=0, le=1, description="how fast the weights follow what was lost")] = 0.01
    explore: Annotated[float, Field(gt=0, le=1, description="the share of choices made at random")] = 0.02

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms = situation.arms
        known = tallies(situation.context, memory)
        shares = self._shares(arms, known)
        at = min(bisect_right(list(accumulate(shares)), situation.rng.random()), len(arms) - 1)
        return Choice(arms[at], shares[at], best_score, ("drawn with probability", shares, known, arms, at))

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        return Shares(self._shares(situation.arms, tallies(situation.context, memory)))

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        count(lesson, memory, 1.0 / (lesson.probability or 1.0))

    def _shares(self, arms: Sequence[Arm], known: Tallies) -> list[float]:
        lost = [(times - total) / UNIT for times, total in (known.get(arm.name, (0, 0)) for arm in arms)]
        least = min(lost)
        weights = [math.exp(self.rate * (least - each)) for each in lost]
        whole, even = sum(weights), self.explore / len(arms)
        return [even + (1.0 - self.explore) * weight / whole for weight in weights]
