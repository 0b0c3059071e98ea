"""AUROC, Brier's score and the calibration error equal their definitions; their doubts are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from loopwright.measure.calibration import calibration, calibration_error


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=2, max_size=60))
def test_the_figures_are_those_of_scikit_learn_and_of_the_definition(rows: list[tuple[int, bool]]) -> None:
    said, right = [tenths / 10 for tenths, _ in rows], [each for _, each in rows]
    found = calibration(said, right, range(len(rows)))
    if len(set(right)) == 2:
        assert found.auroc == pytest.approx(roc_auc_score(right, said))
        assert found.brier == pytest.approx(brier_score_loss(right, said))
    else:
        assert np.isnan(found.auroc)
        assert found.auroc_within == (0.0, 1.0)
    assert sum(bucket.n for bucket in found.buckets) == len(rows)
    assert sum(bucket.right for bucket in found.buckets) == sum(right)
    by_hand = 0.0
    for place in range(10):
        some = [at for at, value in enumerate(said) if min(9, int(value * 10)) == place]
        if some:
            by_hand += abs(sum(right[at] for at in some) - sum(said[at] for at in some)) / len(rows)
    assert found.error == calibration_error(found.buckets) == pytest.approx(by_hand)


@pytest.mark.slow
def test_a_calibrated_model_is_within_what_chance_makes_in_95_of_100_samples() -> None:
    draw = np.random.default_rng(5)
    within = 0
    for _ in range(40):
        said = draw.beta(2, 2, 300)
        right = draw.random(300) < said
        found = calibration(said.tolist(), right.tolist(), range(300))
        within += found.error <= found.error_by_chance
    assert within >= 34
    sure = calibration([0.95] * 200, [at % 2 == 0 for at in range(200)], range(200))
    assert sure.error > 3 * sure.error_by_chance


def test_answers_to_one_question_are_drawn_together_which_widens_the_interval() -> None:
    draw = np.random.default_rng(6)
    said = draw.random(60)
    right = draw.random(60) < said
    alone = calibration(said.tolist(), right.tolist(), range(60))
    copied = calibration(np.repeat(said, 10).tolist(), np.repeat(right, 10).tolist(), np.repeat(np.arange(60), 10).tolist())
    apart = calibration(np.repeat(said, 10).tolist(), np.repeat(right, 10).tolist(), range(600))
    assert (copied.groups, apart.groups) == (60, 600)
    width = [each.auroc_within.high - each.auroc_within.low for each in (alone, copied, apart)]
    assert width[1] == pytest.approx(width[0], rel=0.15)
    assert width[2] < 0.5 * width[0]
