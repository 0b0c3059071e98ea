"""Bars that lie: one value per name, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loopwright.report.frame import (
    LETTER,
    TOP,
    WIDTH,
    Axis,
    Caption,
    Plot,
    across,
    box,
    chart,
    empty,
    fitted,
    line,
    wide,
    words,
)
from loopwright.report.markup import Markup, element
from loopwright.report.scale import Scale, number, scale

_ROW = 28.0
_NAME = 18 * LETTER


class Bar(NamedTuple):
    """`note` is what stands at its end; by default the value. `wanted` is marked across it."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    wanted: float | None = None


def bars(caption: Caption, given: Sequence[Bar], x: Axis) -> Markup:
    """In the order given."""
    if not given:
        return empty(caption)
    names = [fitted(bar.name, _NAME) for bar in given]
    notes = [fitted(bar.note or number(bar.value), _NAME) for bar in given]
    bottom = TOP + 4 + _ROW * len(given)
    plot = Plot(max(map(wide, names)) + 10, TOP + 4, WIDTH - max(map(wide, notes)) - 10, bottom)
    ends = [end for bar in given for end in (bar.value, bar.low, bar.high, bar.wanted) if end is not None]
    along = scale([0.0, *ends], plot.left, plot.right, x.low, x.high)
    parts = [across(along, plot, x.label)]
    for place, (bar, name, note) in enumerate(zip(given, names, notes, strict=True)):
        middle = plot.top + _ROW * (place + 0.5)
        parts += [words(plot.left - 8, middle + 4.5, name, "end"), _bar(bar, along, middle)]
        parts.append(words(plot.right + 8, middle + 4.5, note, class_="small"))
    return chart(caption, bottom + 46, parts, [f"{bar.name}: {bar.note or number(bar.value)}." for bar in given])


def _bar(bar: Bar, along: Scale, middle: float) -> Markup:
    left, right = sorted((along(0.0), along(bar.value)))
    parts = [element("title", bar.name), box(left, middle - 8, right - left, 16.0, class_="bar")]
    if bar.low is not None and bar.high is not None:
        low, high = along(bar.low), along(bar.high)
        parts += [line(low, middle, high, middle, "whisker")]
        parts += [line(end, middle - 4, end, middle + 4, "whisker") for end in (low, high)]
    if bar.wanted is not None:
        parts.append(line(along(bar.wanted), middle - 12, along(bar.wanted), middle + 12, "wanted"))
    return element("g", *parts, class_="s0")
