"""A reliability diagram: how often what was said with some confidence was right, beside how often it should have been."""

from __future__ import annotations

from collections.abc import Sequence

from loopwright.measure.calibration import Bucket, calibration_error
from loopwright.measure.intervals import wilson
from loopwright.report.frame import TOP, WIDTH, Caption, Plot, across, box, chart, empty, line, rungs, upright, words
from loopwright.report.looks import look, marker
from loopwright.report.markup import Markup, element
from loopwright.report.scale import Scale, number

HEIGHT = 360.0
_COUNTS = 44.0


def reliability(caption: Caption, given: Sequence[Bucket]) -> Markup:
    """With 95 % intervals; below, how many predictions there are of each confidence."""
    buckets = [bucket for bucket in given if bucket.n]
    if not buckets:
        return empty(caption)
    steps = rungs(0.0, 1.0)
    plot = Plot(steps.room, TOP + 8, WIDTH - 14, HEIGHT - 48 - _COUNTS)
    along, up = Scale(0.0, 1.0, plot.left, plot.right), Scale(0.0, 1.0, plot.bottom, plot.top)
    error = f"expected calibration error {number(calibration_error(buckets))}"
    parts = [
        upright(up, plot, steps),
        line(along(0.0), up(0.0), along(1.0), up(1.0), "ideal"),
        words(plot.left + 8, plot.top + 14, error, class_="small"),
        element("g", *(_bucket(bucket, along, up) for bucket in buckets), class_="s0"),
        _counts(buckets, along, HEIGHT - 48),
        across(along, plot._replace(bottom=HEIGHT - 48), "confidence"),
    ]
    return chart(caption, HEIGHT, parts, [f"{error.capitalize()}.", *map(_said, buckets)])


def _bucket(bucket: Bucket, along: Scale, up: Scale) -> Markup:
    held = wilson(bucket.right, bucket.n)
    x = along(bucket.confidence)
    return element(
        "g",
        element("title", _said(bucket)),
        line(x, up(held.low), x, up(held.high), "whisker"),
        marker(look(0), x, up(bucket.right / bucket.n)),
    )


def _counts(buckets: Sequence[Bucket], along: Scale, bottom: float) -> Markup:
    most = max(bucket.n for bucket in buckets)
    drawn = []
    for bucket in buckets:
        height = max(1.0, (_COUNTS - 12) * bucket.n / most)
        x = min(along.end - 8, max(along.start, along(bucket.confidence) - 4))
        drawn.append(box(x, bottom - height, 8.0, height, class_="bar"))
    return element("g", *drawn, class_="s4")


def _said(bucket: Bucket) -> str:
    return f"At confidence {number(bucket.confidence)}, {bucket.right:,} of {bucket.n:,} right."
