"""What a workflow gives the loop: items, a reward range, and two functions, `act` and `settle`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

from loopwright.loop.chooser import Chooser, Range
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Item, Trial
from loopwright.policy.state import State as Learned
from loopwright.records import DecisionId, Failure, Fields, Json, Sample, Verdict
from loopwright.spec.blocks import RunSpec

ARM_OFF = "arm_switched_off"
"""The kind of the event that an arm is offered no more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `act` came to, from this trial alone. All of it is stored, and `settle` sees nothing else of the trial."""

    samples: tuple[Sample, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    data: Json = None
    failure: Failure | None = None


class Payoff(NamedTuple):
    """A reward in the workflow's unit for a decision of this trial or of an earlier one. One of weight 2 counts as two: a late
    reward may speak for many decisions."""

    decision: DecisionId
    value: float
    parts: Fields = MappingProxyType({})
    weight: float = 1.0


class Happening(NamedTuple):
    """Something that a reader of the run should know, for its list of events; where there is a warning, whoever started the run
    is told."""

    kind: str
    detail: Fields
    warning: str | None = None


def switched_off(arm: str, trial: int, reason: str) -> Happening:
    """An arm that is offered no more."""
    return Happening(ARM_OFF, {"arm": arm, "trial": trial, "reason": reason})


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a trial came to among the others. `accepted` holds indices of its samples; `end` ends the run after this trial."""

    payoffs: tuple[Payoff, ...] = ()
    accepted: frozenset[int] = frozenset()
    verdicts: tuple[Verdict, ...] = ()
    end: str | None = None
    events: tuple[Happening, ...] = ()


class State(Protocol):
    """What a workflow remembers across trials; only `settle` changes it. Where it has a method `figures`, what that says of the
    run so far, numbers by name, is shown while it goes on."""

    def seen(self) -> Any:
        """A frozen view of it for the trial that may start now."""
        ...


S = TypeVar("S", bound=State)


class Work(Protocol[S]):
    """A workflow at work on one spec. Where it has an attribute `encoding` (an `Encoding`), linear policies can be used;
    where it has an attribute `arms` (all that it may offer), `memory` across runs can."""

    rewards: Range

    def items(self) -> Iterable[Item]:
        """The trials' items in order: a stream, maybe endless."""
        ...

    def begin(self) -> S: ...

    async def prepare(self, stages: Stages) -> None:
        """The long fixed steps before trial 0."""
        ...

    async def act(self, trial: Trial, seen: Any, chooser: Chooser) -> Outcome: ...

    def settle(self, trial: Trial, outcome: Outcome, state: S) -> Settlement:
        """Runs in trial order, one at a time. A function of its arguments alone: on resume it is run again on the stored
        outcomes to rebuild `state`."""
        ...

    def missed(self, state: S) -> str | None:
        """Which quality gate the finished run missed."""
        ...


class Ended(NamedTuple):
    """A run that has come to an end, maybe not its last: its folder and store, and where files that the spec names belong.
    `learned` tells what its policy knows by now; a `UsageError` where it has decided nothing."""

    spec: RunSpec
    digest: str
    folder: Path
    store: Path
    base: Path
    learned: Callable[[], Learned]


class Glance(NamedTuple):
    """What a run came to, as its workflow counts it: in lines of a short name and a fact, and as data."""

    lines: Sequence[tuple[str, str]]
    data: Fields


@dataclass(frozen=True, slots=True)
class Workflow:
    """A catalog line. `work` names a `module:callable` that takes the spec, so that checking a spec imports no more."""

    spec: type[RunSpec]
    work: str
    summary: str = ""
    extras: Mapping[str, str] = field(default_factory=dict)
    outputs: str | None = None
    """A `module:callable` that writes what users of the workflow expect, from an `Ended` run; it returns the files."""

    dataset: str | None = None
    """A `module:callable` that makes a `Dataset` of an `Ended` run."""

    glance: str | None = None
    """A `module:callable` that makes a `Glance` of an `Ended` run."""
