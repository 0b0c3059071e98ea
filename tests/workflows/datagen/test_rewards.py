"""A batch earns its pass rate times its quality, exactly."""

from __future__ import annotations

import pytest

from loopwright.workflows.datagen.rewards import Batch, Mean, earned
from loopwright.workflows.datagen.spec import RewardBlock

PLAIN = RewardBlock()


def test_eight_of_ten_at_quality_0_8_earn_exactly_0_64() -> None:
    found = earned(Batch(10, [0.8] * 8), PLAIN, True, Mean(500, 100.0))
    assert (found.value, found.parts["quality"]) == (0.64, 0.8)


def test_without_a_judge_the_pass_rate_is_earned() -> None:
    found = earned(Batch(10, [None] * 7), PLAIN, False, Mean())
    assert found.value == 0.7
    assert found.parts == {"passed": 7, "rows": 10}


def test_rows_that_were_not_judged_count_as_what_is_likely() -> None:
    before = Mean(30, 15.0)
    one_judged = earned(Batch(10, [1.0, None, None, None]), PLAIN, True, before)
    likely = (1.0 + 2 * 0.5) / 3
    assert one_judged.value == pytest.approx((1.0 + 3 * likely) / 10)
    none_judged = earned(Batch(10, [None] * 4), PLAIN, True, before)
    assert none_judged.value == pytest.approx(0.4 * 0.5)


def test_nothing_that_passed_earns_nothing() -> None:
    assert earned(Batch(10, []), PLAIN, True, Mean(3, 3.0)) == (0.0, {"passed": 0, "rows": 10, "judged": 0, "quality": None})


def test_novelty_takes_a_share_and_cost_takes_off() -> None:
    new = earned(Batch(10, [None] * 10, [0.5] * 10), RewardBlock(diversity_weight=0.2), False, Mean())
    assert new.value == pytest.approx(0.8 * 1 + 0.2 * 0.5)
    dear = earned(Batch(10, [None] * 10, nano_usd=10**9), RewardBlock(cost_weight=3.0), False, Mean())
    assert dear.value == pytest.approx(1 - 3.0 * 0.1)
    unknown = earned(Batch(10, [None] * 10, nano_usd=None), RewardBlock(cost_weight=3.0), False, Mean())
    assert unknown.value == 1.0
    assert earned(Batch(1, [None], nano_usd=10**12), RewardBlock(cost_weight=3.0), False, Mean()).value == 0.0
