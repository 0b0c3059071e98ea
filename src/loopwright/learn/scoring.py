"""How well a model did on rows that it has not seen: scores with intervals, and differences of two models on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loopwright.learn.protocol import Goal, Learner, Target
from loopwright.learn.rows import Rows
from loopwright.measure.confusion import confusion
from loopwright.measure.intervals import Interval
from loopwright.measure.paired import difference_of_shares, difference_told, fit, fit_within


class Score(NamedTuple):
    """A figure with its 95 % interval: what other rows of the same kind would be expected to give."""

    metric: str
    value: float
    low: float
    high: float


def told(learner: Learner, train: Rows, test: Rows) -> list[Target]:
    """What the model says of the test's texts, having learned from the other rows."""
    return learner.fit(train.texts, train.targets).predict(test.texts)


def scores(goal: Goal, truth: Sequence[Target], said: Sequence[Target]) -> tuple[Score, ...]:
    """The first is the one that models are compared by."""
    if goal == "classification":
        found = confusion([str(each) for each in truth], [str(each) for each in said])
        return (
            Score("accuracy", found.accuracy, *found.accuracy_within()),
            Score("macro-F1", found.macro_f1, *found.macro_f1_within()),
        )
    true, numbers = _numbers(truth), _numbers(said)
    near, (off, part) = fit(true, numbers), fit_within(true, numbers)
    return Score("R²", near.told, *part), Score("mean error", near.off, *off)


def score(goal: Goal, truth: Sequence[Target], said: Sequence[Target]) -> float:
    """The first of them alone, quickly."""
    if goal == "classification":
        return sum(map(_same, truth, said)) / len(truth)
    return fit(_numbers(truth), _numbers(said)).told


def gain(goal: Goal, truth: Sequence[Target], one: Sequence[Target], other: Sequence[Target]) -> Score:
    """By how much the first way scores higher than the second, on the same rows."""
    value = score(goal, truth, one) - score(goal, truth, other)
    if goal == "classification":
        first, second = list(map(_same, truth, one)), list(map(_same, truth, other))
        gained = sum(a and not b for a, b in zip(first, second, strict=True))
        lost = sum(b and not a for a, b in zip(first, second, strict=True))
        held: Interval = difference_of_shares(gained, lost, len(truth))
        return Score("accuracy", value, *held)
    return Score("R²", value, *difference_told(_numbers(truth), _numbers(one), _numbers(other)))


def _same(one: Target, other: Target) -> bool:
    return str(one) == str(other)


def _numbers(targets: Sequence[Target]) -> list[float]:
    return [float(target) for target in targets]
