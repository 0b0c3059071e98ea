"""Tables for readers of every kind: with a caption, heads that say what they head, and room to scroll on a small screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loopwright.report.markup import Child, Markup, element, visible


class Head(NamedTuple):
    """One column; `class_` is `number`, `said` (long text) or `name`."""

    name: str
    class_: str | None = None


def heads(names: str) -> tuple[Head, ...]:
    """From `name >number ~text`: what is marked `>` stands to the right, what is marked `~` is long."""
    kinds = {">": "number", "~": "said"}
    return tuple(Head(name.lstrip(">~").replace("_", " "), kinds.get(name[0], "name")) for name in names.split())


class Group(NamedTuple):
    """Rows under a heading of their own, if they have one. The first cell of a row heads it."""

    title: str | None
    rows: Sequence[Sequence[Child]]


def table(caption: str, columns: Sequence[Head], groups: Sequence[Group]) -> Markup:
    """Can be scrolled with the keyboard where it is wider than the screen."""
    top = element("thead", element("tr", *(element("th", head.name, scope="col", class_=head.class_) for head in columns)))
    bodies = (_body(group, columns) for group in groups)
    whole = element("table", element("caption", element("span", caption)), top, *bodies)
    return element("div", whole, class_="wide", role="region", tabindex=0, aria_label=visible(caption))


def _body(group: Group, columns: Sequence[Head]) -> Markup:
    title = None
    if group.title is not None:
        title = element("tr", element("th", group.title, scope="rowgroup", colspan=len(columns)), class_="group")
    return element("tbody", title, *(_row(row, columns) for row in group.rows))


def _row(row: Sequence[Child], columns: Sequence[Head]) -> Markup:
    first, *others = row
    cells = (element("td", cell, class_=head.class_) for cell, head in zip(others, columns[1:], strict=True))
    return element("tr", element("th", first, scope="row", class_=columns[0].class_), *cells)
