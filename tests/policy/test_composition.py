"""Every modifier around every algorithm: it decides, explains itself in one line, and its state is the replay of its log."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from loopwright.errors import UsageError
from loopwright.policy import KINDS, build, state
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.policy.state import State
from loopwright.records import Arm, Fields
from loopwright.spec.blocks import Named

ARMS = (Arm("a", features={"size": 0.25}), Arm("b", features={"size": 1.0}), Arm("c"))
ENCODING = Encoding(numbers={"load": (0, 50)}, categories={"mood": ("calm", "busy")}, arms=ARMS)
ALGORITHMS: dict[str, Any] = {
    **{kind: kind for kind in ("uniform", "exhaustive", "epsilon_greedy", "thompson", "ucb1", "kl_ucb", "exp3")},
    "linucb": "linucb",
    "lin_ts": "lin_ts",
    "fixed": {"fixed": "b"},
    "gaussian": {"thompson": "gaussian"},
    "linucb shared": {"linucb": {"shared": True}},
    "lin_ts shared": {"lin_ts": {"shared": True}},
}
MODIFIERS: dict[str, Any] = {
    "discounted": {"by": 0.9},
    "discounted per arm": {"by": 0.9, "per": "arm"},
    "windowed": {"last": 7},
    "safe_start": {"baseline": "c", "explore": 0.3},
    "per_cost": {"part": "usd", "per": 0.5},
    "apart": {"by": ["mood"]},
    "warm_start": {},
}


def around(modifier: str, policy: Any) -> Any:
    fields = dict(MODIFIERS[modifier])
    if modifier == "warm_start":
        named = Named.model_validate(policy)
        fields["state"] = state.export(named, Memory(), "abc").plain()
    return {modifier.partition(" ")[0]: {**fields, "policy": policy}}


def lessons(policy: Any, trials: int = 40) -> tuple[Memory, list[list[Lesson]]]:
    """A game of its own for the policy; each decision is looked at."""
    built, memory, log = build(Named.model_validate(policy)), Memory(lag=3), []
    for trial in range(trials):
        rng = Keyed(3, trial, 0, "context")
        context: Fields = {"load": 10, "mood": "calm"}
        if trial % 2:
            context = {"load": 50 * rng.random(), "mood": ("calm", "busy")[rng.below(2)]}
        situation = Situation(context, ARMS, trial, Keyed(3, trial), ENCODING)
        choice = built.choose(situation, memory.as_of(max(0, trial - 2)))
        assert choice.arm in ARMS
        assert choice.probability is None or 0 < choice.probability <= 1
        assert choice.reason and "\n" not in choice.reason and len(choice.reason) < 200
        log.append([Lesson(context, choice.arm.name, rng.random(), choice.probability, {"usd": rng.random()}, ENCODING)])
        built.learn(log[-1][0], memory)
        memory.advance()
    return memory, log


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("modifier", MODIFIERS)
def test_every_modifier_composes_with_every_algorithm(modifier: str, algorithm: str) -> None:
    policy = around(modifier, ALGORITHMS[algorithm])
    named = Named.model_validate(policy)
    memory, log = lessons(policy)
    exported = state.export(named, memory, "abc")
    again = state.parse(orjson.loads(orjson.dumps(exported.plain())), "it")
    assert again.memory == orjson.loads(orjson.dumps(state.replay(build(named), log).state()))
    begun = build(Named.model_validate({"warm_start": {"state": again.plain(), "policy": policy}}))
    restored = Memory()
    restored.restore(again.memory, 0)
    one, other = (Situation({"load": 10, "mood": "calm"}, ARMS, 40, Keyed(3, 40), ENCODING) for _ in "ab")
    assert begun.choose(one, Memory()).arm == build(named).choose(other, restored).arm


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_modifiers_compose_with_each_other_around_every_algorithm(algorithm: str) -> None:
    policy = ALGORITHMS[algorithm]
    for modifier in ("per_cost", "discounted per arm", "warm_start", "safe_start"):
        policy = around(modifier, policy)
    memory, _ = lessons(policy)
    assert state.export(Named.model_validate(policy), memory, "abc").memory


def test_none_is_left_out() -> None:
    known = set(KINDS.names())
    assert {kind.partition(" ")[0] for kind in (*ALGORITHMS, *MODIFIERS)} - {"gaussian"} == known


@pytest.mark.parametrize("algorithm", sorted(set(ALGORITHMS) - {"uniform", "exhaustive", "fixed"}))
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.01, 1.01])
def test_a_reward_that_is_none_is_refused_and_nothing_is_learned(algorithm: str, value: float) -> None:
    memory = Memory()
    with pytest.raises(UsageError, match=r"within 0\.\.1"):
        build(Named.model_validate(ALGORITHMS[algorithm])).learn(Lesson({}, "a", value, 0.5, encoding=ENCODING), memory)
    assert memory.state() == {}


def test_a_state_with_no_arms_at_all_is_refused_where_it_is_read() -> None:
    with pytest.raises(UsageError, match="no arms"):
        state.parse(State("thompson", (), 0, {}).plain(), "it")
    with pytest.raises(UsageError, match="no list of texts as its caveats"):
        state.parse({**State("thompson", ("a",), 0, {}).plain(), "caveats": "none"}, "it")
