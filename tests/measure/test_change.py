"""A change of a mean is found where there is one, and hardly ever where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.measure.change import Sums, change, difference
from loopwright.policy import build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm
from loopwright.spec.blocks import Named

CHANCES = {"a": 0.6, "b": 0.5, "c": 0.3}
PARTS = 50
EACH = 10


def log(policy: Any, seed: int, turned: float = CHANCES["a"]) -> dict[str, list[Sums]]:
    """What each arm earned, part by part, under a policy that learns; arm a may turn half way."""
    built, memory = build(Named.model_validate(policy)), Memory()
    arms = tuple(map(Arm, CHANCES))
    cells = {arm: [Sums(0, 0.0, 0.0)] * PARTS for arm in CHANCES}
    for trial in range(PARTS * EACH):
        choice = built.choose(Situation({}, arms, trial, Keyed(seed, trial, 0, "choose")), memory)
        name = choice.arm.name
        chance = turned if name == "a" and trial >= PARTS * EACH / 2 else CHANCES[name]
        value = float(Keyed(seed, trial, 0, "reward").random() < chance)
        built.learn(Lesson({}, name, value, choice.probability), memory)
        memory.advance()
        n, total, squares = cells[name][trial // EACH]
        cells[name][trial // EACH] = Sums(n + 1, total + value, squares + value)
    return cells


def alarms(policy: Any, runs: int) -> int:
    return sum(any(change(parts, len(CHANCES)) for parts in log(policy, seed).values()) for seed in range(runs))


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy",
    ["uniform", "thompson", {"epsilon_greedy": 0.1}, {"ucb1": 0.5}, {"discounted": {"by": 0.95, "policy": "thompson"}}],
    ids=str,
)
def test_at_most_one_run_in_twenty_is_a_false_alarm_when_nothing_changes(policy: Any) -> None:
    """Also where a policy chose what was seen: of an arm that began badly it sees little."""
    assert alarms(policy, 40) <= 2


@pytest.mark.parametrize("policy", ["thompson", "uniform"])
def test_an_arm_that_turns_bad_is_found_and_when(policy: Any) -> None:
    for seed in range(5):
        found = change(log(policy, seed, turned=0.05)["a"], len(CHANCES))
        assert found is not None
        assert abs(found.at - PARTS / 2) <= 2
        assert found.by.low < -0.4 < 0 and found.by.high < 0
        assert (found.before.n + found.after.n) == sum(part.n for part in log(policy, seed, turned=0.05)["a"])


PART = st.lists(st.floats(0, 1), max_size=30)


def sums(values: Sequence[float]) -> Sums:
    return Sums(len(values), sum(values), sum(value * value for value in values))


@given(st.lists(PART, max_size=12))
def test_any_values_can_be_looked_at(parts: list[list[float]]) -> None:
    found = change([sums(part) for part in parts])
    assert found is None or 0 < found.at < len(parts)


@given(PART.filter(len), PART.filter(len))
def test_a_difference_is_within_its_interval_and_turns_its_sign_with_time(one: list[float], two: list[float]) -> None:
    there, back = difference(sums(one), sums(two)), difference(sums(two), sums(one))
    assert there.low <= sums(two).mean - sums(one).mean <= there.high
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_too_little_is_no_change() -> None:
    assert change([]) is None
    assert change([Sums(3, 3.0, 3.0)]) is None
    assert change([Sums(2, 2.0, 2.0), Sums(2, 0.0, 0.0)]) is None
