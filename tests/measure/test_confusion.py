"""Accuracy and macro-F1 against scikit-learn, and their intervals against the truth, over many simulated tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from loopwright.measure.confusion import Confusion, _macro_f1, confusion

PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=60)
TRUE = np.array([[30, 4, 2, 0], [5, 18, 2, 1], [3, 6, 9, 2], [2, 2, 4, 10]]) / 100
"""How often each label is taken for each, in a world of four labels."""


@settings(max_examples=25)
@given(PAIRS)
def test_it_agrees_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, said = [true for true, _ in pairs], [told for _, told in pairs]
    found = confusion(truth, said)
    assume(len(found.labels) > 1)  # of one label alone, scikit-learn warns
    labels = list(found.labels)
    assert np.array_equal(found.counts, confusion_matrix(truth, said, labels=labels))
    assert found.macro_f1 == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))
    wanted = precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    assert np.allclose([told[1:] for told in found.by_label()], np.transpose(wanted))


@given(PAIRS)
def test_an_interval_holds_the_value(pairs: list[tuple[str, str]]) -> None:
    found = confusion([true for true, _ in pairs], [told for _, told in pairs])
    for value, (low, high) in ((found.accuracy, found.accuracy_within()), (found.macro_f1, found.macro_f1_within())):
        assert 0 <= low <= value + 1e-12
        assert value - 1e-12 <= high <= 1


@pytest.mark.slow
def test_intervals_cover() -> None:
    """In 300 simulated tests of 120 rows, the true values are within the 95 % intervals in at least 92 % of them."""
    draw = np.random.default_rng(3)
    accuracy, macro_f1 = TRUE.trace(), float(_macro_f1(np.round(TRUE * 10_000).astype(np.int64)[None])[0])
    held = [0, 0]
    for _ in range(300):
        counts = draw.multinomial(120, TRUE.ravel()).reshape(4, 4).tolist()
        found = Confusion(tuple("abcd"), tuple(map(tuple, counts)))
        for place, (true, (low, high)) in enumerate(((accuracy, found.accuracy_within()), (macro_f1, found.macro_f1_within()))):
            held[place] += low <= true <= high
    assert min(held) >= 0.92 * 300, held


def test_a_test_without_a_mistake_promises_none() -> None:
    found = confusion(["a", "b"] * 40, ["a", "b"] * 40)
    low, high = found.macro_f1_within()
    assert found.macro_f1 == high == 1.0
    assert 0.9 < low < 0.99
    assert low == pytest.approx(found.accuracy_within().low, abs=0.02)


def test_no_rows_say_nothing() -> None:
    nothing = confusion([], [])
    assert (nothing.accuracy, nothing.macro_f1) == (0.0, 0.0)
    assert nothing.accuracy_within() == nothing.macro_f1_within() == (0.0, 1.0)
