"""The labels of the accepted rows beside the shares that the recipe wants."""

from __future__ import annotations

from loopwright.report.amounts import count, share
from loopwright.report.bars import Bar, bars
from loopwright.report.datagen.made import Made
from loopwright.report.frame import Axis, Caption
from loopwright.report.markup import Child, Markup
from loopwright.report.page import charts, figure
from loopwright.report.tables import Group, heads, table

_SHARES = heads("label >rows >wanted >share >wanted >off_by")
_BARS = 12
_ROWS = 200


def panel(made: Made) -> Markup | None:
    """Nothing where the recipe wants no labels."""
    quotas, labels = made.recipe.brief.quotas, made.tally.labels
    if not quotas.rows:
        return None
    total = labels.total()
    order = sorted({*quotas.shares, *labels}, key=lambda label: (-quotas.shares.get(label, 0.0), label))
    given = [
        Bar(label, _of(labels[label], total), note=share(labels[label], total), wanted=quotas.shares.get(label, 0.0))
        for label in order[:_BARS]
    ]
    caption = Caption("Labels, beside what is wanted", "share of accepted rows", f"{count(total)} accepted rows")
    more = f" The {_BARS} that most is wanted of." if len(order) > _BARS else ""
    drawing = figure(bars(caption, given, Axis("share", 0)), f"The line across each bar is the share that is wanted.{more}")
    rows: list[list[Child]] = [
        [
            label or "none",
            count(labels[label]),
            count(quotas.rows.get(label, 0)),
            share(labels[label], total),
            share(quotas.shares.get(label, 0.0), 1),
            f"{100 * (_of(labels[label], total) - quotas.shares.get(label, 0.0)):+z.1f}" if total else "-",
        ]
        for label in order[:_ROWS]
    ]
    left = f" {count(len(order) - _ROWS)} more are not shown." if len(order) > _ROWS else ""
    said = f"Rows of each label and their share, either beside what is wanted at the target; off by, in points.{left}"
    shares = table(said, _SHARES, [Group(None, rows)])
    return charts([drawing, shares]) if total else shares


def _of(rows: int, total: int) -> float:
    return rows / total if total else 0.0
