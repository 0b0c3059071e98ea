"""Over runs of the policy that corrections begin with, the intervals of what other ways of asking again are worth hold the
truth, thin support included, from the probabilities that its decisions were stored with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import mean
from types import SimpleNamespace
from typing import NamedTuple, cast

import pytest

from loopwright.learn.error_classifier.protocol import MODES, Predicted
from loopwright.loop.chooser import Chooser, Declared
from loopwright.loop.trial import Item, Trial
from loopwright.policy import build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.contexts import context, encoding
from loopwright.workflows.correction.policies import DEFAULT, STOP
from loopwright.workflows.correction.spec import Contexts, Reprompts
from loopwright.workflows.correction.traces import Trace
from loopwright.workflows.correction.trial import REWARDS
from loopwright.workflows.correction.values import Shares, Value, Values, ways

TURNS = 2
PRICE = 0.05
QUESTIONS = 40_000
"""Of all logs of a size."""


class Words(NamedTuple):
    """How often a reprompt fixes a wrong answer, and breaks a right one."""

    fixes: float
    breaks: float


WORDS = {"neutral_steps": Words(0.4, 0.02), "concise_sure": Words(0.05, 0.25), "exhaustive_two_ways": Words(0.25, 0.05)}
RIGHT = 0.6
SEEN = {False: (0.55, 0.3, 0.15), True: (0.1, 0.3, 0.6)}
"""How often a wrong answer, and a right one, look doubtful, middling or sure."""
CONFIDENCE = (0.1, 0.5, 0.9)
MEANT = Reprompts(ids=tuple(WORDS))


def value(first: Shares, later: Shares | None) -> float:
    """What the way earns, by arithmetic."""
    total, right = 0.0, RIGHT
    for shares in (first, later)[:TURNS]:
        for_all = right
        for id, share in (shares or {}).items():
            words = WORDS[id]
            change = (1 - for_all) * words.fixes - for_all * words.breaks
            total += share * (change - PRICE)
            right += share * change
    return total


def gathered(questions: int, seed: int) -> Iterator[Trace]:
    """A run of the default policy with a window of 16, as far as traces are asked for what they are worth."""
    policy, memory = build(DEFAULT), Memory(lag=15)
    arms = bank.arms(MEANT)
    declared = Declared(REWARDS, encoding(arms, TURNS))
    edges = Contexts(confidence=(0.3, 0.7), turns=(1, 3))
    for number in range(questions):
        chooser = Chooser(trial := Trial(number, Item(""), seed), policy, memory, max(0, number - 15), declared)
        luck = Keyed(seed, number, purpose="luck")
        right, last = luck.random() < RIGHT, None
        for turn in range(TURNS):
            doubtful, middling, _ = SEEN[right]
            drawn = luck.random()
            sure = CONFIDENCE[(drawn >= doubtful) + (drawn >= doubtful + middling)]
            seen = context(Predicted(MODES[turn and 1], sure), turn, last, edges)
            pick = chooser.choose(seen, arms)
            if pick.arm.name == STOP:
                chooser.reward(pick.decision, 0.0)
                break
            words, last = WORDS[pick.arm.name], bank.style(pick.arm)
            turned = luck.random() < (words.breaks if right else words.fixes)
            chooser.reward(pick.decision, turned * (-1 if right else 1) - PRICE)
            right = right is not turned
        earned = {each.decision: each for each in chooser.rewards}
        known = SimpleNamespace(decisions=tuple(trial.decisions), rewards=earned, turns=[{"by": "reference"}])
        yield cast(Trace, known)
        for decision, reward in zip(trial.decisions, chooser.rewards, strict=True):
            policy.learn(
                Lesson(decision.context, decision.arm, reward.value, decision.probability, {}, declared.encoding), memory
            )
        memory.advance()


def told(questions: int, seed: int) -> list[Value]:
    values = Values.of(MEANT)
    for trace in gathered(questions, seed):
        values.add(trace)
    return values.found()


@pytest.mark.prove
@pytest.mark.parametrize("questions", [200, 1000])
def test_intervals_hold_what_each_way_is_worth(questions: int) -> None:
    known = {way.name: value(way.first, way.later) for way in ways(list(WORDS))}
    logs = QUESTIONS // questions
    held: defaultdict[str, list[tuple[bool, float, float, float]]] = defaultdict(list)
    for seed in range(logs):
        for each in told(questions, seed):
            if each.gain is not None and each.low is not None and each.high is not None:
                true = known[each.way]
                held[each.way].append((each.low <= true <= each.high, each.high - each.low, each.gain - true, each.worth))
    for way, seen in held.items():
        covers, wide, off, worth = (mean(column) for column in zip(*seen, strict=True))
        tells = f"{len(seen)} of {logs} logs tell; {covers:6.1%} hold it"
        print(f"{questions:5} {way:28} {known[way]:+.3f}: {tells}, {wide:.3f} wide, off {off:+.4f}, worth {worth:.0f}")
    assert mean(each[0] for seen in held.values() for each in seen) >= 0.92
