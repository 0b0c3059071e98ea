"""What uniform choice would have come to is told with an interval that holds the truth, whatever the policy did meanwhile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import pytest

from loopwright.policy import build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm
from loopwright.report.datagen.tally import ArmYield
from loopwright.report.datagen.uniform import uniform
from loopwright.spec.blocks import Named
from loopwright.store.summary import Total
from loopwright.store.yields import Yield

SIZE = 10
NONE = Total(0, 0)


def batch(trial: int, arm: str, accepted: int, calls: int = 2) -> Yield:
    return Yield(trial, arm, accepted / SIZE, SIZE, accepted, calls, NONE, NONE)


def played(rates: dict[str, float], policy: Named, batches: int, seed: int, together: float) -> dict[str, ArmYield]:
    """A run of arms of which these shares of rows are accepted; `together` is how far rows of a batch share a fortune."""
    draw, playing, memory = Random(seed), build(policy), Memory()
    arms, found = [Arm(name) for name in rates], {name: ArmYield() for name in rates}
    for trial in range(batches):
        name = playing.choose(Situation({}, arms, trial, Keyed(seed, trial, 0, "choose")), memory).arm.name
        rate = rates[name]
        if together and rate:
            rate = draw.betavariate(rate * (1 / together - 1), (1 - rate) * (1 / together - 1))
        accepted = sum(draw.random() < rate for _ in range(SIZE))
        found[name].add(batch(trial, name, accepted))
        playing.learn(Lesson({}, name, accepted / SIZE), memory)
        memory.advance()
    return {name: arm for name, arm in found.items() if arm.batches}


THOMPSON = Named(kind="thompson", argument={"family": "gaussian", "sigma": 0.15})
GREEDY = Named(kind="epsilon_greedy", argument={"epsilon": 0.2})


WORLDS = ((0.9, 0.6, 0.3), (0.7, 0.5, 0.2, 0.1), (0.8, 0.75, 0.7), (0.7, 0.2))


class Held(NamedTuple):
    """In which share of the runs the interval held the truth; its width, and by how much the estimate was off, over it."""

    share: float
    width: float
    off: float


def held(rates: Sequence[float], policy: Named, batches: int, together: float, runs: int) -> Held:
    truth, found = sum(rates) / len(rates) * SIZE / 2 * 100, []
    for seed in range(runs):
        expected = uniform(played({str(rate): rate for rate in rates}, policy, batches, seed, together), (), SIZE)
        assert expected is not None
        found.append(expected.accepted(100))
    return Held(
        sum(rows.low <= truth <= rows.high for rows in found) / runs,
        sum(rows.high - rows.low for rows in found) / runs / truth,
        (sum(rows.mean for rows in found) / runs - truth) / truth,
    )


@pytest.mark.parametrize("policy", [THOMPSON, GREEDY], ids=lambda policy: policy.kind)
@pytest.mark.parametrize("together", [0.0, 0.1])
def test_the_interval_holds_the_truth(policy: Named, together: float) -> None:
    share, width, _ = held(WORLDS[0], policy, 60, together, 60)
    assert share >= 0.92
    assert width < 0.7


@pytest.mark.prove
@pytest.mark.parametrize("policy", [THOMPSON, GREEDY], ids=lambda policy: policy.kind)
@pytest.mark.parametrize("together", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("batches", [40, 200])
def test_the_interval_holds_the_truth_in_many_worlds(policy: Named, together: float, batches: int) -> None:
    """Prints what `docs/report.md` tells."""
    for rates in WORLDS:
        found = held(rates, policy, batches, together, 150)
        print(policy.kind, together, batches, rates, *(f"{value:.3f}" for value in found))
        assert found.share >= 0.94


def test_arms_that_bring_nothing_are_switched_off_there_too() -> None:
    arms = {"good": ArmYield(), "never": ArmYield()}
    for trial in range(20):
        arms["good"].add(batch(trial, "good", 8))
    for trial in range(20, 25):
        arms["never"].add(batch(trial, "never", 0))
    expected = uniform(arms, (), SIZE)
    assert expected is not None and expected.gone == ("never",) and not expected.others
    assert expected.likely.until == 20  # five batches of each of two arms, two calls each
    assert expected.accepted(20).mean == pytest.approx(5 * 8)
    assert expected.accepted(60).mean == pytest.approx(5 * 8 + 20 * 8)
    assert expected.cost_of(200) == pytest.approx(60)
    assert expected.cost_of(20) == pytest.approx(10)


def test_an_arm_that_was_given_up_early_may_yet_bring_something() -> None:
    """Whether it would be switched off is not known: the interval spans both."""
    arms = {"good": ArmYield(), "unlucky": ArmYield()}
    for trial in range(20):
        arms["good"].add(batch(trial, "good", 8))
    arms["unlucky"].add(batch(20, "unlucky", 0))
    once = uniform(arms, (), SIZE)
    assert once is not None and once.gone == ()
    assert once.accepted(60).mean == pytest.approx(30 * 4)
    assert once.accepted(60).high > 5 * 8 + 20 * 8
    arms["unlucky"].add(batch(21, "unlucky", 0))
    twice = uniform(arms, (), SIZE)
    assert twice is not None and twice.gone == ("unlucky",)
    assert twice.accepted(60).mean == pytest.approx(5 * 8 + 20 * 8)
    assert twice.accepted(60).low < 30 * 4


def test_arms_that_ask_more_count_for_more() -> None:
    arms = {"cheap": ArmYield(), "dear": ArmYield()}
    for trial in range(10):
        arms["cheap"].add(batch(trial, "cheap", 5, calls=1))
        arms["dear"].add(batch(trial, "dear", 10, calls=9))
    expected = uniform(arms, (), SIZE)
    assert expected is not None and math.isinf(expected.likely.until)
    assert expected.accepted(100).mean == pytest.approx(100 * 15 / 10)


def test_without_calls_batches_are_counted() -> None:
    arms = {"one": ArmYield(), "two": ArmYield()}
    for trial in range(10):
        arms["one"].add(batch(trial, "one", 5, calls=0))
        arms["two"].add(batch(trial, "two", 9, calls=0))
    expected = uniform(arms, (), SIZE)
    assert expected is not None
    assert expected.accepted(10).mean == pytest.approx(70)


def test_one_arm_or_none_that_brings_rows_tells_nothing() -> None:
    one, never = ArmYield(), ArmYield()
    one.add(batch(0, "one", 5))
    never.add(batch(1, "never", 0))
    assert uniform({"one": one}, (), SIZE) is None
    assert uniform({"never": never, "nor": never}, (), SIZE) is None
    assert uniform({}, (), SIZE) is None
