"""What a run would have accepted, had it chosen its arms uniformly: an estimate from its own batches.

Each arm is taken to go on as it did: so many rows accepted of those ordered, so many calls a batch. The interval of each arm's
share holds whenever the policy stopped trying it. Weighting by the probabilities of decisions would assume less, but tells
next to nothing of a policy that has found its arm.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loopwright.measure.intervals import at_any_time
from loopwright.report.datagen.tally import ArmYield
from loopwright.workflows.datagen.state import PATIENCE

_DOUBTED = 2
"""From so many batches in vain on an arm is taken to bring nothing; it is known only after `PATIENCE` of them."""


class Rough(NamedTuple):
    """An estimate with its 95 % interval."""

    mean: float
    low: float
    high: float


class Pace(NamedTuple):
    """Of a batch whose arm is drawn uniformly: what it costs (calls; a batch where no model is asked), the rows accepted."""

    cost: float
    accepted: Rough


class Going(NamedTuple):
    """How it would go: `at_first` with all arms, up to the cost `until` at which those that bring nothing are switched off;
    then `later`."""

    at_first: Pace
    until: float
    later: Pace

    def accepted(self, cost: float) -> Rough:
        early, late = min(cost, self.until), max(0.0, cost - self.until)
        pairs = zip(self.at_first.accepted, self.later.accepted, strict=True)
        return Rough(*(early * one / self.at_first.cost + late * two / self.later.cost for one, two in pairs))


@dataclass(frozen=True, slots=True)
class Uniform:
    """What is likely. Where it is in doubt which arms would be switched off, intervals span what else could be."""

    likely: Going
    others: tuple[Going, ...]
    gone: tuple[str, ...]
    """The arms that are taken to be switched off."""

    def accepted(self, cost: float) -> Rough:
        return _spanned([going.accepted(cost) for going in (self.likely, *self.others)])

    @property
    def pace(self) -> Rough:
        """Rows accepted per cost, in the long run."""
        goings = (self.likely, *self.others)
        return _spanned([Rough(*(rows / going.later.cost for rows in going.later.accepted)) for going in goings])

    def cost_of(self, rows: int) -> float:
        """What it would take to have so many accepted."""
        going = self.likely
        by_then = going.accepted(going.until).mean if math.isfinite(going.until) else math.inf
        if rows <= by_then:
            return rows * going.at_first.cost / going.at_first.accepted.mean
        return going.until + (rows - by_then) * going.later.cost / going.later.accepted.mean


def uniform(arms: Mapping[str, ArmYield], off: Collection[str], size: int) -> Uniform | None:
    """From at least two arms that were tried, of which one brought something in. Batches are of `size` rows."""
    vain = {name for name, arm in arms.items() if name in off or not arm.passed}
    if len(arms) < 2 or not any(arm.accepted for name, arm in arms.items() if name not in vain):
        return None
    sure = {name for name in vain if name in off or arms[name].batches >= PATIENCE}
    likely = sure | {name for name in vain if arms[name].batches >= _DOUBTED}
    others = [gone for gone in (sure, vain) if gone != likely]
    goings = [_going(arms, gone, size) for gone in (likely, *others)]
    if not all(going.at_first.cost and going.later.cost for going in goings):
        return None
    return Uniform(goings[0], tuple(goings[1:]), tuple(sorted(likely)))


def _going(arms: Mapping[str, ArmYield], gone: Collection[str], size: int) -> Going:
    every = list(arms.values())
    left = [arm for name, arm in arms.items() if name not in gone]
    alike, asks = _alike(every), any(arm.calls for arm in every)
    at_first = _pace(every, alike, size, asks)
    return Going(at_first, PATIENCE * len(arms) * at_first.cost if gone else math.inf, _pace(left, alike, size, asks))


def _spanned(given: Sequence[Rough]) -> Rough:
    return Rough(given[0].mean, min(each.low for each in given), max(each.high for each in given))


def _pace(arms: Sequence[ArmYield], alike: float, size: int, asks: bool) -> Pace:
    cost = sum(arm.calls * size / _ordered(arm, size) if asks else 1.0 for arm in arms) / len(arms)
    shares = [arm.accepted / _ordered(arm, size) for arm in arms]
    held = [at_any_time(arm.accepted / alike, _ordered(arm, size) / alike) for arm in arms]
    mean, rows = sum(shares) / len(arms), size / len(arms)
    below = math.hypot(*(share - each.low for share, each in zip(shares, held, strict=True)))
    above = math.hypot(*(each.high - share for share, each in zip(shares, held, strict=True)))
    return Pace(cost, Rough(size * mean, max(0.0, size * mean - rows * below), min(size, size * mean + rows * above)))


def _alike(arms: Sequence[ArmYield]) -> float:
    """How many times more the rows accepted vary from batch to batch than if each row had its fate by itself."""
    variation, freedom = 0.0, 0
    for arm in arms:
        share = arm.accepted / arm.rows if arm.rows else 0.0
        if 0 < share < 1:
            variation += (arm.squares - share * arm.accepted) / (share * (1 - share))
            freedom += arm.batches - 1
    return max(1.0, variation / freedom) if freedom else 1.0


def _ordered(arm: ArmYield, size: int) -> int:
    return arm.rows or arm.batches * size
