"""What each modifier promises, alone and around one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import orjson
import pytest

from loopwright.errors import SpecError, UsageError
from loopwright.policy import build, state
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Policy, Situation
from loopwright.records import Arm
from loopwright.spec.blocks import Named

ARMS = (Arm("a"), Arm("b"), Arm("c"))


def make(policy: Any) -> Policy:
    return build(Named.model_validate(policy))


def play(
    policy: Policy, trials: int, chance: Callable[[int, str], float], memory: Memory | None = None, seed: int = 5
) -> list[str]:
    """The arms taken, where an arm wins with a chance that may change from trial to trial."""
    memory = memory or Memory()
    taken = []
    for trial in range(trials):
        choice = policy.choose(Situation({}, ARMS, trial, Keyed(seed, trial, 0, "choose")), memory)
        reward = float(Keyed(seed, trial, 0, "reward").random() < chance(trial, choice.arm.name))
        policy.learn(Lesson({}, choice.arm.name, reward, choice.probability, {"usd": 1.0}), memory)
        memory.advance()
        taken.append(choice.arm.name)
    return taken


def turning(trial: int, arm: str) -> float:
    """The best arm turns bad half way."""
    return {"a": 0.9 if trial < 500 else 0.05, "b": 0.5, "c": 0.3}[arm]


@pytest.mark.parametrize("inner", ["thompson", {"ucb1": 0.2}, "kl_ucb", {"epsilon_greedy": 0.1}])
def test_an_arm_that_turned_bad_is_dropped_within_100_decisions_when_arms_age(inner: Any) -> None:
    taken = play(make({"discounted": {"by": 0.97, "policy": inner}}), 1000, turning)
    assert taken[300:500].count("a") > 100
    assert taken[600:].count("a") < 0.15 * 400
    assert taken[600:700].count("a") < 0.15 * 100
    forgetful = play(make({"windowed": {"last": 40, "policy": inner}}), 1000, turning)
    assert forgetful[600:].count("a") < 0.15 * 400


@pytest.mark.slow
@pytest.mark.parametrize("inner", [{"epsilon_greedy": 0.05}, "kl_ucb"], ids=str)
def test_an_arm_that_turned_bad_gets_less_than_15_of_the_next_100_decisions(inner: Any) -> None:
    """Those right after the change, of which the first few are needed to notice it."""
    policy = make({"discounted": {"by": 0.8, "per": "arm", "policy": inner}})
    runs = [play(policy, 600, turning, seed=seed) for seed in range(40)]
    assert mean(taken[400:500].count("a") for taken in runs) > 60
    shares = [taken[500:600].count("a") for taken in runs]
    assert mean(shares) < 13
    assert mean(share < 15 for share in shares) > 0.7


def test_ageing_per_arm_leaves_the_others_as_they_were() -> None:
    policy = make({"discounted": {"by": 0.5, "per": "arm", "policy": "ucb1"}})
    lessons = [Lesson({}, arm, 1.0) for arm in "abaa"]
    known: Any = state.replay(policy, [[lesson] for lesson in lessons]).state()
    assert known[""] == {"a": [1_750_000_000, 1_750_000_000], "b": [1_000_000_000, 1_000_000_000]}


def test_without_ageing_an_arm_that_turned_bad_is_taken_for_long() -> None:
    assert play(make("thompson"), 1000, turning)[500:600].count("a") > 80


def test_a_window_knows_exactly_the_last_rewards() -> None:
    lessons = [Lesson({"n": n % 2}, "abc"[n % 3], n % 7 / 7, 0.5, {"usd": 2}) for n in range(50)]
    for inner in ("thompson", "exp3", {"per_cost": {"part": "usd", "per": 0.3, "policy": "ucb1"}}):
        windowed = state.replay(make({"windowed": {"last": 12, "policy": inner}}), [[each] for each in lessons])
        last: Any = state.replay(make(inner), [[each] for each in lessons[-12:]]).state()
        found: Any = windowed.state()
        for place, arms in last.items():
            assert {arm: sums for arm, sums in found[place].items() if any(sums)} == arms


def test_safe_start_plays_the_baseline_until_another_arm_is_surely_better() -> None:
    policy = make({"safe_start": {"baseline": "c", "explore": 0.2, "policy": {"fixed": "b"}}})
    early = play(policy, 400, lambda trial, arm: 0.5)
    assert early.count("c") > 300
    later = play(policy, 400, lambda trial, arm: 0.9 if arm == "b" else 0.3)
    assert later[200:].count("b") > 150
    memory = Memory()
    play(policy, 300, lambda trial, arm: 0.9 if arm == "b" else 0.3, memory)
    choices = [policy.choose(Situation({}, ARMS, 300, Keyed(seed, 300)), memory) for seed in range(200)]
    assert {choice.arm.name for choice in choices} == {"a", "b", "c"}
    assert {choice.arm.name: choice.probability for choice in choices} == pytest.approx(
        {"a": 0.2 / 3, "b": 0.8 + 0.2 / 3, "c": 0.2 / 3}
    )
    assert any("b is surely better than c" in choice.reason for choice in choices)


@pytest.mark.slow
def test_safe_start_asks_a_policy_with_features_what_is_surely_better_in_the_very_situation() -> None:
    arms = (Arm("stop"), Arm("again", features={"again": 1.0}))
    encoding = Encoding(categories={"last": ("wrong", "right")}, arms=arms, crossed=("again",))
    policy, memory = (
        make({"safe_start": {"baseline": "stop", "at_random": 0.5, "policy": {"lin_ts": {"v": 0.1, "shared": True}}}}),
        Memory(),
    )

    def shares(last: str) -> dict[str, float]:
        picked = [policy.choose(Situation({"last": last}, arms, 0, Keyed(seed), encoding), memory) for seed in range(1000)]
        assert {each.probability for each in picked} != {None}, "given its draws, what the inner policy would do is known"
        for arm in arms:
            weights = [(each.arm is arm) / (each.probability or 1.0) for each in picked]
            assert mean(weights) == pytest.approx(1.0, abs=5 * stdev(weights) / 1000**0.5)
        return {arm.name: sum(each.arm is arm for each in picked) / 1000 for arm in arms}

    assert 0.02 < shares("wrong")["again"] < 0.08  # half of a tenth at random, half of that `again`; and some of the draws
    for _ in range(50):
        for last, value in (("wrong", 0.9), ("right", 0.1)):
            policy.learn(Lesson({"last": last}, "again", value, encoding=encoding), memory)
    assert shares("wrong")["again"] > 0.95
    assert 0.01 < shares("right")["again"] < 0.05
    assert "#safe" not in memory.state(), "nothing is counted that the model knows better"


def test_a_share_that_is_left_to_the_policy_is_stated_where_the_policy_states_its_own() -> None:
    policy, memory = (
        make({"safe_start": {"baseline": "c", "explore": 0.4, "at_random": 0.25, "policy": {"fixed": "b"}}}),
        Memory(),
    )
    picked = [policy.choose(Situation({}, ARMS, 0, Keyed(seed)), memory) for seed in range(3000)]
    stated = {each.arm.name: each.probability for each in picked}
    assert stated == pytest.approx({"a": 0.1 / 3, "b": 0.1 / 3 + 0.3, "c": 0.1 / 3 + 0.6})
    share = sum(each.arm.name == "b" for each in picked) / 3000
    assert share == pytest.approx(0.1 / 3 + 0.3, abs=0.03)
    assert sum(each.arm.name == "a" for each in picked) / 3000 == pytest.approx(0.1 / 3, abs=0.015)


@pytest.mark.slow
@pytest.mark.parametrize("inner", ["thompson", {"thompson": {"family": "gaussian"}}, "lin_ts"], ids=str)
@pytest.mark.parametrize("proven", [True, False])
def test_a_decision_over_a_floor_is_as_likely_as_its_draws_make_it(inner: Any, proven: bool) -> None:
    """Given the draws the weights of each arm average 1, whoever decided: what off-policy evaluation asks of them."""
    policy, memory = make({"safe_start": {"baseline": "c", "explore": 0.5, "at_random": 0.4, "policy": inner}}), Memory()
    play(policy, 150, lambda trial, arm: {"a": 0.5, "b": 0.7 if proven else 0.4, "c": 0.3}[arm], memory)
    picked = [policy.choose(Situation({}, ARMS, 300, Keyed(seed, 300)), memory) for seed in range(4000)]
    assert len({each.probability for each in picked}) > 3, "the draws differ"
    assert picked[0].probability == picked[0].probability
    for arm in ARMS:
        weights = [(each.arm is arm) / (each.probability or 1.0) for each in picked]
        assert mean(weights) == pytest.approx(1.0, abs=5 * stdev(weights) / 4000**0.5)


def test_a_decision_among_arms_that_are_alike_is_as_likely_as_stated() -> None:
    """Nothing but rounding tells their draws apart."""
    arms = tuple(Arm(name, features={"size": 0.3, "load": 0.7}) for name in "abcdefg")
    encoding = Encoding(numbers={"u": (0, 1), "v": (0, 1)}, arms=arms)
    policy = make({"safe_start": {"baseline": "a", "explore": 1, "at_random": 0.2, "policy": {"lin_ts": {"shared": True}}}})
    draw, memory = Keyed(2), Memory()
    for trial in range(30):
        context = {"u": draw.random(), "v": draw.random()}
        policy.learn(Lesson(context, arms[trial % 7].name, draw.random(), encoding=encoding), memory)
        memory.advance()
    picked = [policy.choose(Situation({"u": 0.2, "v": 0.9}, arms, 0, Keyed(seed), encoding), memory) for seed in range(500)]
    for arm in arms:
        assert {each.probability for each in picked if each.arm is arm} == {0.2 / 7 + 0.8 * (arm is arms[0])}


def test_without_a_floor_a_decision_by_draws_is_not_stated() -> None:
    """Given the draws some arms are out of reach, though any may be taken."""
    policy = make({"safe_start": {"baseline": "c", "explore": 0.4, "at_random": 0, "policy": "thompson"}})
    assert policy.choose(Situation({}, ARMS, 0, Keyed(1)), Memory()).probability is None
    stated = make({"safe_start": {"baseline": "c", "explore": 0.4, "at_random": 0, "policy": "uniform"}})
    picked = [stated.choose(Situation({}, ARMS, 0, Keyed(seed)), Memory()) for seed in range(100)]
    assert {each.arm.name: each.probability for each in picked} == pytest.approx(
        {"a": 0.4 / 3, "b": 0.4 / 3, "c": 0.6 + 0.4 / 3}
    )


def test_contexts_are_told_apart_by_the_named_fields_alone() -> None:
    policy, memory = make({"apart": {"by": ["mood"], "policy": {"epsilon_greedy": 0}}}), Memory()
    for load, mood, arm in ((0.1, "calm", "a"), (0.2, "calm", "b"), (0.3, "busy", "b"), (0.4, "busy", "a")):
        value = float((mood, arm) in {("calm", "a"), ("busy", "b")})
        policy.learn(Lesson({"load": load, "mood": mood}, arm, value), memory)
    policy.learn(Lesson({"load": 0.5, "mood": "calm"}, "c", 0.0), memory)
    policy.learn(Lesson({"load": 0.5, "mood": "busy"}, "c", 0.0), memory)
    for load, mood, best in ((0.7, "calm", "a"), (0.8, "busy", "b")):
        assert policy.choose(Situation({"load": load, "mood": mood}, ARMS, 9, Keyed(1, 9)), memory).arm.name == best


def test_per_cost_prefers_the_arm_that_earns_most_for_its_cost() -> None:
    policy, memory = make({"per_cost": {"part": "usd", "per": 1, "policy": {"epsilon_greedy": 0}}}), Memory()
    for arm, value, usd in (("a", 0.9, 9), ("b", 0.5, 2), ("c", 0.1, 1), ("b", 0.5, 4)):
        policy.learn(Lesson({}, arm, value, parts={"usd": usd}), memory)
    choice = policy.choose(Situation({}, ARMS, 0, Keyed(1)), memory)
    assert choice.arm.name == "b"
    assert "0.167" in choice.reason  # 1.0 earned for 6
    for wrong in ({}, {"usd": "much"}, {"usd": -1}, {"usd": True}, {"usd": float("inf")}):
        with pytest.raises(UsageError, match="'usd'"):
            policy.learn(Lesson({}, "a", 0.5, parts=wrong), memory)


def test_a_warm_start_decides_as_the_run_that_was_exported_would_have(tmp_path: Path) -> None:
    named = Named(kind="thompson")
    memory = Memory()
    play(build(named), 100, lambda trial, arm: 0.8 if arm == "b" else 0.2, memory)
    state.write(tmp_path / "state.json", state.export(named, memory, "abc"))
    for given in (str(tmp_path / "state.json"), state.export(named, memory, "abc").plain()):
        warm, fresh = make({"warm_start": {"state": given, "policy": "thompson"}}), Memory()
        copy = Memory()
        copy.restore(orjson.loads(orjson.dumps(memory.state())), 0)
        chance = lambda trial, arm: 0.5  # noqa: E731
        assert play(warm, 50, chance, fresh) == play(build(named), 50, chance, copy)
        assert fresh.state() == copy.state()


def test_a_warm_start_refuses_what_does_not_fit(tmp_path: Path) -> None:
    exported: dict[str, Any] = {
        "loopwright_policy_state": 1,
        "policy": "thompson",
        "arms": ["a", "bb"],
        "trials": 0,
        "memory": {},
    }
    situation = Situation({}, ARMS, 0, Keyed(1))
    with pytest.raises(UsageError, match=r"'bb'.*not offered.*'b'.*ignore"):
        make({"warm_start": {"state": exported, "policy": "thompson"}}).choose(situation, Memory())
    make({"warm_start": {"state": exported, "unknown": "ignore", "policy": "thompson"}}).choose(situation, Memory())
    with pytest.raises(UsageError, match=r'thompson.*"ucb1"'):
        make({"warm_start": {"state": exported, "policy": "ucb1"}}).choose(situation, Memory())
    with pytest.raises(UsageError, match="cannot be read"):
        make({"warm_start": {"state": str(tmp_path / "none"), "policy": "ucb1"}}).choose(situation, Memory())


def test_a_warm_start_may_explore_more_or_less_than_what_it_begins_with() -> None:
    earlier = state.export(Named.model_validate({"epsilon_greedy": 0.5}), Memory(), ["a", "b"]).plain()
    situation = Situation({}, ARMS, 0, Keyed(1))
    for own in (0.05, {"epsilon_start": 0.4, "epsilon_decay": 0.99}):
        make({"warm_start": {"state": earlier, "policy": {"epsilon_greedy": own}}}).choose(situation, Memory())


def test_modifiers_compose_and_name_what_is_wrong_inside_them() -> None:
    policy = make(
        {
            "safe_start": {
                "baseline": "a",
                "policy": {"discounted": {"by": 0.99, "policy": {"per_cost": {"part": "usd", "per": 1, "policy": "lin_ts"}}}},
            }
        }
    )
    assert len(set(play(policy, 60, lambda trial, arm: 0.5))) == 3
    with pytest.raises(SpecError, match=r"policy\.windowed\.policy\.discounted\.policy\.epsilon_greedy\.epsilon"):
        make({"windowed": {"policy": {"discounted": {"policy": {"epsilon_greedy": 2}}}}})
    with pytest.raises(SpecError, match="second time"):
        make({"windowed": {"policy": {"safe_start": {"baseline": "a", "policy": {"discounted": {"policy": "ucb1"}}}}}})


def test_discounting_fades_the_sums_of_linear_policies_alike_before_and_after_json() -> None:
    encoding = Encoding(numbers={"x": (0, 1)})
    policy = make({"discounted": {"by": 0.9, "policy": "linucb"}})
    lessons = [[Lesson({"x": n / 10}, "abc"[n % 3], n % 5 / 5, encoding=encoding)] for n in range(30)]
    whole = state.replay(policy, lessons)
    half, rest = state.replay(policy, lessons[:15]), Memory()
    rest.restore(orjson.loads(orjson.dumps(half.state())), 15)
    for (lesson,) in lessons[15:]:
        policy.learn(lesson, rest)
        rest.advance()
    assert rest.state() == whole.state()
    sums: Any = whole.state()["#linear"]
    assert sum(each[0] for each in sums.values()) < 10 * 10**9
