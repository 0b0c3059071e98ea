"""A map of points in groups: where each lies beside the others. Its axes have no scale, as its directions have no name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from loopwright.report.frame import LETTER, TOP, WIDTH, Caption, box, chart, empty, fitted, words
from loopwright.report.looks import LOOKS, look, marker
from loopwright.report.markup import Markup, element
from loopwright.report.scale import Scale, scale

HEIGHT = 340.0
OTHERS = "others"
_LINE = 22.0
_COLUMNS = 3
_EDGE = 10.0


class Dot(NamedTuple):
    """A point, the group it belongs to, and what is told of it alone."""

    x: float
    y: float
    group: str
    about: str


def points(caption: Caption, given: Sequence[Dot]) -> Markup:
    """The largest groups have a colour and a marker each; what is left is drawn as others."""
    if not given:
        return empty(caption)
    sizes = Counter(dot.group for dot in given)
    named = [group for group, _ in sizes.most_common(len(LOOKS) if len(sizes) <= len(LOOKS) else len(LOOKS) - 1)]
    groups = [*named, *([OTHERS] if len(named) < len(sizes) else [])]
    along = scale([dot.x for dot in given], _EDGE, WIDTH - _EDGE)
    up = scale([dot.y for dot in given], HEIGHT - _EDGE, TOP + _EDGE)
    drawn = [box(0.5, TOP, WIDTH - 1, HEIGHT - TOP, class_="ground")]
    for place, group in enumerate(groups):
        mine = [dot for dot in given if dot.group == group or (group == OTHERS and dot.group not in named)]
        drawn.append(element("g", *(_dot(dot, place, along, up) for dot in mine), class_=look(place).name))
    legend = _legend(groups) if len(groups) > 1 else []
    says = [
        f"{group}: {sizes[group] if group in named else len(given) - sum(sizes[each] for each in named)}." for group in groups
    ]
    return chart(caption, HEIGHT + 8 + _LINE * -(-len(legend) // _COLUMNS), [*drawn, *legend], says)


def _dot(dot: Dot, place: int, along: Scale, up: Scale) -> Markup:
    return element("g", element("title", dot.about), marker(look(place), along(dot.x), up(dot.y)))


def _legend(groups: Sequence[str]) -> list[Markup]:
    wide = WIDTH / _COLUMNS
    drawn = []
    for place, group in enumerate(groups):
        x, y = wide * (place % _COLUMNS), HEIGHT + 20 + _LINE * (place // _COLUMNS)
        name = words(x + 18, y, fitted(group, wide - 18 - LETTER), class_="small")
        drawn.append(element("g", marker(look(place), x + 8, y - 4), name, class_=look(place).name))
    return drawn
