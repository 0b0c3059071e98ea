"""What was learned can be written, read, merged and made anew, and a file that is not sound is refused by name."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from loopwright.errors import LoopwrightError, StoreTooNew, UsageError
from loopwright.policy import build, state
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm
from loopwright.spec.blocks import Named

ARMS = (Arm("a", features={"size": 0.25}), Arm("b", features={"size": 1.0}), Arm("c"))
ENCODING = Encoding(numbers={"x": (0, 1)}, categories={"topic": ("p", "q")}, arms=ARMS)
MERGEABLE: list[JsonValue] = [
    "thompson",
    "ucb1",
    "exp3",
    {"linucb": 0.5},
    {"lin_ts": {"shared": True}},
    {"safe_start": {"baseline": "a", "policy": "thompson"}},
    {"per_cost": {"part": "usd", "per": 0.5, "policy": "kl_ucb"}},
]
LESSONS = st.lists(
    st.builds(
        Lesson,
        context=st.fixed_dictionaries({"x": st.floats(-1, 1), "topic": st.sampled_from("pq")}),
        arm=st.sampled_from("abc"),
        value=st.floats(0, 1),
        probability=st.sampled_from([0.1, 0.3, 1.0]),
        parts=st.fixed_dictionaries({"usd": st.floats(0, 3)}),
        encoding=st.just(ENCODING),
    ),
    max_size=12,
)


def learned(policy: JsonValue, lessons: list[Lesson]) -> state.State:
    named = Named.model_validate(policy)
    exported = state.export(named, state.replay(build(named), [[lesson] for lesson in lessons]), "abc")
    return state.parse(orjson.loads(orjson.dumps(exported.plain())), "a file")


@pytest.mark.slow
@pytest.mark.parametrize("policy", MERGEABLE, ids=str)
@settings(max_examples=40, deadline=None)
@given(one=LESSONS, two=LESSONS, three=LESSONS)
def test_merging_is_learning_from_both_exactly_and_in_any_order(
    policy: JsonValue, one: list[Lesson], two: list[Lesson], three: list[Lesson]
) -> None:
    a, b, c = learned(policy, one), learned(policy, two), learned(policy, three)
    assert state.merge(a, b) == state.merge(b, a)
    assert state.merge(a, state.merge(b, c)) == state.merge(state.merge(a, b), c)
    assert state.merge(a, b) == state.merge(learned(policy, [*two, *one]), learned(policy, []))
    assert state.merge(a, learned(policy, [])).memory == {place: dict(sorted(sums.items())) for place, sums in a.memory.items()}


@pytest.mark.parametrize("policy", MERGEABLE, ids=str)
@given(lessons=LESSONS)
@settings(max_examples=20, deadline=None)
def test_a_lesson_of_negative_weight_takes_back_what_it_taught(policy: JsonValue, lessons: list[Lesson]) -> None:
    built, memory = build(Named.model_validate(policy)), Memory()
    for lesson in lessons:
        built.learn(lesson, memory)
    for lesson in lessons:
        built.learn(lesson._replace(weight=-1.0), memory)
    sums: Any = memory.state()
    assert all(number == 0 for arms in sums.values() for each in arms.values() for number in each)


def test_a_state_is_what_the_replay_of_the_log_comes_to(tmp_path: Path) -> None:
    named = Named.model_validate({"discounted": {"by": 0.9, "policy": "thompson"}})
    policy, memory, log = build(named), Memory(lag=5), []
    for trial in range(200):
        choice = policy.choose(Situation({}, ARMS, trial, Keyed(1, trial)), memory.as_of(max(0, trial - 5)))
        log.append([Lesson({}, choice.arm.name, Keyed(2, trial).random())])
        policy.learn(log[-1][0], memory)
        memory.advance()
    exported = state.export(named, memory, "abc")
    assert exported == state.export(named, state.replay(policy, log), "abc")
    state.write(tmp_path / "state.json", exported)
    assert state.read(tmp_path / "state.json").plain() == orjson.loads(orjson.dumps(exported.plain()))


SOUND = {
    "loopwright_policy_state": 1,
    "policy": "thompson",
    "arms": ["a", "b"],
    "trials": 2,
    "memory": {"": {"a": [1_000_000_000, 500_000_000]}},
}


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"loopwright_policy_state": 2}, StoreTooNew, "newer Loopwright.*upgrade"),
        ({"loopwright_policy_state": "1"}, UsageError, "no policy's state"),
        ({"policy": "thomson"}, UsageError, "thompson"),
        ({"policy": 7}, UsageError, "names no policy"),
        ({"arms": []}, UsageError, "no arms"),
        ({"arms": ["a", "a"]}, UsageError, "different names"),
        ({"trials": -1}, UsageError, "count of trials"),
        ({"trials": True}, UsageError, "count of trials"),
        ({"memory": []}, UsageError, "no mapping"),
        ({"memory": {"": {"z": [1, 1]}}}, UsageError, "'z'.*none of its arms a, b"),
        ({"memory": {"": {"a": [1.5, 1]}}}, UsageError, "whole numbers"),
        ({"memory": {"": {"a": [-1, 1]}}}, UsageError, "whole numbers"),
        ({"memory": {"": {"a": "gASVAAAA"}}}, UsageError, "whole numbers"),
        ({"memory": {"": {"a": [True, 1]}}}, UsageError, "whole numbers"),
        ({"memory": {"#window:0": 3}}, UsageError, "windowed"),
        ({"more": 1}, UsageError, "keys.*more"),
    ],
    ids=str,
)
def test_a_state_that_is_not_sound_is_refused(
    tmp_path: Path, wrong: dict[str, Any], error: type[LoopwrightError], says: str
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(orjson.dumps({**SOUND, **wrong}))
    before = path.read_bytes()
    with pytest.raises(error, match=says):
        state.read(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    path, trace = tmp_path / "state.json", tmp_path / "trace"
    path.write_bytes(pickle.dumps(_Bomb(trace), protocol))
    with pytest.raises(UsageError, match=r"pickle|not JSON"):
        state.read(path)
    assert not trace.exists()


class _Bomb:
    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._trace,)


def test_not_a_number_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"loopwright_policy_state": 1, "trials": NaN}')
    with pytest.raises(UsageError, match="not JSON"):
        state.read(path)
    with pytest.raises(UsageError, match="cannot be read"):
        state.read(tmp_path / "none.json")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        state.write(path, state.parse(SOUND, "it"))
    assert path.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_only_states_of_one_policy_and_the_same_arms_are_merged() -> None:
    one = state.parse(SOUND, "it")
    with pytest.raises(UsageError, match="ucb1"):
        state.merge(one, state.parse({**SOUND, "policy": "ucb1"}, "it"))
    with pytest.raises(UsageError, match="only one of the two has: c"):
        state.merge(one, state.parse({**SOUND, "arms": ["a", "b", "c"]}, "it"))
    with pytest.raises(UsageError, match="windowed"):
        state.merge(*[state.parse({**SOUND, "memory": {"#window": 1}}, "it")] * 2)
    assert state.merge(one, state.parse({**SOUND, "policy": {"thompson": "beta"}}, "it")).trials == 4
