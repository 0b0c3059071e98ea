"""How things look, light and dark, and how series are told apart without colour; the style sheets lie beside it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from loopwright.report.markup import Markup, element


class Look(NamedTuple):
    """One series' colour (a class), dash and marker."""

    name: str
    dash: str | None
    marker: str


LOOKS = (
    Look("s0", None, "M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0Z"),
    Look("s1", "7 3", "M-3.6,-3.6H3.6V3.6H-3.6Z"),
    Look("s2", "2 3", "M0,-4.6L4.4,3.4H-4.4Z"),
    Look("s3", "9 3 2 3", "M0,-5L5,0L0,5L-5,0Z"),
    Look("s4", "14 4", "M0,4.6L4.4,-3.4H-4.4Z"),
    Look("s5", "4 2 1 2 1 2", "M-1.5,-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5V-1.5H-1.5Z"),
    Look("s6", "1 4", "M0,-5L1.5,-1.5L5,0L1.5,1.5L0,5L-1.5,1.5L-5,0L-1.5,-1.5Z"),
    Look("s7", "10 2 4 2", "M-2,-4.5H2L4.5,0L2,4.5H-2L-4.5,0Z"),
)

_HERE = Path(__file__).parent
CHART = (_HERE / "chart.css").read_text()
PAGE = (_HERE / "page.css").read_text()


def look(place: int) -> Look:
    return LOOKS[place % len(LOOKS)]


def marker(of: Look, x: float, y: float) -> Markup:
    return element("path", d=of.marker, transform=f"translate({x:.2f},{y:.2f})", class_="marker")


def standalone(chart: Markup) -> str:
    """A chart as a file of its own, with all it needs to be seen."""
    opening, closing = chart[: chart.index(">") + 1], chart[chart.index(">") + 1 :]
    ground = "svg { background: var(--card); }\n"
    return f"{opening}{element('style', Markup(CHART + ground))}{closing}\n"
