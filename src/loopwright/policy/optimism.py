"""What the optimistic policies share: every arm is tried once, then the highest upper bound is taken, ties at random."""

from __future__ import annotations

from typing import NamedTuple

from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Shares, Situation
from loopwright.policy.reasons import best_score, has_none
from loopwright.policy.tally import UNIT, Tallies, count, tallies
from loopwright.spec.blocks import Block


class _Ahead(NamedTuple):
    """The places of the arms that are untried, and no bounds; or of those whose bound is highest."""

    places: list[int]
    bounds: list[float]


class Optimistic(Block):
    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        known = tallies(situation.context, memory)
        ahead, bounds = self._ahead(situation, known)
        at = ahead[0] if bounds and len(ahead) == 1 else rng.choice(ahead)
        if not bounds:
            return Choice(arms[at], 1 / len(ahead), has_none, (len(ahead), len(arms)))
        return Choice(arms[at], 1 / len(ahead), best_score, ("highest bound", bounds, known, arms, at))

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        return Shares.among(self._ahead(situation, tallies(situation.context, memory)).places, situation.arms)

    learn = staticmethod(count)

    def bound(self, mean: float, times: float, learned: float) -> float:
        """Of an arm with this mean that was rewarded so many times, when all arms were rewarded `learned` times."""
        raise NotImplementedError

    def _ahead(self, situation: Situation, known: Tallies) -> _Ahead:
        arms = situation.arms
        fresh = [at for at, arm in enumerate(arms) if not known.times(arm.name)]
        if fresh:
            return _Ahead(fresh, [])
        tried = [known[arm.name] for arm in arms]
        learned = sum(times for times, _ in tried) / UNIT
        bounds = [self.bound(total / times, times / UNIT, learned) for times, total in tried]
        top = max(bounds)
        return _Ahead([at for at, each in enumerate(bounds) if each == top], bounds)
