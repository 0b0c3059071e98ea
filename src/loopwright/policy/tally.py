"""Sums of rewards per context and arm, the memory of tabular policies. Sums are fixed-point: their order does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Lesson
from loopwright.records import Fields

UNIT = 1_000_000_000
"""A reward of 1 as it is summed."""


class Tally(NamedTuple):
    """How often an arm was rewarded in a context, and the sum in units of 1e-9."""

    times: int = 0
    total: int = 0

    @property
    def mean(self) -> float:
        return self.total / self.times / UNIT


def key(context: Fields) -> str:
    """Contexts are told apart by all they hold."""
    return orjson.dumps(context, option=orjson.OPT_SORT_KEYS).decode() if context else ""


def tallies(context: Fields, memory: Recollection) -> dict[str, Tally]:
    """Every rewarded arm's tally in this context."""
    known: Mapping[str, tuple[int, int]] = memory.get(key(context), {})
    return {arm: Tally(*tally) for arm, tally in known.items()}


def count(lesson: Lesson, memory: Memory) -> None:
    """Adds a reward to its arm's tally."""
    place = key(lesson.context)
    known: Mapping[str, tuple[int, int]] = memory.get(place, {})
    counted, total = known.get(lesson.arm, (0, 0))
    memory.put(place, {**known, lesson.arm: (counted + 1, total + round(lesson.value * UNIT))})
