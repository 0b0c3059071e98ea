"""Axes hold any finite number, with round ticks that can be told apart."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.report.scale import number, scale, ticks, written

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, max_size=20), st.none() | FINITE)
def test_every_value_stands_on_the_axis_in_its_order(values: list[float], low: float | None) -> None:
    along = scale(values, 10.0, 110.0, low)
    places = [along(value) for value in sorted(values)]
    assert all(10 <= place <= 110 for place in places)
    assert places == sorted(places)
    assert (along(along.low), along(along.high)) == (10, 110)


@given(FINITE, FINITE, st.integers(2, 9))
def test_ticks_are_few_and_rise_and_their_labels_differ(one: float, other: float, most: int) -> None:
    along = scale([one, other], 0.0, 1.0)
    marks = ticks(along.low, along.high, most)
    assert len(marks) <= most
    assert all(math.isfinite(mark) for mark in marks)
    assert all(before < after for before, after in pairwise(marks))
    labels = written(marks)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 2000, ["0", "500", "1,000", "1,500", "2,000"]),
        (-3, 3, ["-2", "0", "2"]),
        (0, 3e7, ["0", "5e6", "1e7", "1.5e7", "2e7", "2.5e7", "3e7"][::2]),
        (0, 4e-9, ["0", "1e-9", "2e-9", "3e-9", "4e-9"]),
        (1.001, 1.004, ["1.001", "1.002", "1.003", "1.004"]),
    ],
)
def test_ticks_are_round(low: float, high: float, labels: list[str]) -> None:
    assert written(ticks(low, high, 6)) == labels


@given(FINITE)
def test_a_number_is_short(value: float) -> None:
    assert len(number(value)) <= 10


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (0.12345, "0.123"), (1234.5, "1,234"), (2.5e9, "2.5e9"), (1e-7, "1e-7"), (-4.0, "-4")]
)
def test_a_number_is_written_for_humans(value: float, shown: str) -> None:
    assert number(value) == shown
