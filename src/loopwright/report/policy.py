"""The policy panel: what the arms earned, how often they were pulled, how much was explored, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import orjson

from loopwright.measure.intervals import of_mean
from loopwright.records import Decision, Fields, Json
from loopwright.report import changes, curves, models
from loopwright.report.amounts import count, share
from loopwright.report.frame import Axis, Caption
from loopwright.report.heat import Cell as HeatCell
from loopwright.report.heat import heat
from loopwright.report.histogram import Bins, histogram
from loopwright.report.lines import BANDS, Series, lines
from loopwright.report.markup import Child, Markup, element, joined, shortened
from loopwright.report.page import charts, figure, paragraph
from loopwright.report.spark import spark
from loopwright.report.tables import Group, heads, table
from loopwright.runs.changes import Changed, changes_in
from loopwright.runs.read import Recalled
from loopwright.runs.series import Cell, Course, Line, summed

_EARNED = heads("arm >pulls >share >rewards >mean >95_%_interval over_time")
_TAKEN = heads("decision context arm >probability ~reason")
_SCALED = "reward, scaled to 0..1"
_HELD, _TABLED = "Bands are 95 % intervals.", "The table below has their 95 % intervals."
_LEAST = 5
"""Trials whose mean is drawn by itself."""
_ROOM = 6
"""Columns of a heat map that can still be read."""


def panel(policy: Json, course: Course, recalled: Recalled | None = None) -> Markup:
    kind = policy if isinstance(policy, str) else orjson.dumps(policy).decode()
    said = joined([paragraph(joined(["The policy is ", element("code", kind), "."])), _beginning(recalled)])
    if not any(course.decisions):
        return joined([said, paragraph("It has not decided anything yet.", "quiet")])
    drawn = charts([*_over_time(course), *_at_last(course)])
    tables = [_overall(course), _in_contexts(course), models.tables(course), _decisions(course)]
    return joined([said, _changes(policy, course), drawn, _note(course), *tables])


def _beginning(recalled: Recalled | None) -> Markup | None:
    if recalled is None:
        return None
    if not recalled.runs:
        return paragraph(f"It is the first run of the domain {recalled.domain}, and began with nothing.")
    return paragraph(
        f"It began with what {recalled.sources} of the domain {recalled.domain} learned in {count(recalled.trials)} trials."
    )


def _changes(policy: Json, course: Course) -> Markup | None:
    """What a reader should know first: that what was learned holds no longer."""
    found = changes_in(course)
    if not found:
        return None
    return element("div", *map(_change, found), element("p", _coded(changes.advice(policy))), class_="notice", role="note")


def _change(found: Changed) -> Markup:
    what, *cost = changes.told(found, context(found.context))
    return element("p", joined([element("strong", what), *(f" {sentence}" for sentence in cost)]))


def _coded(text: str) -> Markup:
    """What stands between backticks, set as code."""
    return joined(element("code", part) if at % 2 else part for at, part in enumerate(text.split("`")))


def _over_time(course: Course) -> Iterator[Markup]:
    arms = curves.by_arm(course)
    decisions, rewards = sum(course.decisions), sum(cell.rewards for cell in curves.everything(course))
    trial, reward = Axis("trial", 0), Axis("reward", 0, 1)
    earned, made = f"{count(rewards)} rewards", f"{count(decisions)} decisions"
    means = curves.series(arms, lambda cells: curves.mean_points(course, curves.so_far(cells)))
    yield figure(
        lines(Caption("Mean reward so far, by arm", _SCALED, earned), means, trial, reward),
        f"Over all contexts. {_HELD if len(means) <= BANDS else _TABLED} The mean of an arm that was given up early leans low.",
    )
    coarse = curves.coarser(course, _LEAST)
    stretch = count(min(coarse.width, course.trials))
    recent = Series("all arms", curves.mean_points(coarse, curves.everything(coarse)))
    yield figure(
        lines(Caption("Reward, stretch by stretch", _SCALED, earned), [recent], trial, reward),
        f"What {stretch} trials earned on average, with its 95 % interval: whether the run gets better.",
    )
    pulled = curves.series(arms, lambda cells: curves.pull_points(course, cells))
    yield figure(
        lines(Caption("Pulls so far, by arm", "decisions", made), pulled, trial, Axis("decisions", 0)),
        "A steeper line is an arm that is chosen more often.",
    )
    explored = Series("explored", curves.explored_points(coarse))
    where = "in its context" if course.apart else "over all contexts"
    yield figure(
        lines(
            Caption("Exploration", "share of decisions", f"{count(decisions)} decisions"),
            [explored],
            trial,
            Axis("share", 0, 1),
        ),
        f"Decisions for another arm than the one with the best mean {where}, as far as the policy had learned by "
        "then. The band is a 95 % interval.",
    )


def _at_last(course: Course) -> Iterator[Markup]:
    contexts = [list(lines_of) for _, lines_of in groupby(course.apart, key=lambda line: line.context)]
    arms = list(dict.fromkeys(_arm(line) for line in course.apart))
    if len(contexts) > 1 and 1 < len(arms) <= _ROOM:
        rows = [{_arm(line): _heat_cell(summed(line.cells)) for line in lines_of} for lines_of in contexts]
        cells = [[row.get(arm) for arm in arms] for row in rows]
        names = [context(lines_of[0].context) for lines_of in contexts]
        caption = Caption("Mean reward, by context and arm", _SCALED, f"{count(sum(course.spread))} rewards")
        yield figure(heat(caption, names, arms, cells), "What each arm came to in each context.")
    yield from models.drawn(course)
    caption = Caption("Rewards", "how many", f"{count(sum(course.spread))} rewards")
    yield figure(histogram(caption, Bins(0.0, 1.0, course.spread), _SCALED), "All rewards by their size.")


def _heat_cell(total: Cell) -> HeatCell | None:
    return None if total.mean is None else HeatCell(total.mean, f"{total.mean:.3f}", f"n {count(total.rewards)}")


def _note(course: Course) -> Markup | None:
    if not course.apart:
        return paragraph(
            f"There are {count(course.contexts)} contexts, and hardly any of them came again: they are counted together.",
            "quiet",
        )
    shown = {line.context is None for line in course.lines}, {line.arm is None for line in course.lines}
    folded = [
        f"{count(total)} {what}: the most frequent are shown, the others together"
        for what, total, kinds in (("contexts", course.contexts, shown[0]), ("arms", course.arms, shown[1]))
        if True in kinds
    ]
    return paragraph(f"There are {'; there are '.join(folded)}.", "quiet") if folded else None


def _overall(course: Course) -> Markup:
    arms, pulls = curves.by_arm(course, len(course.lines) + 1), sum(course.decisions)
    said = "What each arm earned over all contexts. Over time: the mean, stretch by stretch, on a scale from 0 to 1."
    return table(said, _EARNED, [Group(None, [_earned(arm, cells, pulls) for arm, cells in arms.items()])])


def _in_contexts(course: Course) -> Markup | None:
    if course.contexts < 2 or not course.apart:
        return None
    groups = []
    for of, lines_of in groupby(course.apart, key=lambda line: line.context):
        members = list(lines_of)
        pulls = sum(curves.pulls(line.cells) for line in members)
        rows = [_earned(_arm(line), line.cells, pulls) for line in members]
        groups.append(Group(f"{context(of)}: {count(pulls)} decisions", rows))
    return table("What each arm earned in each context.", _EARNED, groups)


def _earned(arm: str, cells: Sequence[Cell], of: int) -> list[Child]:
    total = summed(cells)
    held = of_mean(*total.sums) if total.rewards else None
    return [
        arm,
        count(total.pulls),
        share(total.pulls, of),
        count(total.rewards),
        "unknown" if total.mean is None else f"{total.mean:.3f}",
        "" if held is None else f"{held.low:.3f} to {held.high:.3f}",
        spark([cell.mean for cell in cells]),
    ]


def _decisions(course: Course) -> Markup | None:
    if not course.last:
        return None
    rows = [_decision(decision) for decision in reversed(course.last)]
    return table(f"The last {count(len(rows))} decisions and their reasons, the last one first.", _TAKEN, [Group(None, rows)])


def _decision(decision: Decision) -> list[Child]:
    chance = "unknown" if decision.probability is None else f"{decision.probability:.3f}"
    place = f"trial {decision.id.trial}, step {decision.id.step}"
    return [place, context(decision.context), decision.arm, chance, shortened(decision.reason, 400)]


def context(given: Fields | None) -> str:
    """One line."""
    if given is None:
        return "all other contexts"
    return shortened(", ".join(f"{key}={_value(value)}" for key, value in given.items()), 200) or "every context"


def _value(value: Json | Mapping[str, Json]) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _arm(line: Line) -> str:
    return curves.OTHERS if line.arm is None else line.arm
