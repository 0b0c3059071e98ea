"""How much of what another policy would do the log has seen done, and a plain word where that is little."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from loopwright.policy.evaluation.interval import Evidence
from loopwright.policy.evaluation.log import Logged
from loopwright.policy.evaluation.odds import CLOSE, MOST_DRAWS, Odds

THIN = 0.05
"""The share of the decisions that counts as thin support, or as a share worth a warning."""

FEW = 50
"""Below so many effective decisions an interval is a rough one."""


class ArmSupport(NamedTuple):
    """`wanted` is the share of the decisions that the other policy gives to the arm; `taken` counts how often the run did."""

    arm: str
    wanted: float
    taken: int


class Support(NamedTuple):
    """`effective` is how many decisions of the other policy's own the log is worth, or trials where whole ones are compared, of
    which it has `trials` then; `weight` should be close to 1. `silent` is
    the share of what the other policy does that the run surely could not have done, or hardly ever; in `certain` decisions it
    could take one arm only, and the other policy would take others."""

    decisions: int
    unrewarded: int
    effective: float
    weight: float
    silent: float
    clipped: int
    certain: int
    computed: int
    rough: int
    estimated: int
    arms: tuple[ArmSupport, ...]
    trials: int | None = None

    @property
    def share(self) -> float:
        return self.effective / (self.trials or self.decisions)

    @property
    def unit(self) -> str:
        """What is counted and compared, in the plural."""
        return "decisions" if self.trials is None else "trials"


class Tried:
    """Counts what was offered, taken and wanted, decision by decision."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._wanted: defaultdict[str, float] = defaultdict(float)
        self._taken: Counter[str] = Counter()

    def add(self, logged: Logged, odds: Odds, clipped: bool) -> None:
        decision, value, source = logged
        if value is None:
            self._counts["unrewarded"] += 1
            return
        self._taken[decision.arm] += 1
        for arm, share in odds.shares.items():
            self._wanted[arm] += share
        counts = self._counts
        counts[source] += 1
        counts["estimated"] += not odds.exact
        counts["clipped"] += clipped
        counts["certain"] += source == "stored" and decision.probability == 1 and odds.shares.get(decision.arm, 0.0) < 1 - CLOSE

    def support(self, weight: float, weighed: Evidence, trials: int | None = None) -> Support:
        n = self._taken.total()
        counts = self._counts
        return Support(
            decisions=n,
            unrewarded=counts["unrewarded"],
            effective=weighed.effective,
            weight=weight,
            silent=weighed.silent,
            clipped=counts["clipped"],
            certain=counts["certain"],
            computed=counts["computed"] + counts["rough"],
            rough=counts["rough"],
            estimated=counts["estimated"],
            arms=tuple(
                ArmSupport(arm, self._wanted[arm] / n, self._taken[arm]) for arm in sorted({*self._wanted, *self._taken})
            ),
            trials=trials,
        )


def warnings(support: Support, clip: float, draws: int) -> Iterator[str]:
    """What a reader must know before believing the numbers."""
    n = support.decisions
    if support.effective < FEW or support.share < THIN:
        yield (
            f"support is thin: {support.trials or n:,} {support.unit} are worth {support.effective:,.1f} of the other's own; "
            + ("they do not tell what it would earn" if support.effective < 2 else "read the estimates as rough ones")
        )
    if support.silent > 0:
        part = "all" if support.silent == 1 else f"at least {support.silent:.0%}"
        yield (
            f"the run could not have done, or hardly ever, {part} of what the other policy does: the weights average "
            f"{support.weight:.2f} and should average 1; that part could earn anything, and the intervals leave it open"
        )
    if support.certain > THIN * n:
        yield (
            f"in {support.certain:,} decisions the run could take one arm only, where the other policy would take others: "
            "what those earn there was not seen"
        )
    for arm in support.arms:
        if arm.wanted >= THIN and arm.taken < min(FEW, THIN * arm.wanted * n):
            times = {0: "never", 1: "once"}.get(arm.taken, f"{arm.taken:,} times")
            yield f"the other policy takes {arm.arm} in {arm.wanted:.0%} of the decisions; the run took it {times}"
    if support.weight - 1 > max(2 * THIN, 4 * max(support.effective, 4) ** -0.5):
        yield f"the weights average {support.weight:.2f} and should average 1: are the run's probabilities right?"
    yield from _counted(support, clip, draws)


def _counted(support: Support, clip: float, draws: int) -> Iterator[str]:
    if support.clipped:
        yield (f"{support.clipped:,} weights were cut to {clip:g}: the estimates lean towards what the run did")
    if support.rough:
        yield (
            f"in {support.rough:,} decisions the arm that the run took did not come {draws} times in {draws * MOST_DRAWS:,} "
            "draws: how likely it was is only roughly known"
        )
    missing = support.unrewarded
    if missing > THIN * (missing + support.decisions):
        yield (
            f"{missing:,} of {missing + support.decisions:,} decisions earned nothing and are left out: "
            "if that depends on the arm, the estimates are of those that were rewarded"
        )
