"""A run's decisions and rewards as an evaluation reads them: trial by trial, in the order in which they settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from loopwright.policy.keyed import Keyed
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm, Decision


class Logged(NamedTuple):
    """A decision and the mean of what it earned by the end of the log, scaled to 0..1; None where it earned nothing.
    `probability` tells where the decision's comes from: "rough" is computed from too few draws."""

    decision: Decision
    value: float | None
    probability: Literal["stored", "computed", "rough"] = "stored"


class LoggedTrial(NamedTuple):
    """A settled trial: its decisions, and what policies learned from when it settled, late rewards included."""

    number: int
    decisions: Sequence[Logged]
    lessons: Sequence[Lesson]


Situate: TypeAlias = Callable[[Decision, Keyed], Situation]
"""Puts a policy before a logged decision again, with other random numbers."""


def as_logged(decision: Decision, rng: Keyed) -> Situation:
    """The situation as far as the log alone tells it: arms by their names."""
    return Situation(decision.context, arms(decision.arms), decision.id.trial, rng)


@lru_cache(1000)
def arms(names: tuple[str, ...]) -> tuple[Arm, ...]:
    return tuple(map(Arm, names))


@dataclass(frozen=True, slots=True)
class Log:
    """`length` counts the trials; `lag` is the most that a decision's version lies behind its trial's number. `zero` is what a
    decision earns that is not taken, scaled, where arms decide how many a trial takes: there whole trials are compared."""

    trials: Iterable[LoggedTrial]
    length: int
    lag: int
    seed: int = 0
    situate: Situate = as_logged
    zero: float | None = None
