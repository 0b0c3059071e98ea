"""A histogram: how many values fell into each part of a range."""

from __future__ import annotations

from typing import NamedTuple

from loopwright.report.frame import TOP, WIDTH, Caption, Plot, across, box, chart, empty, rungs, upright
from loopwright.report.markup import Markup, element
from loopwright.report.scale import Scale, number, scale

HEIGHT = 240.0


class Bins(NamedTuple):
    """Counts of values in equal parts from `low` to `high`."""

    low: float
    high: float
    counts: tuple[int, ...]


def histogram(caption: Caption, bins: Bins, label: str) -> Markup:
    """`label` says what is along the axis; how many fell into a part stands upright."""
    total = sum(bins.counts)
    if not total or bins.high <= bins.low:
        return empty(caption)
    up = scale(map(float, bins.counts), HEIGHT - 48, TOP + 8, 0.0)
    steps = rungs(up.low, up.high, 5)
    plot = Plot(steps.room, TOP + 8, WIDTH - 14, HEIGHT - 48)
    along = Scale(bins.low, bins.high, plot.left, plot.right)
    wide = (plot.right - plot.left) / len(bins.counts)
    drawn = [
        box(plot.left + wide * place + 1, up(count), max(0.5, wide - 2), plot.bottom - up(count), class_="bar")
        for place, count in enumerate(bins.counts)
        if count
    ]
    parts = [upright(up, plot, steps), element("g", *drawn, class_="s0"), across(along, plot, label)]
    most = bins.counts.index(max(bins.counts))
    part = (bins.high / len(bins.counts)) - (bins.low / len(bins.counts))
    fullest = f"{number(bins.low + most * part)} to {number(bins.low + (most + 1) * part)}"
    return chart(caption, HEIGHT, parts, [f"Most of them, {max(bins.counts):,} of {total:,}, are in {fullest}."])
