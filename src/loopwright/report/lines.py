"""Lines with intervals: how some series go over a common axis, each told apart by dash, marker and the label at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loopwright.report.frame import (
    LETTER,
    TOP,
    WIDTH,
    Axis,
    Caption,
    Plot,
    across,
    chart,
    empty,
    fitted,
    line,
    rungs,
    upright,
    wide,
    words,
)
from loopwright.report.looks import Look, look, marker
from loopwright.report.markup import Markup, element, joined
from loopwright.report.scale import Scale, number, scale

HEIGHT = 300.0
COLUMNS = 200
"""A series is thinned to so many columns, of each of which its extremes are drawn."""

BANDS = 3
"""So many series show their intervals all along; those of more would lie upon one another."""

_LABEL = 22 * LETTER
_APART = 17.0
_MARKERS = 6


class Point(NamedTuple):
    """One value with its interval, where it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Points in the order of `x`."""

    name: str
    points: tuple[Point, ...]


class _Drawn(NamedTuple):
    """A series as it comes onto the screen."""

    series: Series
    look: Look
    points: Sequence[Point]


def lines(caption: Caption, series: Sequence[Series], x: Axis, y: Axis) -> Markup:
    """One curve per series that has points. A series of one point is its marker."""
    drawn = [_Drawn(each, look(place), thinned(each.points)) for place, each in enumerate(series) if each.points]
    if not drawn:
        return empty(caption)
    values = [
        value for each in drawn for point in each.points for value in (point.y, point.low, point.high) if value is not None
    ]
    up = scale(values, HEIGHT - 48, TOP + 8, y.low, y.high)
    steps = rungs(up.low, up.high)
    names = [fitted(each.series.name, _LABEL) for each in drawn]
    plot = Plot(steps.room, TOP + 8, WIDTH - max(map(wide, names)) - 30, HEIGHT - 48)
    along = scale((point.x for each in drawn for point in each.points), plot.left, plot.right, x.low, x.high)
    banded = len(drawn) <= BANDS
    curves = [_curve(each, along, up, banded) for each in drawn]
    parts = [upright(up, plot, steps), across(along, plot, x.label), *curves, _ends(drawn, names, along, up)]
    return chart(caption, HEIGHT, parts, [*map(_said, drawn), *_thinning(drawn)])


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Where there are too many: of each column the first, the last, the lowest and the highest."""
    if len(points) <= 4 * COLUMNS:
        return points
    kept: list[Point] = []
    for column in range(COLUMNS):
        part = range(column * len(points) // COLUMNS, (column + 1) * len(points) // COLUMNS)
        lowest, highest = min(part, key=lambda at: points[at].y), max(part, key=lambda at: points[at].y)
        kept += [points[at] for at in sorted({part[0], lowest, highest, part[-1]})]
    return kept


def _thinning(drawn: Sequence[_Drawn]) -> Iterator[str]:
    most = max(len(each.series.points) for each in drawn)
    if any(len(each.points) < len(each.series.points) for each in drawn):
        yield (
            f"Of up to {most:,} points per series it draws those that show: the first, last, lowest and highest of each of "
            f"{COLUMNS} columns."
        )


def _curve(each: _Drawn, along: Scale, up: Scale, banded: bool) -> Markup:
    at = [f"{along(point.x):.2f},{up(point.y):.2f}" for point in each.points]
    marked = each.points[:: max(1, len(each.points) // _MARKERS)]
    return element(
        "g",
        element("title", each.series.name),
        _band(each.points, along, up) if banded or len(at) == 1 else None,
        element("path", d="M" + "L".join(at), class_="curve", stroke_dasharray=each.look.dash) if len(at) > 1 else None,
        *(marker(each.look, along(point.x), up(point.y)) for point in (*marked, each.points[-1])),
        class_=each.look.name,
    )


def _band(points: Sequence[Point], along: Scale, up: Scale) -> Markup | None:
    held = [(point.x, point.low, point.high) for point in points if point.low is not None and point.high is not None]
    if not held:
        return None
    if len(held) == 1:
        ((x, low, high),) = held
        return element("path", d=f"M{along(x):.2f},{up(low):.2f}V{up(high):.2f}", class_="whisker")
    tops = [f"{along(x):.2f},{up(high):.2f}" for x, _, high in held]
    bottoms = [f"{along(x):.2f},{up(low):.2f}" for x, low, _ in reversed(held)]
    return element("path", d="M" + "L".join([*tops, *bottoms]) + "Z", class_="band")


def _ends(drawn: Sequence[_Drawn], names: Sequence[str], along: Scale, up: Scale) -> Markup:
    """Each name beside the end of its line, moved apart where ends are close."""
    wanted = [up(each.points[-1].y) for each in drawn]
    places = apart(wanted, TOP + 8, HEIGHT - 48, _APART)
    parts = []
    for each, name, end, place in zip(drawn, names, wanted, places, strict=True):
        x = along.end
        leader = line(along(each.points[-1].x), end, x + 8, place, "leader")
        parts.append(joined([leader, element("g", marker(each.look, x + 14, place), class_=each.look.name)]))
        parts.append(words(x + 23, place + 4.5, name))
    return joined(parts)


def apart(wanted: Sequence[float], top: float, bottom: float, gap: float) -> list[float]:
    """Near where they want to be, in the same order, at least a gap apart as far as there is room."""
    gap = min(gap, (bottom - top) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda each: wanted[each])
    places = list(wanted)
    edge = top
    for each in order:
        edge = places[each] = max(places[each], edge)
        edge += gap
    edge = bottom
    for each in reversed(order):
        edge = places[each] = min(places[each], edge)
        edge -= gap
    return places


def _said(each: _Drawn) -> str:
    last = each.series.points[-1]
    held = "" if last.low is None or last.high is None else f" ({number(last.low)} to {number(last.high)})"
    return f"{each.series.name} ends at {number(last.y)}{held}."
