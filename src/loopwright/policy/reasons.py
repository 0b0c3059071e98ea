"""Puts into one line why an arm was taken and what the others looked like."""

from __future__ import annotations

from collections.abc import Sequence

from loopwright.policy.tally import UNIT, UNKNOWN, Tallies, mean
from loopwright.records import Arm


def best_mean(known: Tallies, arms: Sequence[Arm], at: int) -> str:
    """The best mean so far, or an arm that has none yet."""
    means = [mean(known.get(arm.name)) for arm in arms]
    if means[at] == UNKNOWN:
        return has_none(means.count(UNKNOWN), len(arms))
    return f"best mean {means[at]:.3f} of {known[arms[at].name][0] / UNIT:.6g}; {others(arms, means, at)}"


def best_score(what: str, scores: Sequence[float], known: Tallies, arms: Sequence[Arm], at: int) -> str:
    """The highest of what the policy compared, with the mean behind it."""
    tally = known.get(arms[at].name)
    learned = f"mean {mean(tally):.3f} of {tally[0] / UNIT:.6g}" if tally and tally[0] > 0 else "nothing learned yet"
    return f"{what} {scores[at]:.3f} ({learned}); {others(arms, scores, at)}"


def has_none(count: int, arms: int) -> str:
    return f"has earned nothing yet, like {count} of {arms}: it is tried"


def others(arms: Sequence[Arm], scores: Sequence[float], at: int) -> str:
    """The next best by name, and down to where the rest go."""
    rest = sorted((-score, arm.name) for i, (arm, score) in enumerate(zip(arms, scores, strict=True)) if i != at)
    if not rest:
        return "there is no other"
    (score, name), *more = rest
    text = f"next {name} {-score:.3f}"
    return f"{text}, {len(more)} more down to {-more[-1][0]:.3f}" if more else text
