"""What a policy is: a way to choose an arm from what is remembered, and a way to remember what an arm earned.

A policy is frozen configuration. What it has learned lives in a `Memory`, so that any earlier state can be looked at and
the whole can be written as JSON or rebuilt from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory, Recollection
from loopwright.records import Arm, Fields

new = tuple.__new__
"""What the constructor of a NamedTuple comes to, without its detour: for those that are made with every decision."""

NOTHING: Fields = MappingProxyType({})


class Choice(NamedTuple):
    """`chance` is how likely the arm was, or how to work that out; None where it has no closed form. `why` is one line for a
    human, or how to word it from `seen`."""

    arm: Arm
    chance: float | Callable[[], float | None] | None
    why: str | Callable[..., str]
    seen: tuple[Any, ...] = ()

    @property
    def probability(self) -> float | None:
        """Worked out only when somebody asks."""
        return self.chance() if callable(self.chance) else self.chance

    @property
    def reason(self) -> str:
        """One line for a human: worded only when somebody asks."""
        return self.why if isinstance(self.why, str) else self.why(*self.seen)


class Situation(NamedTuple):
    """What a policy may look at when it chooses: `trial` numbers the pass, `rng` is keyed to this one decision."""

    context: Fields
    arms: Sequence[Arm]
    trial: int
    rng: Keyed
    encoding: Encoding | None = None


class Lesson(NamedTuple):
    """What a policy is told once a decision has earned something; `value` is scaled to 0..1.

    `probability` is what was stated of the decision, `parts` what the reward was made of. A lesson of weight 2 counts as two,
    one of weight -1 takes back what the same lesson taught.
    """

    context: Fields
    arm: str
    value: float
    probability: float | None = None
    parts: Fields = NOTHING
    encoding: Encoding | None = None
    weight: float = 1.0


class Shares(NamedTuple):
    """How likely each arm is, in their order: `exact`, or as often as it came in draws, which is right on average."""

    each: Sequence[float]
    exact: bool = True

    @classmethod
    def among(cls, places: Collection[int], arms: Sequence[Arm]) -> Shares:
        """The arms at these places are as likely as each other, and no others are."""
        return cls([(at in places) / len(places) for at in range(len(arms))])


@runtime_checkable
class Sharing(Protocol):
    """A policy that can say of one situation how likely it takes each arm: those of ours all can."""

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        """From so many draws, where there is no closed form."""
        ...


@runtime_checkable
class Judging(Protocol):
    """A policy that can say of one situation whether an arm is surely better than another, as those with features can."""

    def surely_better(self, situation: Situation, memory: Recollection, base: int, confidence: float) -> str | None:
        """The arm whose lower bound is highest, if that is above what the arm at `base` is expected to earn."""
        ...


class Policy(Protocol):
    """Looks in `choose` and remembers in `learn`, nowhere else."""

    def choose(self, situation: Situation, memory: Recollection) -> Choice: ...

    def learn(self, lesson: Lesson, memory: Memory) -> None: ...
