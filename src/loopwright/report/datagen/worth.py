"""What the evaluations in the loop found: the score on the dev set as rows came in, and what each arm's rows added."""

from __future__ import annotations

from typing import Any

from loopwright.report.amounts import count
from loopwright.report.bars import Bar, bars
from loopwright.report.datagen.made import Made
from loopwright.report.frame import Axis, Caption
from loopwright.report.lines import Point, Series, lines
from loopwright.report.markup import Child, Markup, element, joined, shortened
from loopwright.report.page import charts, figure, paragraph
from loopwright.report.tables import Group, heads, table
from loopwright.store.reader import Where
from loopwright.workflows.datagen.reading import evaluations

_ARMS = heads("arm >rows >batches >adds >95_%_interval >last_late_reward")
_OVERLAPS = heads("rows_of >among >stand_in_the_dev_set ~the_closest")


def panel(made: Made) -> Markup | None:
    """None where the recipe asks for no evaluation."""
    if made.recipe.evaluation is None:
        return None
    found = list(evaluations(made.shown.reader))
    if not found:
        return paragraph("No evaluation has been made yet.", "quiet")
    last = found[-1][1]
    return joined([_overlaps(made), charts([_scores(found), *_gains(last)]), _arms(made, last)])


def _scores(found: list[tuple[int, dict[str, Any]]]) -> Markup:
    points = tuple(Point(float(each["rows"]), each["score"], each["low"], each["high"]) for _, each in found)
    metric = found[-1][1]["metric"]
    caption = Caption("Score on the dev set", metric, f"{count(len(found))} evaluations")
    drawing = lines(caption, [Series("dev", points)], Axis("rows accepted by then", 0), Axis(metric, None, 1))
    return figure(drawing, "A small model that has learned from what was accepted by then. The band is the 95 % interval.")


def _gains(last: dict[str, Any]) -> list[Markup]:
    arms = {arm: each for arm, each in last["arms"].items() if each["gain"] is not None}
    if not arms:
        return []
    drawn = [Bar(arm, each["gain"], each["low"], each["high"], f"{each['gain']:+z.3f}") for arm, each in arms.items()]
    caption = Caption("What each arm's rows add", last["metric"], f"{count(last['learned'])} rows, at the last evaluation")
    return [figure(bars(caption, drawn, Axis("score with them, less that without")), "Whiskers are 95 % intervals.")]


def _arms(made: Made, last: dict[str, Any]) -> Markup:
    late = _late(made)
    rows: list[list[Child]] = []
    for arm, each in last["arms"].items():
        adds = ["-", "-"]
        if each["gain"] is not None:
            adds = [f"{each['gain']:+z.3f}", f"{each['low']:+z.3f} to {each['high']:+z.3f}"]
        rows.append([arm, count(each["rows"]), count(each["batches"]), *adds, late.get(arm, "-")])
    said = (
        "At the last evaluation. A late reward of 0.5 is for rows without which the model would score the same; it counts as "
        "often as the batches that it speaks for, times the recipe's weight."
    )
    return table(said, _ARMS, [Group(None, rows)])


def _late(made: Made) -> dict[str, str]:
    """The last late reward of each arm."""
    rows = made.shown.reader.query(
        "SELECT arm, reward.value, weight FROM reward JOIN decision USING (trial, step) "
        "WHERE json_extract(parts, '$.gain') IS NOT NULL ORDER BY reward.key"
    )
    return {arm: f"{value:.3f}, as {weight:g}" for arm, value, weight in rows}


def _overlaps(made: Made) -> Markup | None:
    events = made.shown.reader.events(Where(kind="dev_overlap"), limit=1_000).rows
    if not events:
        return None
    rows: list[list[Child]] = []
    for event in events:
        told: Any = event.detail
        pair = next(iter(told["closest"]), None)
        said = "" if pair is None else shortened(f"{pair['row']!r} and {pair['dev']!r} ({pair['similarity']:.3f})", 300)
        rows.append([told["of"], count(told["among"]), count(told["rows"]), said])
    warning = (
        "Rows stand in the dev set, or nearly do. No model learned from those of the dataset; of the seeds, ask why they do."
    )
    return joined(
        [
            element("div", paragraph(warning), class_="notice", role="note"),
            table("By evaluation.", _OVERLAPS, [Group(None, rows)]),
        ]
    )
