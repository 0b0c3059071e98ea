"""Two samples of one kind pass for that, and two that differ a little do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from loopwright.measure.samples import at_least, mean_discrepancy


def test_samples_of_one_kind_are_seldom_told_apart() -> None:
    """The share of tests below 0.05 is about that; 0.11 is beyond chance in 200."""
    draw = np.random.default_rng(2)
    low = sum(mean_discrepancy(draw.normal(size=(25, 3)), draw.normal(size=(30, 3)), 99).p <= 0.05 for _ in range(200))
    assert 2 <= low <= 22


def test_a_shift_is_found_and_is_farther_the_larger_it_is() -> None:
    draw = np.random.default_rng(2)
    here = draw.normal(size=(100, 3))
    near, far = (mean_discrepancy(here, draw.normal(size=(80, 3)) + shift) for shift in (0.6, 2.0))
    assert near.p < 0.01
    assert far.p < 0.01
    assert 0 < near.squared < far.squared


def test_equal_rows_are_at_no_distance() -> None:
    rows = np.ones((5, 2))
    found = mean_discrepancy(rows, rows)
    assert found.squared == pytest.approx(0.0)
    assert found.p == 1.0


@pytest.mark.parametrize(("right", "n"), [(0, 5), (3, 5), (60, 100), (700, 1200)])
def test_guesses_are_counted_exactly(right: int, n: int) -> None:
    assert at_least(right, n) == pytest.approx(binomtest(right, n, alternative="greater").pvalue)
    assert at_least(0, 0) == 1.0
