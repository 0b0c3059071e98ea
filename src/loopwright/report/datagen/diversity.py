"""How diverse the accepted rows are while the dataset grows, always measured on equally many of them."""

from __future__ import annotations

from loopwright.report.amounts import count
from loopwright.report.datagen.made import Made
from loopwright.report.frame import Axis, Caption
from loopwright.report.histogram import Bins, histogram
from loopwright.report.lines import Point, Series, lines
from loopwright.report.markup import Markup
from loopwright.report.page import charts, figure, paragraph

_BINS = 24


def panel(made: Made) -> Markup | None:
    tally = made.tally
    if not tally.accepted:
        return None
    if not tally.diversity:
        return paragraph(f"It is measured from {tally.window} accepted rows on.", "quiet")
    recent = tuple(Point(float(each.rows), each.recent) for each in tally.diversity if each.recent is not None)
    overall = tuple(Point(float(each.rows), each.overall) for each in tally.diversity if each.overall is not None)
    caption = Caption("Different pairs of words", "share of all pairs (distinct-2)", f"{count(tally.window)} rows at a time")
    drawn = lines(
        caption, [Series("the last rows", recent), Series("all so far", overall)], Axis("accepted rows", 0), Axis("share", 0, 1)
    )
    note = (
        f"Always of {count(tally.window)} rows, since the share falls with their number: of the last ones and of as many drawn "
        "from all so far. A line that falls is a dataset that begins to repeat itself."
    )
    return charts([figure(drawn, note), _lengths(made)])


def _lengths(made: Made) -> Markup:
    lengths = made.tally.lengths
    low, high = min(lengths), max(lengths) + 1
    wide = max(1, -(-(high - low) // _BINS))
    counts = [0] * -(-(high - low) // wide)
    for length, rows in lengths.items():
        counts[(length - low) // wide] += rows
    caption = Caption("Words per row", "accepted rows", f"{count(lengths.total())} accepted rows")
    bins = Bins(float(low), float(low + wide * len(counts)), tuple(counts))
    return figure(
        histogram(caption, bins, "words"), f"Of the text of accepted rows: from {count(low)} to {count(high - 1)} words."
    )
