"""What the loop refuses before a policy sees it: no arms, and rewards that are none."""

from __future__ import annotations

import math

import pytest

from loopwright.errors import UsageError
from loopwright.loop.chooser import Chooser, Declared, Range
from loopwright.loop.trial import Item, Trial
from loopwright.policy.encoding import Encoding
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Choice, Lesson, Situation
from loopwright.policy.uniform import Uniform
from loopwright.records import Arm


def test_no_arm_to_choose_from_is_an_error() -> None:
    chooser = Chooser(Trial(0, Item("item"), 7), Uniform(), Memory(), 0, Declared(Range()))
    with pytest.raises(UsageError, match=r"no arm"):
        chooser.choose({}, [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 10.1])
def test_a_reward_outside_the_declared_range_is_an_error(value: float) -> None:
    chooser = Chooser(Trial(0, Item("item"), 7), Uniform(), Memory(), 0, Declared(Range(0, 10)))
    pick = chooser.choose({}, [Arm("a")])
    with pytest.raises(UsageError, match=r"outside the declared range 0\.\.10"):
        chooser.reward(pick.decision, value)
    assert chooser.rewards == []


def test_the_policy_sees_the_declared_encoding() -> None:
    seen: list[Encoding | None] = []

    class Looking(Uniform):
        def choose(self, situation: Situation, memory: object) -> Choice:
            seen.append(situation.encoding)
            return Choice(situation.arms[0], 1.0, "first")

        def learn(self, lesson: Lesson, memory: object) -> None: ...

    encoding = Encoding(numbers={"x": (0, 1)})
    chooser = Chooser(Trial(0, Item("item"), 7), Looking(), Memory(), 0, Declared(Range(), encoding))
    chooser.choose({"x": 1}, [Arm("a")])
    assert seen == [encoding]
