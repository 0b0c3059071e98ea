"""What an evaluation promises: right on average, no reward predicts itself, intervals that know how little was seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, stdev

import numpy as np
import pytest
from adaptive_logs import Leaning, World, gathered, truth
from pydantic import JsonValue

from loopwright.errors import SpecError
from loopwright.policy import KINDS, build
from loopwright.policy.encoding import Encoding
from loopwright.policy.evaluation import Log, Logged, LoggedTrial, Setting, computed, evaluate
from loopwright.policy.evaluation.interval import evidence, ratio, student
from loopwright.policy.evaluation.log import as_logged
from loopwright.policy.evaluation.odds import Asked
from loopwright.policy.evaluation.table import MOST_CONTEXTS, Table
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Policy, Situation
from loopwright.records import Arm, Decision, DecisionId
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
    "discounted": {"by": 0.95, "policy": "epsilon_greedy"},
    "windowed": {"last": 20, "policy": "thompson"},
    "safe_start": {"baseline": "a", "explore": 0.3, "policy": "ucb1"},
    "per_cost": {"part": "usd", "per": 0.5, "policy": "exp3"},
    "apart": {"by": ["cell"], "policy": "ucb1"},
    "warm_start": {"state": EARLIER, "policy": "epsilon_greedy"},
}
WORLD = World(((0.3, 0.5, 0.7),), trials=600)


def policy(kind: str, argument: object = None) -> Policy:
    return build(Named.model_validate({"kind": kind, "argument": argument}))


def log_of(rows: Sequence[tuple[str, float | None, float | None]], arms: tuple[str, ...] = ("a", "b")) -> Log:
    """One trial per (arm, probability, reward)."""
    trials = []
    for number, (arm, probability, value) in enumerate(rows):
        decision = Decision(DecisionId(number, 0), {}, arms, arm, probability, number, "")
        lessons = [] if value is None else [Lesson({}, arm, value)]
        trials.append(LoggedTrial(number, [Logged(decision, value)], lessons))
    return Log(trials, len(trials), 0)


def asked(kind: Policy, memory: Memory, trial: int = 0, arms: Sequence[Arm] = ARMS) -> Asked:
    return Asked(kind, memory, lambda rng: Situation({}, arms, trial, rng), (5, trial, 0, "evaluate"))


def test_the_estimates_of_a_log_of_three_are_those_of_paper_and_pencil() -> None:
    told = evaluate(log_of([("a", 0.5, 1.0), ("b", 0.25, 0.0), ("b", 0.5, 1.0)]), policy("fixed", "b"))
    assert told.earned.mean == pytest.approx(2 / 3)
    assert told.ips.mean == pytest.approx((0 + 4 * 0 + 2 * 1) / 3)
    assert told.snips.mean == pytest.approx((4 * 0 + 2 * 1) / (4 + 2))
    overall = (1 + 0.5) / 2
    after_one = overall  # b has earned nothing yet: as all do
    overall = (1 + 0 + 0.5) / 3
    arm = (0 + overall) / 2
    after_two = (0 + arm) / 2
    overall = (1 + 0 + 1 + 0.5) / 4
    assert told.direct.mean == pytest.approx((0 + 1 + (0 + 1 + overall) / 3) / 3)
    robust = (0.5 + (after_one + 4 * (0 - after_one)) + (after_two + 2 * (1 - after_two))) / 3
    assert told.doubly_robust.mean == pytest.approx(robust)
    assert told.gain.mean == pytest.approx(robust - 2 / 3)
    assert told.support.effective == pytest.approx((4 + 2) ** 2 / (16 + 4))
    assert told.support.weight == pytest.approx(2)


def test_a_policy_on_its_own_log_earns_what_the_run_earned() -> None:
    epsilon = policy("epsilon_greedy", 0.2)
    told = evaluate(gathered(WORLD, epsilon, 3), epsilon)
    assert told.support.weight == pytest.approx(1)
    assert told.support.effective == pytest.approx(told.support.decisions)
    assert told.ips.mean == pytest.approx(told.earned.mean)
    assert told.gain.low < 0 < told.gain.high
    assert told.warnings == ()


@pytest.mark.slow
def test_the_doubly_robust_estimate_is_right_on_average_and_sharper_than_weighting_alone() -> None:
    errors: dict[str, list[float]] = {"doubly_robust": [], "ips": []}
    target = policy("fixed", "a")
    for seed in range(60):
        told = evaluate(gathered(WORLD, Leaning(), seed), target)
        for name, found in errors.items():
            found.append(getattr(told, name).mean - 0.3)
    for found in errors.values():
        assert abs(mean(found)) < 4 * stdev(found) / math.sqrt(len(found))
    assert stdev(errors["doubly_robust"]) < stdev(errors["ips"])


def test_a_target_that_learns_is_followed_as_it_learns() -> None:
    target = policy("epsilon_greedy", 0.1)
    log = gathered(replace(WORLD, trials=1500), policy("uniform"), 1)
    told = evaluate(log, target)
    true = truth(WORLD, log, target)
    assert told.doubly_robust.low < true < told.doubly_robust.high
    assert true > 0.6 > told.earned.high
    assert told.gain.low > 0


@pytest.mark.parametrize("kind", sorted(KINDS.builtin))
def test_odds_are_the_frequencies_of_choices(kind: str) -> None:
    """Within five standard errors."""
    play = Keyed(1)
    player = build(Named(kind=kind, argument=ARGUMENTS.get(kind)))
    memory = Memory()
    for number in range(40):
        player.learn(Lesson({}, ARMS[number % 3].name, play.random(), 1 / 3, {"usd": 0.5}), memory)
        memory.advance()
    odds = asked(player, memory, 40).odds(draws=4000)
    assert sum(odds.shares.values()) == pytest.approx(1)
    taken = dict.fromkeys("abc", 0)
    for seed in range(4000):
        taken[player.choose(Situation({}, ARMS, 40, Keyed(seed, 40, 0, "choose")), memory).arm.name] += 1
    for arm, times in taken.items():
        share = odds.shares.get(arm, 0.0)
        assert abs(times / 4000 - share) <= 5 * math.sqrt(2 * max(share, 1e-4) / 4000)


@pytest.mark.parametrize("sizes", [2, 3, 7, 16])
@pytest.mark.parametrize("kind", ["uniform", "epsilon_greedy", "exhaustive", "ucb1", "kl_ucb", "exp3", "linucb"])
def test_odds_that_a_policy_states_are_found_without_chance(kind: str, sizes: int) -> None:
    arms = tuple(map(Arm, "abcdefghijklmnop"[:sizes]))
    player = policy(kind)
    memory = Memory()
    for trial in range(30):
        odds = asked(player, memory, trial, arms).odds(draws=1)
        assert odds.exact
        assert sum(odds.shares.values()) == pytest.approx(1)
        choice = player.choose(Situation({}, arms, trial, Keyed(trial)), memory)
        assert odds.shares[choice.arm.name] == pytest.approx(choice.probability)
        player.learn(Lesson({}, arms[trial % 3 % sizes].name, trial % 2), memory)
        memory.advance()


def test_the_wait_for_an_arm_is_one_over_its_probability() -> None:
    rare = policy("epsilon_greedy", 0.3)
    memory = Memory()
    for arm, value in (("a", 0.1), ("b", 0.9), ("c", 0.2)):
        rare.learn(Lesson({}, arm, value), memory)
    memory.advance()
    waits = [asked(rare, memory, trial).rarity("a", times=5).value for trial in range(400)]
    assert abs(mean(waits) - 10) < 4 * stdev(waits) / 20
    never = asked(policy("fixed", "b"), memory).rarity("a", times=3)
    assert (never.sure, never.value) == (False, 300)


def test_probabilities_that_were_not_stored_are_computed_from_the_log() -> None:
    target = policy("fixed", "a")
    world = replace(WORLD, trials=400)
    loud = evaluate(gathered(world, Leaning(floor=0.3), 2), target)
    silent = Leaning(floor=0.3, silent=True)
    told = evaluate(computed(gathered(world, silent, 2), silent, 20), target)
    assert (told.support.computed, told.support.rough) == (400, 0)
    assert told.doubly_robust.mean == pytest.approx(loud.doubly_robust.mean, abs=2 * loud.doubly_robust.error)
    assert told.doubly_robust.error == pytest.approx(loud.doubly_robust.error, rel=0.3)
    with pytest.raises(ValueError, match="no probability"):
        evaluate(gathered(world, silent, 2), target)


def test_probabilities_that_no_draw_confirms_are_said_to_be_rough() -> None:
    """The log holds an arm that the policy hardly ever takes."""
    rows = [("a", None, 0.0), ("b", None, 1.0), *[("b", None, 1.0)] * 200, ("a", None, 0.0)]
    told = evaluate(computed(log_of(rows), policy("thompson"), 5), policy("uniform"))
    assert told.support.rough >= 1
    assert any("is only roughly known" in warning for warning in told.warnings)


def test_a_target_that_states_nothing_is_drawn_from() -> None:
    log = gathered(WORLD, policy("uniform"), 2)
    told = evaluate(log, Leaning(silent=True))
    stated = evaluate(log, Leaning())
    assert told.support.estimated == 600
    assert told.doubly_robust.mean == pytest.approx(stated.doubly_robust.mean, abs=stated.doubly_robust.error)


def test_steps_that_share_a_fortune_are_not_independent_evidence() -> None:
    """Each decision told twice, as two steps of its trial: the same estimate, and no narrower an interval."""
    once = gathered(WORLD, policy("epsilon_greedy", 0.3), 4)
    twice = [
        LoggedTrial(
            trial.number,
            [
                logged._replace(decision=replace(logged.decision, id=DecisionId(trial.number, step)))
                for logged in trial.decisions
                for step in (0, 1)
            ],
            trial.lessons,
        )
        for trial in once.trials
    ]
    target = policy("fixed", "a")
    told, again = (evaluate(log, target, Setting(alone=True)) for log in (once, replace(once, trials=twice)))
    assert again.support.decisions == 2 * told.support.decisions
    for name in ("earned", "doubly_robust", "snips", "ips"):
        assert getattr(again, name).mean == pytest.approx(getattr(told, name).mean)
        assert getattr(again, name).error == pytest.approx(getattr(told, name).error, rel=0.03)


def test_what_another_policy_would_have_come_to_counts_in_trials_of_several_steps() -> None:
    """The first arm decides what the second step may earn: only `b`, which the run rarely takes twice, leads to rewards."""
    world = World(((0.2, 0.2), (0.2, 0.8)), trials=2000, steps=2, leads=True)
    log = gathered(world, policy("uniform"), 1)
    target = policy("fixed", "b")
    true = truth(world, log, target)
    assert true == pytest.approx(((0.2 + 0.8) / 2 + 0.8) / 2)
    whole, alone = (evaluate(log, target, Setting(alone=alone)) for alone in (False, True))
    assert whole.doubly_robust.low < true < whole.doubly_robust.high
    assert alone.doubly_robust.high < true  # it stands where the run's first arm has led, as often to one place as to the other
    assert alone.doubly_robust.low < 0.5 < alone.doubly_robust.high


def test_whole_trials_are_compared_where_arms_decide_how_many_decisions_they_take() -> None:
    """`stop` ends a trial and earns 0, which is 0.5 as it is scaled; others earn 0.1 more. The run stops half the time."""
    draw, trials = Keyed(7), []
    for number in range(1500):
        decisions = []
        for step in range(3):
            arm = draw.choice(("stop", "on"))
            value = 0.5 if arm == "stop" else 0.6 + 0.2 * (draw.random() - 0.5)
            decisions.append(Logged(Decision(DecisionId(number, step), {}, ("stop", "on"), arm, 0.5, number, ""), value))
            if arm == "stop":
                break
        trials.append(LoggedTrial(number, decisions, [Lesson({}, each.decision.arm, each.value or 0.0) for each in decisions]))
    log = Log(trials, len(trials), 0, zero=0.5)
    for target, true in (
        (policy("fixed", "on"), 0.3),
        (policy("fixed", "stop"), 0.0),
        (policy("uniform"), 0.1 * (1 / 2 + 1 / 4 + 1 / 8)),
    ):
        told = evaluate(log, target)
        assert told.support.trials == 1500
        assert told.support.weight == pytest.approx(1, abs=0.2)
        for estimate in (told.doubly_robust, told.ips, told.snips):
            assert estimate.mean == pytest.approx(true, abs=0.05)
        assert told.doubly_robust.low <= true <= told.doubly_robust.high
        assert told.gain.mean == pytest.approx(told.doubly_robust.mean - told.earned.mean)
    alone = evaluate(log, policy("fixed", "on"), Setting(alone=True))
    assert alone.support.trials is None
    assert alone.doubly_robust.mean == pytest.approx(0.6, abs=0.02)


def test_the_weights_of_a_trial_multiply() -> None:
    """Also past a step that earned nothing."""
    steps = [Decision(DecisionId(0, step), {}, ("a", "b"), "a", 0.5, 0, "") for step in range(3)]
    trial = LoggedTrial(0, [Logged(steps[0], 1.0), Logged(steps[1], None), Logged(steps[2], 1.0)], [])
    told, alone = (evaluate(Log([trial], 1, 0), policy("fixed", "a"), Setting(alone=alone)) for alone in (False, True))
    assert told.ips.mean == pytest.approx((2 + 8) / 2)
    assert alone.ips.mean == pytest.approx((2 + 2) / 2)


def test_a_late_reward_counts_for_its_decision_and_teaches_only_once_it_came() -> None:
    first = Decision(DecisionId(0, 0), {}, ("a", "b"), "a", 0.5, 0, "")
    second = Decision(DecisionId(1, 0), {}, ("a", "b"), "a", 0.5, 1, "")
    unrewarded = Decision(DecisionId(2, 0), {}, ("a", "b"), "b", 0.5, 2, "")
    trials = [
        LoggedTrial(0, [Logged(first, 1.0)], []),
        LoggedTrial(1, [Logged(second, 0.0)], [Lesson({}, "a", 0.0)]),
        LoggedTrial(2, [Logged(unrewarded, None)], [Lesson({}, "a", 1.0)]),
    ]
    told = evaluate(Log(trials, 3, 0), policy("fixed", "a"))
    assert told.doubly_robust.mean == pytest.approx(0.5 + (2 * 0.5 - 2 * 0.5) / 2)  # 0.5 is expected until a reward has come
    assert told.ips.mean == pytest.approx(1.0)
    assert (told.support.decisions, told.support.unrewarded) == (2, 1)
    assert any("1 of 3 decisions earned nothing" in warning for warning in told.warnings)


def test_a_frozen_policy_is_that_of_the_first_half_held_for_the_second() -> None:
    """In the first half a pays, in the second b does."""
    rows = [("ab"[n % 2], 0.5, float((n % 2 == 0) == (n < 200))) for n in range(400)]
    target = policy("epsilon_greedy", 0)
    frozen = evaluate(log_of(rows), target, setting=Setting(frozen=True))
    assert frozen.support.decisions == 200
    assert {arm.arm: arm.wanted for arm in frozen.support.arms} == {"a": 1, "b": 0}
    assert frozen.snips.mean == 0
    assert frozen.doubly_robust.mean < 0.05


def test_an_arm_that_was_never_tried_may_earn_anything() -> None:
    told = evaluate(log_of([("a", 1.0, 0.8)] * 100), policy("fixed", "b"))
    assert told.support.effective == told.support.weight == 0
    for name in ("doubly_robust", "snips", "ips"):
        assert (getattr(told, name).low, getattr(told, name).high) == (0, 1)
    assert told.direct.high - told.direct.low > 0.9
    said = " ".join(told.warnings)
    for word in ("support is thin", "takes b in 100%", "took it never", "should average 1", "one arm only"):
        assert word in said
    rows = [("a", 0.9, 0.8)] * 99
    for more, times in ([("b", 0.1, 0.8)], "once"), ([("b", 0.1, 0.8)] * 2, "2 times"):
        told = evaluate(log_of([*rows, *more]), policy("fixed", "b"))
        assert any(f"the run took it {times}" in warning for warning in told.warnings)


def test_an_interval_leaves_open_what_the_run_could_not_have_done() -> None:
    """In one context of two the run plays a alone: half of what b would earn is unknown, however much is known of the rest."""
    trials = []
    for number in range(1000):
        context = {"closed": number % 2 == 0}
        arm = "a" if context["closed"] else "ab"[number // 2 % 2]
        chance = 1.0 if context["closed"] else 0.5
        decision = Decision(DecisionId(number, 0), context, ("a", "b"), arm, chance, number, "")
        trials.append(LoggedTrial(number, [Logged(decision, 0.5)], [Lesson(context, arm, 0.5)]))
    told = evaluate(Log(trials, 1000, 0), policy("fixed", "b"))
    assert 0.35 < told.support.silent < 0.5
    assert told.doubly_robust.low < 0.15
    assert told.doubly_robust.high > 0.85
    assert any("the run could not have done, or hardly ever, at least" in warning for warning in told.warnings)


def test_of_whole_trials_too_no_more_than_all_can_be_out_of_reach() -> None:
    """Trials of four decisions, at each of which the other policy takes in a third of all cases what the run never took."""
    steps = [Decision(DecisionId(0, step), {}, ("stop", "on", "off"), "on", 0.75, 0, "") for step in range(4)]
    trials = [
        LoggedTrial(n, [Logged(replace(each, id=DecisionId(n, each.id.step), version=n), 0.6) for each in steps], [])
        for n in range(300)
    ]
    told = evaluate(Log(trials, 300, 0, zero=0.5), policy("uniform"))
    assert told.support.silent == pytest.approx(1 - (1 / 3 / 0.75) ** 4)
    assert any("at least 96% of what the other policy does" in warning for warning in told.warnings)
    assert told.doubly_robust.high - told.doubly_robust.mean >= 4 * told.support.silent, "all steps of a trial may be affected"


def test_rewards_that_were_all_alike_do_not_make_an_interval_a_point() -> None:
    told = evaluate(log_of([("a", 0.5, 1.0)] * 100), policy("uniform"))
    assert told.earned.low == pytest.approx(0.97)


def test_weights_above_the_clip_are_cut_and_counted() -> None:
    rows = [("a", 0.99, 0.5), ("b", 0.01, 1.0)] * 50
    cut, whole = (evaluate(log_of(rows), policy("fixed", "b"), setting=Setting(clip=clip)) for clip in (20.0, 1000.0))
    assert (cut.support.clipped, whole.support.clipped) == (50, 0)
    assert cut.ips.mean == pytest.approx(10)
    assert any("50 weights were cut to 20" in warning for warning in cut.warnings)


def test_a_linear_policy_is_asked_with_the_features_of_the_workflow() -> None:
    encoding = Encoding(numbers={"place": (0, 1)})
    log = gathered(World(((0.2, 0.8), (0.8, 0.2)), trials=400), policy("uniform"), 1)
    trials = [trial._replace(lessons=[lesson._replace(encoding=encoding) for lesson in trial.lessons]) for trial in log.trials]
    told = evaluate(
        replace(log, trials=trials, situate=lambda decision, rng: as_logged(decision, rng)._replace(encoding=encoding)),
        policy("linucb"),
    )
    assert told.doubly_robust.low > 0.6
    assert told.earned.high < 0.6


def test_an_unknown_arm_is_an_error_that_names_those_of_the_log() -> None:
    with pytest.raises(SpecError, match=r"a \| b"):
        evaluate(log_of([("a", 0.5, 1.0)]), policy("fixed", "z"))


def test_the_table_keeps_its_memory_bounded() -> None:
    table = Table()
    for number in range(MOST_CONTEXTS + 50):
        table.learn(f"context {number}", "a", 0.25)
    assert table.predict("another", {"a": 1.0}, "a").wanted == pytest.approx(0.25, abs=0.01)
    assert table.direct().mean == pytest.approx(0.25, abs=0.01)


@pytest.mark.slow
def test_the_direct_method_knows_how_sure_its_table_is() -> None:
    """In a world that a table can describe, its interval holds the truth most of the time."""
    held = 0
    for seed in range(60):
        direct = evaluate(gathered(WORLD, policy("uniform"), seed), policy("fixed", "b")).direct
        held += direct.low <= 0.5 <= direct.high
    assert held >= 51


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(2, 4.3027), (3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (100, 1.9840), (1e9, 1.9600)]
)
def test_students_quantile_is_that_of_the_tables(freedom: float, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, rel=0.01)


def test_a_ratio_has_the_error_of_the_mean_where_weights_are_one() -> None:
    rng = Keyed(3)
    values = [rng.random() for _ in range(500)]
    ones = np.ones(500)
    estimate = ratio(np.array(values), ones, evidence(ones, np.zeros(500)))
    assert estimate.error == pytest.approx(stdev(values) / math.sqrt(500), rel=0.002)
    assert estimate.high - estimate.mean == pytest.approx(1.96 * estimate.error, rel=0.02)
