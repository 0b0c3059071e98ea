"""How much of what another policy would do the log has seen done, and a plain word where that is little."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from loopwright.policy.evaluation.interval import Carried, Ratio
from loopwright.policy.evaluation.odds import MOST_DRAWS
from loopwright.records import Decision

THIN = 0.05
"""The share of the decisions that counts as thin support, or as a share worth a warning."""

FEW = 50
"""Below so many effective decisions an interval is a rough one."""


_ANY = 1e12
"""More than any weight."""


class ArmSupport(NamedTuple):
    """`wanted` is the share of the decisions that the other policy gives to the arm; `taken` counts how often the run did."""

    arm: str
    wanted: float
    taken: int


class Support(NamedTuple):
    """`effective` is how many decisions of the other policy's own the log is worth; `weight` should be close to 1. `silent` is
    the share of what the other policy does that the run surely could not have done, or hardly ever."""

    decisions: int
    unrewarded: int
    effective: float
    weight: float
    silent: float
    clipped: int
    certain: int
    computed: int
    undrawn: int
    estimated: int
    arms: tuple[ArmSupport, ...]

    @property
    def share(self) -> float:
        return self.effective / self.decisions if self.decisions else 0.0


class Weighed:
    """Gathers the support, decision by decision."""

    def __init__(self) -> None:
        self.decisions = 0
        self.unrewarded = 0
        self.counts: Counter[str] = Counter()
        self.weights = Ratio()
        self._sum = 0.0
        self._squares = 0.0
        self._missed = 0.0
        self._wanted: defaultdict[str, float] = defaultdict(float)
        self._taken: Counter[str] = Counter()

    def add(self, weight: float, decision: Decision, missed: float, shares: Mapping[str, float]) -> None:
        """`missed` is by how much the reward was not as predicted, `shares` how likely the other policy takes each arm."""
        self.decisions += 1
        self._missed += missed * missed
        self._sum += weight
        self._squares += weight * weight
        self._taken[decision.arm] += 1
        for arm, share in shares.items():
            self._wanted[arm] += share

    @property
    def effective(self) -> float:
        return self._sum**2 / self._squares if self._squares else 0.0

    @property
    def carried(self) -> Carried:
        """By the weights. Two more decisions might have been off as all the others were: a few tell little of themselves."""
        doubt = 2 * self._miss * self._squares / self.effective if self._squares else 0.0
        return Carried(self.effective, doubt, self._silent(Carried(self.effective, 0.0)))

    def _silent(self, carried: Carried) -> float:
        """Weights average 1 where the run could have done all that the other policy does. What they lack counts from four
        standard errors on: chance alone must not widen one interval in forty."""
        if not carried.effective:
            return 1.0
        mean, error, *_ = self.weights.estimate(0, _ANY, carried)
        return max(0.0, 1.0 - mean - 4 * error) if carried.effective >= 2 else 0.0

    @property
    def unweighted(self) -> Carried:
        return Carried(self.decisions, 2 * self._miss)

    @property
    def _miss(self) -> float:
        """The mean square of what predictions have missed by."""
        return self._missed / max(1, self.decisions)

    def support(self) -> Support:
        n = max(1, self.decisions)
        arms = sorted({*self._wanted, *self._taken})
        return Support(
            decisions=self.decisions,
            unrewarded=self.unrewarded,
            effective=self.effective,
            weight=self._sum / n,
            silent=self.carried.silent,
            clipped=self.counts["clipped"],
            certain=self.counts["certain"],
            computed=self.counts["computed"],
            undrawn=self.counts["undrawn"],
            estimated=self.counts["estimated"],
            arms=tuple(ArmSupport(arm, self._wanted[arm] / n, self._taken[arm]) for arm in arms),
        )


def warnings(support: Support, clip: float, draws: int) -> Iterator[str]:
    """What a reader must know before believing the numbers."""
    n = support.decisions
    if support.effective < FEW or support.share < THIN:
        yield (
            f"support is thin: {n:,} decisions are worth {support.effective:,.1f} of the other policy's own; "
            "read the estimates as rough ones"
        )
    for arm in support.arms:
        if arm.wanted >= THIN and arm.taken < min(FEW, THIN * arm.wanted * n):
            yield f"the other policy takes {arm.arm} in {arm.wanted:.0%} of the decisions; the run took it {arm.taken:,} times"
    if support.silent > 0:
        yield (
            f"the weights average {support.weight:.2f} and should average 1: {support.silent:.0%} or more of what the other "
            "policy does the run could not have done, or hardly ever; the intervals leave open what that is worth"
        )
    if support.weight - 1 > max(2 * THIN, 4 * max(support.effective, 25) ** -0.5):
        yield f"the weights average {support.weight:.2f} and should average 1: are the run's probabilities right?"
    if support.certain > THIN * n:
        yield (
            f"in {support.certain:,} decisions the run could take one arm only: nothing is known of the others there, "
            "and the estimates rest on what was seen elsewhere"
        )
    yield from _counted(support, clip, draws)


def _counted(support: Support, clip: float, draws: int) -> Iterator[str]:
    if support.clipped:
        yield (f"{support.clipped:,} weights were cut to {clip:g}: the estimates lean towards what the run did")
    if support.undrawn:
        yield (
            f"in {support.undrawn:,} decisions the arm that the run took did not come again in {draws * MOST_DRAWS:,} draws: "
            "is the run's policy still the same?"
        )
    missing = support.unrewarded
    if missing > THIN * (missing + support.decisions):
        yield (
            f"{missing:,} of {missing + support.decisions:,} decisions earned nothing and are left out: "
            "if that depends on the arm, the estimates are of those that were rewarded"
        )
