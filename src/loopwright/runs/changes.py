"""Arms whose reward is no longer what it was earlier in a run, and what it cost that the policy did not follow at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from loopwright.measure.change import Change, Sums, change, difference
from loopwright.measure.intervals import Interval
from loopwright.records import Fields
from loopwright.runs.series import Course, Line, summed

_ENOUGH = 10
"""Rewards of an arm from which its mean since the change is taken; with fewer it is that of the whole run."""


OTHERS = "the other arms"


class Cost(NamedTuple):
    """`decisions` were taken for `worse` since the change, and each earned less than `better` would have, on average by
    `each` (95 %)."""

    worse: str
    better: str
    decisions: int
    each: float
    held: Interval


class Changed(NamedTuple):
    """An arm in a context; `since` is the trial from which on it earns otherwise, as far as can be told."""

    context: Fields
    arm: str
    since: int
    change: Change
    cost: Cost | None


def changes_in(course: Course) -> tuple[Changed, ...]:
    """Looks at each arm in each context that is shown apart. Where hardly any context comes again, what an arm earns changes
    with what it is chosen for, and nothing can be told."""
    groups = [list(lines) for of, lines in groupby(course.apart, key=lambda line: line.context) if of is not None]
    among = sum(len(lines) for lines in groups)
    return tuple(found for lines in groups for found in _changes(course, lines, among))


def _changes(course: Course, lines: Sequence[Line], among: int) -> Iterator[Changed]:
    for line in lines:
        found = change([cell.sums for cell in line.cells], among) if line.arm is not None else None
        if found is not None and line.arm is not None:
            others = [other for other in lines if other is not line]
            yield Changed(line.context or {}, line.arm, found.at * course.width, found, _cost(line, found, others))


def _cost(line: Line, found: Change, others: Sequence[Line]) -> Cost | None:
    """Of an arm that fell: of taking it all the same. Of one that rose above the others: of taking those."""
    rivals = [(known.mean, other.arm, known) for other in others if other.arm and (known := _known(other, found.at)).n]
    if not rivals:
        return None
    best, name, known = max(rivals)
    later = summed(line.cells[found.at :])
    if found.after.mean < found.before.mean:
        return _given_up(line.arm or "", found.after, later.pulls, name, known) if best > found.after.mean else None
    if best > found.after.mean:
        return None
    taken = summed([cell for other in others for cell in other.cells[found.at :]])
    return _given_up(OTHERS, taken.sums, taken.pulls, line.arm or "", found.after) if taken.rewards else None


def _given_up(worse: str, earned: Sums, decisions: int, better: str, missed: Sums) -> Cost | None:
    return Cost(worse, better, decisions, missed.mean - earned.mean, difference(earned, missed))


def _known(line: Line, at: int) -> Sums:
    later = summed(line.cells[at:])
    return (later if later.rewards >= _ENOUGH else summed(line.cells)).sums
