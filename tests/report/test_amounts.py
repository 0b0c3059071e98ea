"""Numbers are written as a human reads them, and what is unknown is never 0."""

from __future__ import annotations

import pytest

from loopwright.report.amounts import count, duration, moment, share, usd


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (1_234_560_000_000, "$1,234.56"),
        (150_000_000, "$0.15"),
        (1_500_000, "$0.0015"),
        (150, "$0.00000015"),
        (12_345_678, "$0.012"),
    ],
)
def test_money_is_shown_exactly_enough(nano: int | None, shown: str) -> None:
    assert usd(nano) == shown


def test_numbers_are_readable() -> None:
    assert [duration(s) for s in (None, 0.4, 59, 200, 7500, 100_000)] == [
        "unknown",
        "0 s",
        "59 s",
        "3 min 20 s",
        "2 h 05 min",
        "1 d 3 h",
    ]
    assert count(1234567) == "1,234,567"
    assert count(None) == "unknown"
    assert share(3, 8) == "37.5 %"
    assert share(0, 0) == "-"


def test_moments_are_the_same_everywhere() -> None:
    assert moment(0.0) == "1970-01-01 00:00:00 UTC"
    assert moment(None) == "unknown"
