"""What each arm's rows are worth: how the score falls, or rises, when a model has to do without them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from loopwright.learn.protocol import Learner, Target
from loopwright.learn.rows import Rows
from loopwright.learn.scoring import Score, gain, score, told


class Contribution(NamedTuple):
    """Of an arm that wrote so many of the rows: what the model scores without them, and by how much it scores higher with
    them. None where it wrote all of them, and nothing is left to compare with."""

    arm: str
    rows: int
    without: float | None
    gain: Score | None


def contributions(learner: Learner, train: Rows, test: Rows, whole: list[Target] | None = None) -> list[Contribution]:
    """By name. `whole` is what the model that learned from all rows says of the test, where that is known."""
    counts = Counter(arm for arm in train.arms if arm is not None)
    whole = told(learner, train, test) if whole is None else whole
    found = []
    for arm in sorted(counts):
        if counts[arm] == len(train):
            found.append(Contribution(arm, counts[arm], None, None))
            continue
        rest = told(learner, train.without(arm), test)
        less = score(learner.goal, test.targets, rest)
        found.append(Contribution(arm, counts[arm], less, gain(learner.goal, test.targets, whole, rest)))
    return found
