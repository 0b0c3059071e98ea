"""Labels are drawn by deficit, and the accepted rows end within a point of the wanted shares, whatever passes."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.shares import Quotas

SHARES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.floats(0.002, 1), min_size=1, max_size=6)


@given(SHARES, st.integers(1, 2000))
def test_quotas_add_up_to_the_target(shares: dict[str, float], target: int) -> None:
    quotas = Quotas(shares, target)
    assert sum(quotas.rows.values()) == target
    assert all(abs(rows - quotas.shares[label] * target) < 1 for label, rows in quotas.rows.items())


@given(SHARES, st.integers(1, 400), st.integers(0, 2**32))
def test_the_target_is_met_with_the_wanted_shares(shares: dict[str, float], target: int, seed: int) -> None:
    """Also where labels pass unequally often, and several batches are under way at once."""
    quotas, rng = Quotas(shares, target), Keyed(seed)
    rates = {label: 0.2 + 0.8 * rng.random() for label in quotas.rows}
    accepted: Counter[str] = Counter()
    for batch in range(100 * target):
        if accepted.total() >= target:
            break
        seen = dict(accepted) if batch % 4 == 0 else {}
        size = min(10, target)
        for label in quotas.next(seen or accepted, size, Keyed(seed, batch)):
            assert label is not None
            good = rng.random() < rates[label] and quotas.refuses(label, accepted) is None
            if good and accepted.total() < target:
                accepted[label] += 1
    assert accepted.total() == target
    for label, share in quotas.shares.items():
        assert abs(accepted[label] - share * target) <= 0.01 * target + 1
        assert accepted[label] >= quotas.rows[label] - 0.1 * quotas.rows[label] - 1e-9


def test_labels_that_are_missing_are_drawn_as_often_as_they_are_missing() -> None:
    quotas = Quotas({"a": 0.5, "b": 0.5}, 100)
    drawn = Counter(label for trial in range(100) for label in quotas.next({"a": 40, "b": 20}, 8, Keyed(1, trial)))
    assert drawn == {"a": 200, "b": 600}


def test_a_label_that_is_not_wanted_has_no_place() -> None:
    assert Quotas({"a": 1}, 10).refuses("b", {}) == "its label 'b' is none of a"
    assert Quotas({"a": 1, "b": 0}, 500).refuses("b", {}) == "its label 'b' is none of a", "not even within the slack"
    assert Quotas({}, 10).refuses("b", {}) is None
