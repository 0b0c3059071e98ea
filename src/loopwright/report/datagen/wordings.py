"""Accepted rows on a map: rows in the same words lie near each other, so what repeats itself, or is missing, can be seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from loopwright.quality.row import Row
from loopwright.report.amounts import count, share
from loopwright.report.datagen.made import Made
from loopwright.report.datagen.tally import spread
from loopwright.report.frame import Caption
from loopwright.report.markup import Markup, shortened
from loopwright.report.page import charts, figure
from loopwright.report.points import Dot, points
from loopwright.store.reader import Where
from loopwright.store.rows import SAMPLE, SPAN
from loopwright.text.embedding import Lexical
from loopwright.text.plane import plane

SHOWN = 300
_LEAST = 10
"""Rows below which there is nothing to see."""

_LONGEST = 80


class _Place(NamedTuple):
    id: str
    text: str
    label: str


def panel(made: Made) -> Markup | None:
    rows = list(_rows(made))
    if len(rows) < _LEAST:
        return None
    embedder = Lexical()
    laid = plane(embedder.embed([row.text for row in rows]))
    dots = [
        Dot(float(x), float(y), row.label, f"{row.id}: {shortened(row.text, _LONGEST)}")
        for row, (x, y) in zip(rows, laid.places, strict=True)
    ]
    caption = Caption("Rows in the same words lie near", "wording, in two directions", f"{count(len(rows))} rows")
    of_all = made.tally.accepted
    some = f"{count(len(rows))} of {count(of_all)} rows, evenly spread. " if len(rows) < of_all else ""
    note = (
        f"{some}By the {embedder.name} embedder, which sees wording and not meaning, along the two directions in which rows "
        f"differ most: {share(laid.share, 1)} of what sets them apart. A heap is wording that comes again."
    )
    return charts([figure(points(caption, dots), note)])


def _rows(made: Made) -> Iterator[_Place]:
    task, brief = made.recipe.task, made.recipe.brief
    chosen, trials = spread(made.tally.accepted, SHOWN), made.shown.whole.overview.counts.trials
    for number, each in enumerate(made.shown.reader.rows(SAMPLE, Where(accepted=True), last=trials * SPAN - 1)):
        if number in chosen:
            sample = SAMPLE.parse(each)
            data: Any = sample.data
            row = Row(data["row"], data["lineage"].get("facts", {}))
            label = row.claim(task.label) if brief.quotas.rows else None
            yield _Place(sample.id, row.text(brief.text_field) or "", label or "rows")
