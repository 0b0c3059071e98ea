"""What the optimistic policies share: every arm is tried once, then the highest upper bound is taken, ties at random."""

from __future__ import annotations

from collections.abc import Callable

from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Situation
from loopwright.policy.reasons import best_score, has_none
from loopwright.policy.tally import UNIT, tallies


def highest(situation: Situation, memory: Recollection, bound: Callable[[float, float, float], float]) -> Choice:
    """`bound` is given an arm's mean, how often it was rewarded, and how often all arms were."""
    arms, rng = situation.arms, situation.rng
    known = tallies(situation.context, memory)
    fresh = [arm for arm in arms if not known.times(arm.name)]
    if fresh:
        return Choice(rng.choice(fresh), 1 / len(fresh), has_none, (len(fresh), len(arms)))
    tried = [known[arm.name] for arm in arms]
    learned = sum(times for times, _ in tried) / UNIT
    bounds = [bound(total / times, times / UNIT, learned) for times, total in tried]
    top = max(bounds)
    ties = [at for at, each in enumerate(bounds) if each == top]
    at = ties[0] if len(ties) == 1 else rng.choice(ties)
    return Choice(arms[at], 1 / len(ties), best_score, ("highest bound", bounds, known, arms, at))
