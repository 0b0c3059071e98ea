"""What every chart has: its box, its title and description, what it is counted in, and its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import east_asian_width

from loopwright.report.markup import Child, Markup, element, joined, shortened
from loopwright.report.scale import Scale, ticks, written

WIDTH = 460.0
LETTER = 8.2
"""How wide a letter is taken to be, a little generously: what is drawn here has never seen its font."""

_FULL = 13.5  # the width of letters that fill a square, as Chinese ones do

_TITLE, _BELOW_TITLE = 18.0, 36.0
TOP = 52.0


class Axis(NamedTuple):
    """What is measured along an axis; a bound is one that the axis reaches whatever the values are."""

    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """What a chart says of itself: `unit` is what its values are in, `n` of what it is drawn, and how many (`2,000 trials`)."""

    title: str
    unit: str
    n: str
    about: str = ""


class Plot(NamedTuple):
    """The place inside the axes."""

    left: float
    top: float
    right: float
    bottom: float


def wide(text: str) -> float:
    """How much room a text takes."""
    return sum(_FULL if east_asian_width(letter) in "WF" else LETTER for letter in text)


def fitted(text: str, room: float) -> str:
    """On one line, and cut to the room there is, at least to one letter."""
    short = shortened(text, max(1, int(room / LETTER)))
    while len(short) > 1 and wide(short) > room:
        short = shortened(short, len(short) - 1)
    return short


def chart(caption: Caption, height: float, parts: Sequence[Child], says: Sequence[str] = ()) -> Markup:
    """The whole drawing. `says` is what a reader who does not see it is told beside its title."""
    sentences = [f"{caption.title}, in {caption.unit}; n = {caption.n}.", caption.about, *says]
    return element(
        "svg",
        element("title", caption.title),
        element("desc", " ".join(sentence for sentence in sentences if sentence)),
        words(0, _TITLE, fitted(caption.title, WIDTH), class_="title"),
        words(0, _BELOW_TITLE, fitted(f"{caption.unit}; n = {caption.n}", WIDTH), class_="quiet"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
    )


def empty(caption: Caption, height: float = 120.0) -> Markup:
    return chart(
        caption, height, [words(WIDTH / 2, height / 2 + 16, "Nothing to draw yet.", "middle", "quiet")], ["It is empty."]
    )


def words(x: float, y: float, text: str, anchor: str | None = None, class_: str | None = None) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, **attributes: str | float | None) -> Markup:
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def across(scale: Scale, plot: Plot, label: str, most: int = 6) -> Markup:
    """The axis below the plot; the outermost labels are kept inside the box."""
    marks = ticks(scale.low, scale.high, most)
    labels = written(marks)
    while len(marks) > 2 and sum(len(text) + 2 for text in labels) * LETTER > plot.right - plot.left:
        marks = ticks(scale.low, scale.high, len(marks) - 1)
        labels = written(marks)
    parts = [line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")]
    for mark, text in zip(marks, labels, strict=True):
        half = len(text) * LETTER / 2
        parts += [
            line(scale(mark), plot.bottom, scale(mark), plot.bottom + 4, "axis"),
            words(min(WIDTH - half, max(half, scale(mark))), plot.bottom + 19, text, "middle", "tick"),
        ]
    middle = (plot.left + plot.right) / 2
    return joined([*parts, words(middle, plot.bottom + 38, fitted(label, plot.right - plot.left), "middle", "quiet")])


class Rungs(NamedTuple):
    """The ticks of an upright axis. They are labelled before the plot's left edge is known, which makes room for them."""

    marks: list[float]
    labels: list[str]

    @property
    def room(self) -> float:
        return min(160.0, max((len(text) for text in self.labels), default=0) * LETTER + 10)


def rungs(low: float, high: float, most: int = 6) -> Rungs:
    marks = ticks(low, high, most)
    return Rungs(marks, written(marks))


def upright(scale: Scale, plot: Plot, steps: Rungs) -> Markup:
    """The axis to the left of the plot, with a rule across it at each tick."""
    parts = []
    for mark, text in zip(steps.marks, steps.labels, strict=True):
        y = scale(mark)
        parts += [line(plot.left, y, plot.right, y, "rule"), words(plot.left - 8, y + 4, text, "end", "tick")]
    return joined(parts)
