"""From what was counted stretch by stretch to the curves that are drawn of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from itertools import accumulate
from operator import add
from typing import TypeVar

from loopwright.measure.intervals import of_mean, wilson
from loopwright.report.lines import Point, Series
from loopwright.report.looks import LOOKS
from loopwright.runs.series import Cell, Course

OTHERS = "other arms"

_Counted = TypeVar("_Counted", int, Cell)


def by_arm(course: Course, most: int = len(LOOKS)) -> dict[str, tuple[Cell, ...]]:
    """Each arm over all contexts, in alphabetical order; where there are many, the most pulled, and the others as one."""
    arms: dict[str | None, tuple[Cell, ...]] = {}
    for line in course.lines:
        arms[line.arm] = _sum(arms[line.arm], line.cells) if line.arm in arms else line.cells
    named = {arm: cells for arm, cells in arms.items() if arm is not None}
    kept = sorted(named, key=lambda arm: (-pulls(named[arm]), arm))
    if len(arms) > most:
        kept = kept[: most - 1]
    shown = {arm: named[arm] for arm in sorted(kept)}
    rest = [cells for arm, cells in arms.items() if arm not in shown]
    return {**shown, **({OTHERS: _summed(rest)} if rest else {})}


def everything(course: Course) -> tuple[Cell, ...]:
    return _summed([line.cells for line in course.lines])


def _summed(many: Sequence[tuple[Cell, ...]]) -> tuple[Cell, ...]:
    total: tuple[Cell, ...] = ()
    for cells in many:
        total = _sum(total, cells) if total else cells
    return total


def _sum(one: tuple[Cell, ...], other: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple(map(add, one, other))


def pulls(cells: Sequence[Cell]) -> int:
    return sum(cell.pulls for cell in cells)


def so_far(cells: Sequence[Cell]) -> list[Cell]:
    return list(accumulate(cells, add))


def mean_points(course: Course, cells: Sequence[Cell]) -> tuple[Point, ...]:
    """The mean reward with its interval, where there are rewards."""
    return tuple(
        Point(x, cell.sums.mean, *of_mean(*cell.sums)) for x, cell in zip(ends(course), cells, strict=True) if cell.rewards
    )


def pull_points(course: Course, cells: Sequence[Cell]) -> tuple[Point, ...]:
    """How often the arm had been pulled, from nothing on."""
    return (Point(0.0, 0.0), *(Point(x, float(cell.pulls)) for x, cell in zip(ends(course), so_far(cells), strict=True)))


def explored_points(course: Course) -> tuple[Point, ...]:
    counts = zip(ends(course), course.explored, course.decisions, strict=True)
    return tuple(Point(x, explored / n, *wilson(explored, n)) for x, explored, n in counts if n)


def coarser(course: Course, least: int) -> Course:
    """With stretches of at least so many trials: the interval of fewer says nothing."""
    folds = -(-least // course.width)
    return replace(
        course,
        width=folds * course.width,
        lines=tuple(replace(line, cells=_folded(line.cells, folds)) for line in course.lines),
        explored=_folded(course.explored, folds),
        decisions=_folded(course.decisions, folds),
    )


def _folded(counted: Sequence[_Counted], folds: int) -> tuple[_Counted, ...]:
    return tuple(reduce(add, counted[at : at + folds]) for at in range(0, len(counted), folds))


def ends(course: Course) -> list[float]:
    """Where each stretch ends, counted in trials."""
    return [float(min(course.trials, (place + 1) * course.width)) for place in range(len(course.decisions))]


def series(arms: dict[str, tuple[Cell, ...]], points: Callable[[tuple[Cell, ...]], tuple[Point, ...]]) -> list[Series]:
    return [Series(arm, points(cells)) for arm, cells in arms.items()]
