"""What is particular to single algorithms: schedules, bounds, draws, features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped,unused-ignore]

from loopwright.errors import SpecError, UsageError
from loopwright.policy import build, kl
from loopwright.policy.draws import together
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Choice, Lesson, Policy, Situation
from loopwright.policy.tally import Tallies, count, tallies
from loopwright.records import Arm
from loopwright.spec.blocks import Named

ARMS = (Arm("a", features={"size": 0.0}), Arm("b", features={"size": 1.0}), Arm("c", features={"size": 0.5}))


def make(policy: Any) -> Policy:
    return build(Named.model_validate(policy))


def choose(policy: Policy, memory: Memory, seed: int = 1, **also: Any) -> Choice:
    return policy.choose(Situation(also.pop("context", {}), also.pop("arms", ARMS), 0, Keyed(seed), **also), memory)


def taught(policy: Policy, rewards: dict[str, list[float]]) -> Memory:
    memory = Memory()
    for arm, values in rewards.items():
        for value in values:
            policy.learn(Lesson({}, arm, value), memory)
    return memory


@pytest.mark.parametrize(
    ("schedule", "epsilon"),
    [
        ({}, 0.1),
        ({"epsilon": 0.4}, 0.4),
        ({"epsilon_start": 0.4, "epsilon_decay": 0.9}, 0.4 * 0.9**20),
        ({"epsilon_start": 0.4, "epsilon_decay": 0.9, "epsilon_min": 0.2}, 0.2),
        ({"harmonic": 2}, 2 * 3 / 20),
        ({"harmonic": 100}, 1.0),
    ],
    ids=str,
)
def test_epsilon_follows_its_schedule(schedule: Any, epsilon: float) -> None:
    policy = make({"epsilon_greedy": schedule})
    memory = taught(policy, {"a": [1.0] * 10, "b": [0.0] * 5, "c": [0.5] * 5})
    stated = {(choice := choose(policy, memory, seed)).arm.name: choice.probability for seed in range(300)}
    assert stated["a"] == pytest.approx(1 - epsilon + epsilon / 3)
    assert all(share == pytest.approx(epsilon / 3) for arm, share in stated.items() if arm != "a")


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"epsilon": 0.3, "epsilon_start": 0.3, "epsilon_decay": 0.9}, "twice"),
        ({"epsilon_start": 0.3}, "epsilon_decay"),
        ({"epsilon_start": 0.3, "epsilon_decay": 0.9, "epsilon_min": 0.5}, "epsilon_min"),
        ({"epsilon_min": 0.05}, "epsilon_start"),
    ],
    ids=str,
)
def test_a_share_is_said_once_and_whole(schedule: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        make({"epsilon_greedy": schedule})


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (1.0, 7.5), (31.0, 1.0), (2.5, 3.0), (120.0, 900.0), (0.4, 0.7), (5e5, 3.0)])
def test_beta_draws_are_beta(a: float, b: float) -> None:
    rng = Keyed(3, purpose="beta")
    assert stats.kstest([rng.beta(a, b) for _ in range(3000)], stats.beta(a, b).cdf).pvalue > 1e-4


@pytest.mark.parametrize("shape", [0.3, 1.0, 2.5, 80.0])
def test_gamma_draws_are_gamma(shape: float) -> None:
    rng = Keyed(3, purpose="gamma")
    assert stats.kstest([rng.gamma(shape) for _ in range(3000)], stats.gamma(shape).cdf).pvalue > 1e-4


def test_normals_are_normal_and_independent() -> None:
    drawn = np.array([Keyed(3, trial).normals(9) for trial in range(2000)])
    assert stats.kstest(drawn.ravel(), stats.norm.cdf).pvalue > 1e-4
    assert np.abs(np.corrcoef(drawn.T) - np.eye(9)).max() < 5 / math.sqrt(2000)


@given(st.floats(0, 1), st.floats(1e-6, 20))
def test_bounds_are_where_the_divergence_is_reached(mean: float, most: float) -> None:
    for bound, edge in ((kl.upper(mean, most), 1.0), (kl.lower(mean, most), 0.0)):
        assert 0.0 <= bound <= 1.0
        inside = bound - math.copysign(1e-6, edge - 0.5) * 2
        if 0 < inside < 1 and (inside - mean) * (edge - 0.5) > 0:
            assert kl.divergence(mean, inside) <= most * (1 + 1e-6) + 1e-9
        outside = bound + math.copysign(1e-6, edge - 0.5) * 2
        if 0 < outside < 1:
            assert kl.divergence(mean, outside) >= most * (1 - 1e-6) - 1e-9


def test_ucb1_takes_the_highest_bound() -> None:
    policy = make({"ucb1": 2})
    memory = taught(policy, {"a": [0.5] * 50, "b": [0.5] * 10, "c": [0.1] * 50})
    choice = choose(policy, memory)
    assert choice.arm.name == "b"
    assert choice.probability == 1.0
    assert f"{0.5 + math.sqrt(2 * math.log(110) / 10):.3f}" in choice.reason


def test_thompson_is_as_sure_as_its_counts() -> None:
    policy = make("thompson")
    memory = taught(policy, {"a": [0.3] * 40, "b": [0.8] * 10, "c": [0.0] * 40})
    taken = [choose(policy, memory, seed).arm.name for seed in range(2000)]
    draws = np.random.default_rng(0).beta([13, 9, 1], [29, 3, 41], (200_000, 3)).argmax(axis=1)
    assert taken.count("a") / 2000 == pytest.approx((draws == 0).mean(), abs=0.01)


def test_linear_policies_agree_with_ridge_regression() -> None:
    rng = np.random.default_rng(1)
    encoding = Encoding(numbers={"x": (0, 2), "y": (-1, 1)}, categories={"k": ("p", "q")})
    policy, memory = make({"linucb": {"alpha": 0.7, "ridge": 0.5}}), Memory()
    rows, values = [], []
    for _ in range(60):
        context: Any = {"x": rng.random() * 2, "y": rng.random(), "k": str(rng.choice(["p", "q", "other"]))}
        value = float(rng.random())
        policy.learn(Lesson(context, "b", value, encoding=encoding), memory)
        rows.append(encoding.context(context))
        values.append(value - 0.5)
    features, row = np.array(rows), np.array(encoding.context({"x": 1.0, "y": 0.5, "k": "q"}))
    inverse = np.linalg.inv(features.T @ features + 0.5 * np.eye(5))
    expected = row @ inverse @ features.T @ np.array(values) + 0.5
    choice = choose(policy, memory, context={"x": 1.0, "y": 0.5, "k": "q"}, arms=(Arm("b"),), encoding=encoding)
    assert f"{expected + 0.7 * math.sqrt(row @ inverse @ row):.3f} (expected {expected:.3f})" in choice.reason


@pytest.mark.parametrize("kind", ["linucb", "lin_ts"])
def test_shared_arms_learn_from_each_other_and_separate_ones_do_not(kind: str) -> None:
    encoding, width = Encoding(numbers={"x": (0, 1)}, arms=ARMS), {"linucb": "alpha", "lin_ts": "v"}[kind]
    for shared, of_the_untried in ((True, "(expected 0.67"), (False, "(expected 0.500)")):
        policy, memory = make({kind: {width: 0.01, "shared": shared}}), Memory()
        for n in range(200):
            policy.learn(Lesson({"x": n % 10 / 10}, "a", 0.1, encoding=encoding), memory)
            policy.learn(Lesson({"x": n % 10 / 10}, "c", 0.4, encoding=encoding), memory)
        choice = choose(policy, memory, context={"x": 0.3}, encoding=encoding)
        assert choice.arm.name == "b"
        assert of_the_untried in choice.reason


def test_a_linear_policy_says_what_the_workflow_must_declare() -> None:
    policy, memory = make("linucb"), Memory()
    with pytest.raises(UsageError, match="declare how its contexts become numbers"):
        choose(policy, memory, context={"x": 1})
    shared = make({"linucb": {"shared": True}})
    with pytest.raises(UsageError, match=r"'bb'.*did you mean 'b'"):
        shared.learn(Lesson({}, "bb", 0.5, encoding=Encoding(arms=ARMS)), memory)


@pytest.mark.parametrize("kind", ["thompson", "linucb", "exp3"])
@pytest.mark.parametrize("value", [math.nan, -0.1, 1.5, math.inf])
def test_a_reward_outside_the_range_is_refused_and_nothing_is_learned(kind: str, value: float) -> None:
    policy, memory = make(kind), Memory()
    with pytest.raises(UsageError, match=r"within 0\.\.1"):
        policy.learn(Lesson({}, "a", value), memory)
    assert memory.state() == {}


@pytest.mark.parametrize("levels", [{"x": 7}, {"x": "much"}, {"x": 1e6}])
def test_an_encoding_refuses_what_it_was_not_declared_for(levels: Any) -> None:
    encoding = Encoding(numbers={"x": (0, 1)})
    if levels == {"x": 7}:
        assert encoding.context(levels) == (1.0, 7.0)
    else:
        with pytest.raises(UsageError, match="'x'"):
            encoding.context(levels)
    with pytest.raises(UsageError, match="range of context field 'x'"):
        Encoding(numbers={"x": (1, 1)})


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([1.0, -1.0, 0.5])), max_size=40
    ),
    st.integers(0, 40),
)
def test_a_standing_that_is_carried_is_the_one_worked_out_anew(lessons: list[tuple[str, float, float]], first: int) -> None:
    memory = Memory()
    for number, (arm, value, weight) in enumerate(lessons):
        if number >= first:
            tallies({}, memory).compare(ARMS)
        count(Lesson({}, arm, value, weight=weight), memory)
    carried, anew = tallies({}, memory).compare(ARMS), Tallies.of(tallies({}, memory)).compare(ARMS)
    assert (carried.means, carried.best, carried.top) == (anew.means, anew.best, anew.top)
    assert all(mean <= carried.rest for at, mean in enumerate(carried.means) if at != carried.best)


def test_features_that_are_not_crossed_stand_alone_and_an_arm_without_any_earns_the_middle() -> None:
    arms = (Arm("stop"), Arm("a", features={"again": 1, "id a": 1}), Arm("b", features={"again": 1, "id b": 1}))
    encoding = Encoding({"x": (0, 2)}, {"k": ("p", "q")}, arms, crossed=("again",))
    assert encoding.row({"x": 1, "k": "q"}, "a") == [1.0, 0.5, 0.0, 1.0, 1.0, 0.0]
    assert encoding.row({"x": 1, "k": "q"}, "stop") == [0.0] * 6
    assert Encoding.of(encoding.plain()).row({"x": 2, "k": "p"}, "b") == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    policy, memory = make({"lin_ts": {"shared": True}}), Memory()
    for place in range(200):
        context: dict[str, Any] = {"x": place % 3, "k": "pq"[place % 2]}
        situation = Situation(context, arms, place, Keyed(place), encoding)
        assert [list(row) for row in policy.rows(situation)] == [encoding.row(context, arm.name) for arm in arms]  # type: ignore[attr-defined]
        choice = policy.choose(situation, memory)
        draws, worth = choice.seen[1], choice.seen[2]
        assert (draws[0], worth[0]) == (0.5, 0.5), "of `stop` nothing is drawn and nothing learned"
        policy.learn(Lesson(context, choice.arm.name, 0.5 if choice.arm.name == "stop" else 0.8, encoding=encoding), memory)
    assert choice.arm.name != "stop"


@pytest.mark.parametrize("shared", [False, True])
def test_an_inverse_that_is_carried_decides_as_one_worked_out_from_the_state(shared: bool) -> None:
    rng, encoding = np.random.default_rng(2), Encoding(numbers={"x": (0, 1), "y": (0, 1)}, arms=ARMS)
    policy, memory, restored = make({"linucb": {"shared": shared}}), Memory(), Memory()
    for number in range(700):
        context = {"x": float(rng.random()), "y": float(rng.random())}
        choice = choose(policy, memory, context=context, encoding=encoding)
        if number % 50 == 0:
            restored.restore(memory.state(), number)
            assert choose(policy, restored, context=context, encoding=encoding).reason == choice.reason
        policy.learn(Lesson(context, choice.arm.name, float(rng.random()), encoding=encoding), memory)


def test_streams_of_neighbouring_places_have_no_number_in_common() -> None:
    places = [
        (seed, trial, step, purpose)
        for seed in (0, 1)
        for trial in range(20)
        for step in (0, 1)
        for purpose in ("choose", "act")
    ]
    drawn = [number for place in places for stream in [Keyed(*place)] for number in [stream.random() for _ in range(20)]]
    assert len(set(drawn)) == len(drawn)
    assert stats.kstest(drawn, "uniform").pvalue > 0.001


def test_draws_of_a_shared_model_do_not_hang_on_the_last_bits_of_what_is_known() -> None:
    """Arms of which equally much is known: which directions their doubt has is then for the machine to say."""
    doubt, last_bits = np.eye(8) * 1e-4 + 2e-4, np.random.default_rng(1).standard_normal((8, 8)) * 1e-19
    shares = together([0.5] * 8, doubt, Keyed(3), 4000).each
    assert shares == together([0.5] * 8, doubt + last_bits + last_bits.T, Keyed(3), 4000).each
    assert shares == pytest.approx([1 / 8] * 8, abs=5 * math.sqrt(7 / 64 / 4000))
