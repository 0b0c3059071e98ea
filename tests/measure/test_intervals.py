"""The intervals against scipy, against the values they are of, and against what they promise."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import beta
from scipy.stats import binomtest, norm

from loopwright.measure.intervals import at_any_time, of_changes, of_mean, wilson

COUNTED = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTED, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_of_a_share_is_wilsons(counted: tuple[int, int], level: float) -> None:
    passed, n = counted
    theirs = binomtest(passed, n).proportion_ci(level, "wilson")
    assert wilson(passed, n, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_nothing_seen_leaves_everything_possible() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert of_mean(0, 0.0, 0.0) == pytest.approx((0.0, 1.0))


@given(st.lists(st.floats(0, 1), min_size=1))
def test_the_interval_of_a_mean_holds_it_and_has_a_width(values: list[float]) -> None:
    low, high = of_mean(len(values), sum(values), sum(value * value for value in values))
    assert 0 <= low <= sum(values) / len(values) + 1e-12
    assert sum(values) / len(values) - 1e-12 <= high <= 1
    assert high - low > 1e-3 / len(values)


@given(COUNTED)
def test_for_shares_it_is_a_little_wider_than_wilsons(counted: tuple[int, int]) -> None:
    passed, n = counted
    (low, high), inner = of_mean(n, passed, passed), wilson(passed, n)
    assert low <= inner.low + 1e-9
    assert high >= inner.high - 1e-9


def test_for_many_values_it_is_the_normal_one() -> None:
    draw = Random(3)
    values = [draw.betavariate(4, 2) for _ in range(20_000)]
    mean = sum(values) / len(values)
    squares = sum(value * value for value in values)
    spread = (squares / len(values) - mean * mean) ** 0.5 / len(values) ** 0.5
    assert of_mean(len(values), sum(values), squares) == pytest.approx(norm.interval(0.95, mean, spread), abs=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 10, 40])
@pytest.mark.parametrize("shape", [(0.3, 0.3), (1, 1), (2, 12), (30, 3)])
def test_it_covers_the_truth_as_often_as_it_says_also_with_few_values(n: int, shape: tuple[float, float]) -> None:
    draw = Random(11)
    truth = shape[0] / sum(shape)
    covered = 0
    for _ in range(2000):
        values = [draw.betavariate(*shape) for _ in range(n)]
        low, high = of_mean(n, sum(values), sum(value * value for value in values))
        covered += low <= truth <= high
    assert covered / 2000 > 0.93


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_interval_for_any_time_holds_the_mean_and_only_shrinks_with_more_of_the_same(values: list[float]) -> None:
    mean = sum(values) / len(values)
    low, high = at_any_time(sum(values), len(values))
    assert 0 <= low <= mean + 1e-9 and mean - 1e-9 <= high <= 1
    twice = at_any_time(2 * sum(values), 2 * len(values))
    assert twice.high - twice.low <= high - low + 1e-9


def test_the_interval_for_any_time_refutes_a_share_as_its_likelihood_does() -> None:
    low, high = at_any_time(7, 20)
    for edge in (low, high):
        likelier = beta(7.5, 13.5) / beta(0.5, 0.5) / (edge**7 * (1 - edge) ** 13)
        assert likelier == pytest.approx(20, rel=1e-6)
    assert at_any_time(0, 0) == (0.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(0.5, 0.5), (2, 5), (30, 3)])
def test_the_interval_for_any_time_holds_the_truth_whenever_one_looks(shape: tuple[float, float]) -> None:
    draw = Random(5)
    truth, left = shape[0] / sum(shape), 0
    for _ in range(200):
        total = 0.0
        for n in range(1, 60):
            total += draw.betavariate(*shape)
            low, high = at_any_time(total, n)
            if not low <= truth <= high:
                left += 1
                break
    assert left <= 0.05 * 200 + 8


def test_the_mean_of_changes_is_that_of_their_values_scaled_to_shares() -> None:
    shares = [1.0] * 7 + [0.0] * 2 + [0.5] * 11
    low, high = of_mean(20, sum(shares), sum(share * share for share in shares))
    assert of_changes(20, 7, 2) == pytest.approx((2 * low - 1, 2 * high - 1))
    assert of_changes(20, 2, 7) == pytest.approx((1 - 2 * high, 1 - 2 * low))
