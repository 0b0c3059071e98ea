"""Differences of two ways on the same rows: their intervals cover, and are narrower than those of two tests apart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from loopwright.measure.intervals import wilson
from loopwright.measure.paired import difference_of_shares, difference_told, fit, fit_within

BOTH, FIRST, SECOND, NONE = 0.6, 0.15, 0.05, 0.2


@pytest.mark.parametrize("rows", [40, 300])
def test_the_interval_of_a_difference_of_shares_covers(rows: int) -> None:
    draw = np.random.default_rng(5)
    held = 0
    for _ in range(2000):
        _, gained, lost, _ = draw.multinomial(rows, [BOTH, FIRST, SECOND, NONE])
        low, high = difference_of_shares(int(gained), int(lost), rows)
        held += low <= FIRST - SECOND <= high
    assert held >= 0.93 * 2000


def test_pairs_tell_more_than_two_tests_apart() -> None:
    low, high = difference_of_shares(30, 10, 200)
    one, two = wilson(150, 200), wilson(130, 200)
    assert low > 0
    assert high - low < one.high - two.low - (one.low - two.high)


def test_no_rows_say_nothing_of_a_difference() -> None:
    assert difference_of_shares(0, 0, 0) == (-1.0, 1.0)


def test_a_fit_is_what_scikit_learn_says() -> None:
    draw = np.random.default_rng(1)
    truth = draw.normal(size=50)
    said = truth + draw.normal(size=50) / 2
    found = fit(truth.tolist(), said.tolist())
    assert found == pytest.approx((mean_absolute_error(truth, said), r2_score(truth, said)))
    assert fit([2.0, 2.0], [2.0, 2.0]).told == 1.0
    assert fit([2.0, 2.0], [1.0, 2.0]).told == 0.0


def test_intervals_of_a_fit_cover() -> None:
    """Numbers with a deviation of 1, told with an error of 0.5: three quarters of the scatter, 0.4 off in the mean."""
    draw = np.random.default_rng(6)
    held = [0, 0, 0]
    for _ in range(150):
        truth = draw.normal(size=120)
        one, other = truth + draw.normal(size=120) / 2, truth + draw.normal(size=120)
        (off, told), more = (
            fit_within(truth.tolist(), one.tolist()),
            difference_told(*(x.tolist() for x in (truth, one, other))),
        )
        for place, (true, (low, high)) in enumerate(((0.5 * np.sqrt(2 / np.pi), off), (0.75, told), (0.75, more))):
            held[place] += low <= true <= high
    assert min(held) >= 0.91 * 150, held
