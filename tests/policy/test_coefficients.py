"""What a linear policy makes of each feature is what its rewards were made of, with an uncertainty that can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loopwright.policy import build
from loopwright.policy.coefficients import BASE, Model, listen, models
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm, Fields
from loopwright.spec.blocks import Named

ARMS = (Arm("long", features={"size": 1.0}), Arm("short", features={"size": 0.0}))
ENCODING = Encoding({"load": (0, 50), "age": (0, 1)}, {"mood": ("calm", "busy")}, ARMS)
TRUTH = {
    "long": {BASE: 0.4, "load (0 to 50)": 0.3, "age (0 to 1)": 0.0, "mood=calm": 0.1, "mood=busy": -0.1},
    "short": {BASE: 0.7, "load (0 to 50)": -0.4, "age (0 to 1)": 0.0, "mood=calm": 0.1, "mood=busy": -0.1},
}


def learned(policy: Any, seed: int, trials: int = 400) -> tuple[Model, ...]:
    heard, memory = listen(build(Named.model_validate(policy))), Memory()
    for trial in range(trials):
        rng = Keyed(seed, trial, 0, "context")
        load, mood = rng.random(), ("calm", "busy")[rng.below(2)]
        context: Fields = {"load": 50 * load, "age": rng.random(), "mood": mood}
        choice = heard.around.choose(Situation(context, ARMS, trial, Keyed(seed, trial), ENCODING), memory)
        of = TRUTH[choice.arm.name]
        chance = of[BASE] + load * of["load (0 to 50)"] + of[f"mood={mood}"]
        value = float(rng.random() < chance)
        heard.around.learn(Lesson(context, choice.arm.name, value, choice.probability, {"usd": 1.0}, ENCODING), memory)
        memory.advance()
    return models(heard, ENCODING, memory.state())


@pytest.mark.slow
@pytest.mark.parametrize("policy", [{"linucb": 0.5}, {"lin_ts": 0.5}], ids=str)
def test_the_intervals_hold_what_the_rewards_were_made_of(policy: Any) -> None:
    held = []
    for seed in range(20):
        for model in learned(policy, seed):
            assert model.arm is not None
            assert 0.3 < model.noise <= 0.5
            held += [low <= TRUTH[model.arm][feature] <= high for feature, _, low, high in model.coefficients]
    assert np.mean(held) > 0.9


def test_the_base_comes_first_and_then_the_largest() -> None:
    for model in learned({"linucb": 0.5}, 1):
        sizes = [abs(value) for _, value, _, _ in model.coefficients]
        assert model.coefficients[0].feature == BASE
        assert sizes[1:] == sorted(sizes[1:], reverse=True)
        assert {each.feature for each in model.coefficients} == set(TRUTH["long"])


def test_a_shared_model_tells_what_the_features_of_arms_add() -> None:
    (model,) = learned({"linucb": {"alpha": 0.5, "shared": True}}, 1, 2000)
    found = {each.feature: each for each in model.coefficients}
    assert model.arm is None
    assert found["arm's size × load (0 to 50)"].low > 0 > found["arm's size"].high
    assert found["load (0 to 50)"].high < 0


def test_features_that_are_not_crossed_are_told_alone() -> None:
    arms = (Arm("stop"), Arm("long", features={"again": 1, "long": 1}), Arm("short", features={"again": 1}))
    encoding = Encoding(categories={"mood": ("calm", "busy")}, arms=arms, crossed=("again",))
    heard, memory = listen(build(Named(kind="lin_ts", argument={"shared": True, "ridge": 0.01}))), Memory()
    for trial in range(300):
        mood, arm = ("calm", "busy")[trial % 2], arms[trial % 3]
        value = 0.5 if arm.name == "stop" else 0.6 + 0.2 * (mood == "calm") - 0.1 * (arm.name == "long")
        heard.around.learn(Lesson({"mood": mood}, arm.name, value, 1.0, {}, encoding), memory)
    (model,) = models(heard, encoding, memory.state())
    found = {each.feature: each.value for each in model.coefficients}
    assert found == {
        "arm's again": pytest.approx(0.2, abs=0.01),
        "arm's again × mood=calm": pytest.approx(0.1, abs=0.01),
        "arm's again × mood=busy": pytest.approx(-0.1, abs=0.01),
        "arm's long": pytest.approx(-0.1, abs=0.01),
    }


@pytest.mark.parametrize(
    "policy",
    [
        {"discounted": {"by": 0.99, "policy": "linucb"}},
        {"windowed": {"last": 50, "policy": "linucb"}},
        {"safe_start": {"baseline": "long", "per_context": False, "policy": "lin_ts"}},
        {"per_cost": {"part": "usd", "per": 1, "policy": "linucb"}},
    ],
    ids=str,
)
def test_it_is_told_through_any_modifier(policy: Any) -> None:
    for model in learned(policy, 3):
        assert all(low <= value <= high for _, value, low, high in model.coefficients)
        assert model.rewards > 0


def test_an_arm_of_which_little_is_known_is_called_uncertain() -> None:
    few, many = (learned({"linucb": 0.5}, 2, trials)[0].coefficients[0] for trials in (4, 400))
    assert few.high - few.low > 3 * (many.high - many.low)
