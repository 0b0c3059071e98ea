"""The conformance suite of the policy room: what holds for every kind in its table."""

from __future__ import annotations

import math

import orjson
import pytest
from pydantic import JsonValue

from loopwright.errors import SpecError, UsageError
from loopwright.policy import KINDS, build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Choice, Lesson, Policy, Situation
from loopwright.records import Arm
from loopwright.spec.blocks import Named

ARMS = (Arm("a"), Arm("b"), Arm("c"))
EARLIER: dict[str, JsonValue] = {
    "loopwright_policy_state": 1,
    "policy": "epsilon_greedy",
    "arms": ["a", "b"],
    "trials": 3,
    "memory": {"": {"a": [2_000_000_000, 1_500_000_000], "b": [1_000_000_000, 0]}},
}
ARGUMENTS: dict[str, JsonValue] = {
    "fixed": "b",
    "epsilon_greedy": {"epsilon_start": 0.3, "epsilon_decay": 0.99, "epsilon_min": 0.05},
    "discounted": {"by": 0.95, "policy": "epsilon_greedy"},
    "windowed": {"last": 20, "policy": {"epsilon_greedy": 0.2}},
    "safe_start": {"baseline": "a", "explore": 0.3, "policy": "ucb1"},
    "apart": {"by": ["mood"], "policy": "epsilon_greedy"},
    "per_cost": {"part": "usd", "per": 0.5, "policy": "exp3"},
    "warm_start": {"state": EARLIER, "policy": "epsilon_greedy"},
}
COSTS = {"usd": 0.75}
MEANS = {"a": 0.2, "b": 0.8, "c": 0.5}


def make(kind: str) -> Policy:
    return build(Named(kind=kind, argument=ARGUMENTS.get(kind)))


def situation(trial: int, context: dict[str, object] | None = None, seed: int = 1) -> Situation:
    return Situation(context or {}, ARMS, trial, Keyed(seed, trial, 0, "choose"))  # type: ignore[arg-type]


def play(policy: Policy, trials: int, memory: Memory, seed: int = 1) -> list[str]:
    chosen = []
    for trial in range(trials):
        choice = policy.choose(situation(trial, seed=seed), memory)
        reward = float(Keyed(seed, trial, 0, "reward").random() < MEANS[choice.arm.name])
        policy.learn(Lesson({}, choice.arm.name, reward, choice.probability, COSTS), memory)
        memory.advance()
        chosen.append(choice.arm.name)
    return chosen


def told(choice: Choice) -> tuple[str, float | None, str]:
    """All that is stored of a choice."""
    return choice.arm.name, choice.probability, choice.reason


@pytest.fixture(params=sorted(KINDS.builtin))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_choice_is_an_offered_arm_with_a_likelihood_and_a_reason_on_one_line(kind: str) -> None:
    policy, memory = make(kind), Memory()
    for trial in range(50):
        choice = policy.choose(situation(trial), memory)
        assert choice.arm in ARMS
        assert choice.probability is None or 0 < choice.probability <= 1
        assert choice.reason and "\n" not in choice.reason
        policy.learn(Lesson({}, choice.arm.name, 0.5, choice.probability, COSTS), memory)
        memory.advance()


def test_the_same_history_and_seed_make_the_same_choices(kind: str) -> None:
    assert play(make(kind), 200, Memory()) == play(make(kind), 200, Memory())


def test_choosing_remembers_nothing(kind: str) -> None:
    policy, memory = make(kind), Memory()
    play(policy, 20, memory)
    before = orjson.dumps(memory.state())
    for trial in range(20, 60):
        policy.choose(situation(trial), memory)
    assert orjson.dumps(memory.state()) == before


def test_the_state_is_json_and_a_restored_state_decides_as_the_replayed_one(kind: str) -> None:
    policy, memory = make(kind), Memory()
    play(policy, 100, memory)
    copy = Memory()
    copy.restore(orjson.loads(orjson.dumps(memory.state())), memory.version)
    assert orjson.dumps(copy.state()) == orjson.dumps(memory.state())
    for trial in range(100, 160):
        assert told(policy.choose(situation(trial), copy)) == told(policy.choose(situation(trial), memory))


def test_an_earlier_version_decides_as_it_did_then(kind: str) -> None:
    policy, memory = make(kind), Memory(lag=30)
    play(policy, 70, memory)
    then = [told(policy.choose(situation(trial), memory)) for trial in range(70, 90)]
    for trial in range(70, 100):
        policy.learn(Lesson({}, ARMS[trial % 3].name, 1.0, parts=COSTS), memory)
        memory.advance()
    assert [told(policy.choose(situation(trial), memory.as_of(70))) for trial in range(70, 90)] == then


@pytest.mark.slow
def test_stated_probabilities_are_the_frequencies(kind: str) -> None:
    """Over many keys, each arm is taken as often as the policy says, within five standard errors."""
    policy, memory = make(kind), Memory()
    play(policy, 30, memory)
    said: dict[str, float] = {}
    taken = dict.fromkeys(MEANS, 0)
    draws = 4000
    for seed in range(draws):
        choice = policy.choose(situation(30, seed=seed), memory)
        taken[choice.arm.name] += 1
        if choice.probability is not None:
            said[choice.arm.name] = choice.probability
    for arm, probability in said.items():
        error = math.sqrt(probability * (1 - probability) / draws)
        assert abs(taken[arm] / draws - probability) <= 5 * error + 1e-12


def test_epsilon_greedy_comes_to_prefer_the_best_arm() -> None:
    chosen = play(build(Named(kind="epsilon_greedy", argument=0.1)), 1000, Memory())
    assert chosen[500:].count("b") > 400


def test_contexts_are_learned_apart() -> None:
    policy, memory = build(Named(kind="epsilon_greedy", argument=0)), Memory()
    for _ in range(5):
        for arm in ARMS:
            policy.learn(Lesson({"topic": "x"}, arm.name, float(arm.name == "a")), memory)
            policy.learn(Lesson({"topic": "y"}, arm.name, float(arm.name == "c")), memory)
        memory.advance()
    assert policy.choose(situation(9, {"topic": "x"}), memory).arm.name == "a"
    assert policy.choose(situation(9, {"topic": "y"}), memory).arm.name == "c"


def test_exhaustive_takes_every_arm_in_turn() -> None:
    policy = make("exhaustive")
    assert [policy.choose(situation(trial), Memory()).arm.name for trial in range(6)] == ["a", "b", "c", "a", "b", "c"]


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (Named(kind="epsilon_greedy", argument=2.0), "policy.epsilon_greedy.epsilon"),
        (Named(kind="epsilon_greedy", argument={"epsilom": 0.1}), "epsilon"),
        (Named(kind="fixed"), "policy.fixed.arm"),
    ],
)
def test_wrong_arguments_are_named_with_their_path(named: Named, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        build(named)


def test_an_unknown_policy_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="epsilon_greedy"):
        build(Named(kind="epsilon_greed"))


def test_a_fixed_arm_that_is_not_offered_is_an_error_that_lists_what_is() -> None:
    policy = build(Named(kind="fixed", argument="bb"))
    with pytest.raises(SpecError, match=r"a \| b \| c"):
        policy.choose(situation(0), Memory())
