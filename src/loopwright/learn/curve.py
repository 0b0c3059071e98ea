"""The learning curve: what a model scores that has learned from the first few of the rows, from more, from all."""

from __future__ import annotations

from typing import NamedTuple

from loopwright.learn.protocol import Learner
from loopwright.learn.rows import Rows
from loopwright.learn.scoring import Score, scores, told

ORDERS = 3
STEPS = 6
_FEWEST = 10


class Reached(NamedTuple):
    """With so many rows: the mean over some orders of the rows, within the mean of the intervals."""

    rows: int
    score: Score


def curve(learner: Learner, train: Rows, test: Rows, seed: int) -> list[Reached]:
    """Each size is about twice the one before; the last is all rows, whose order is of no account."""
    orders = [train.shuffled(seed, f"learning curve {number}") for number in range(ORDERS)]
    found = []
    for size in sizes(len(train)):
        tried = orders if size < len(train) else [train]
        each = [scores(learner.goal, test.targets, told(learner, rows.at(range(size)), test))[0] for rows in tried]
        value, low, high = (sum(column) / len(each) for column in zip(*((s.value, s.low, s.high) for s in each), strict=True))
        found.append(Reached(size, Score(each[0].metric, value, low, high)))
    return found


def sizes(rows: int) -> list[int]:
    found = [rows]
    while len(found) < STEPS and found[0] // 2 >= _FEWEST:
        found.insert(0, found[0] // 2)
    return found
