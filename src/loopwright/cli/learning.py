"""`policy show`: what a run's policy has learned, as tables or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from loopwright.cli import rows
from loopwright.cli.rows import fields
from loopwright.cli.screen import Screen, as_json
from loopwright.measure.intervals import of_mean
from loopwright.records import Fields, Json
from loopwright.report import changes
from loopwright.report.amounts import count, share
from loopwright.report.curves import by_arm
from loopwright.report.spark import blocks
from loopwright.runs import read
from loopwright.runs.caveats import caveats
from loopwright.runs.changes import Changed, changes_in
from loopwright.runs.folder import RunFolder
from loopwright.runs.read import Learned
from loopwright.runs.series import Cell, Course, course_of, summed

_FEATURES = 12


def show_policy(folder: RunFolder, last: int, contexts: int | None, screen: Screen) -> None:
    course = course_of(folder, most=contexts)
    apart = course.apart if contexts is None else course.lines
    shown = {as_json(line.context) for line in apart if line.context is not None}
    learned = read.learned(folder, last, len(shown))
    changed = changes_in(course)
    if screen.json:
        screen.data({**_data(learned, course, changed), "caveats": list(caveats(folder))})
        return
    for note in caveats(folder):
        screen.result(f"note   {note}")
    screen.result(f"policy {rows.short(learned.policy)}")
    if learned.overall:
        _overall(learned, course, screen)
    if len(shown) > 1 or (shown and contexts):
        _contexts(learned, course, screen)
    if len(shown) < course.contexts:
        screen.result(f"\n{_hidden(course, len(shown))}")
    if course.models:
        screen.apart(rows.FEATURES, list(_features(course)))
    for told in _told(changed, learned.policy):
        screen.result(f"\n{told}")
    if learned.decisions:
        screen.apart(rows.DECISIONS, [rows.decision(each) for each in learned.decisions])


def _overall(learned: Learned, course: Course, screen: Screen) -> None:
    arms, pulls = _arms(course), sum(course.decisions)
    cells = []
    for arm in learned.overall:
        total = summed(arms.get(arm.arm, ()))
        held = of_mean(*total.sums) if total.rewards else None
        over_time = blocks([cell.mean for cell in arms[arm.arm]]) if arm.arm in arms else "-"
        numbers = (count(arm.decisions), share(arm.decisions, pulls), count(arm.rewards), rows.number(arm.mean))
        cells.append((arm.arm, *numbers, rows.interval(held), rows.number(arm.mean_raw), over_time))
    screen.apart(rows.OVERALL, cells)


def _contexts(learned: Learned, course: Course, screen: Screen) -> None:
    over_time = {_of(line.context, line.arm): blocks([cell.mean for cell in line.cells]) for line in course.lines}
    screen.apart(rows.LEARNED, [rows.learned(arm, over_time.get(_of(arm.context, arm.arm), "-")) for arm in learned.arms])


def _hidden(course: Course, shown: int) -> str:
    if not shown:
        return f"{count(course.contexts)} contexts, hardly any of which came again: they are counted together."
    return f"{count(course.contexts - shown)} more contexts are not shown: --contexts {course.contexts} shows them."


def _features(course: Course) -> Iterator[Sequence[object]]:
    """Of each model the features that matter most."""
    for model in course.models:
        for at, (feature, value, low, high) in enumerate(model.coefficients[:_FEATURES]):
            name = ("all arms" if model.arm is None else model.arm) if at == 0 else ""
            yield name, feature, f"{value:+.3f}", f"{low:+.3f} to {high:+.3f}"
        if len(model.coefficients) > _FEATURES:
            yield "", f"{len(model.coefficients) - _FEATURES} smaller ones", "", ""


def _told(changed: Sequence[Changed], policy: Json) -> Iterator[str]:
    for each in changed:
        yield " ".join(changes.told(each, rows.context(each.context)))
    if changed:
        yield changes.advice(policy)


def _data(learned: Learned, course: Course, changed: Sequence[Changed]) -> dict[str, Any]:
    return {
        "policy": learned.policy,
        "overall": [arm._asdict() for arm in learned.overall],
        "contexts": course.contexts,
        "arms": [arm._asdict() for arm in learned.arms],
        "models": fields(course.models),
        "changes": fields(changed),
        "decisions": fields(learned.decisions),
    }


def _arms(course: Course) -> dict[str, tuple[Cell, ...]]:
    return by_arm(course, len({line.arm for line in course.lines}))


def _of(context: Fields | None, arm: str | None) -> tuple[str, str]:
    return as_json(context), arm or ""
