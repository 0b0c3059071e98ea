"""What a policy is: a way to choose an arm from what is remembered, and a way to remember what an arm earned.

A policy is frozen configuration. What it has learned lives in a `Memory`, so that any earlier state can be looked at and
the whole can be written as JSON or rebuilt from the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory, Recollection
from loopwright.records import Arm, Fields


class Choice(NamedTuple):
    """`probability` is None where it has no closed form; `reason` is one line for a human."""

    arm: Arm
    probability: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy may look at when it chooses: `trial` numbers the pass, `rng` is keyed to this one decision."""

    context: Fields
    arms: Sequence[Arm]
    trial: int
    rng: Keyed


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a policy is told once a decision has earned something; `value` is scaled to 0..1."""

    context: Fields
    arm: str
    value: float


class Policy(Protocol):
    """Looks in `choose` and remembers in `learn`, nowhere else."""

    def choose(self, situation: Situation, memory: Recollection) -> Choice: ...

    def learn(self, lesson: Lesson, memory: Memory) -> None: ...
