"""How a run's policy went over time: pulls, rewards and exploration in some tens of stretches of its trials.

One pass over the log in its order, whatever its length. What comes up too often to be shown apart is put together:
contexts and arms beyond the most frequent ones are one context and one arm.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from loopwright.errors import UsageError
from loopwright.measure.change import Sums
from loopwright.records import Decision, Fields
from loopwright.runs.folder import RunFolder
from loopwright.runs.states import models_of
from loopwright.store import course
from loopwright.store.course import Earned, Taken
from loopwright.store.reader import RunReader
from loopwright.store.rows import TRIAL
from loopwright.store.values import from_json

if TYPE_CHECKING:
    from loopwright.policy.coefficients import Model

STRETCHES = 60
CONTEXTS = 12
ARMS = 24
BINS = 20
_FEW = 4
"""Contexts that are looked at one by one, however seldom they came."""


class Cell(NamedTuple):
    """What the decisions of one stretch came to: how many, how many rewards, the sums of these and of their squares, each as
    often as it weighs, and the sums of their weights and of the weights' squares."""

    pulls: int = 0
    rewards: int = 0
    total: float = 0.0
    squares: float = 0.0
    weight: float = 0.0
    heavy: float = 0.0

    def __add__(self, other: Cell) -> Cell:  # type: ignore[override]  # sums, where a tuple would be lengthened
        return Cell(*map(add, self, other))

    @property
    def mean(self) -> float | None:
        return self.total / self.weight if self.rewards else None

    @property
    def sums(self) -> Sums:
        """As of so many rewards of equal weight as tell as much: a heavy one is no more certain than another."""
        if not self.rewards:
            return Sums(0, 0.0, 0.0)
        share = self.weight / self.heavy
        return Sums(self.weight * share, self.total * share, self.squares * share)


NO_CELL = Cell()


def summed(cells: Iterable[Cell]) -> Cell:
    return reduce(add, cells, NO_CELL)


@dataclass(frozen=True, slots=True)
class Line:
    """One arm in one context, stretch by stretch; None stands for the contexts, or the arms, that are put together."""

    context: Fields | None
    arm: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """The whole. A stretch is `width` trials. `explored` counts decisions for another arm than the one that had the best
    mean in its context, as far as the policy had learned; `spread` counts rewards by value, in equal parts from 0 to 1."""

    trials: int
    width: int
    lines: tuple[Line, ...]
    explored: tuple[int, ...]
    decisions: tuple[int, ...]
    spread: tuple[int, ...]
    contexts: int
    arms: int
    last: tuple[Decision, ...]
    """The last decisions, in their order."""
    models: tuple[Model, ...]
    """What a linear policy makes of the features of contexts."""

    @property
    def apart(self) -> tuple[Line, ...]:
        """The lines of contexts that can be looked at one by one; none where hardly any context comes again."""
        frequent = sum(cell.pulls for line in self.lines if line.context is not None for cell in line.cells)
        pulls = sum(self.decisions)
        again = self.contexts <= _FEW or pulls >= 2 * self.contexts
        return self.lines if again and 2 * frequent >= pulls else ()


def course_of(folder: RunFolder, last: int = 0, most: int | None = None) -> Course:
    """With the last so many decisions, and with at most so many contexts apart."""
    with RunReader.open(folder.store) as reader:
        trials = reader.last(TRIAL) + 1
        contexts, arms = course.contexts(reader, CONTEXTS if most is None else most), course.arms(reader, ARMS)
        tally = _Tally(width(trials), frozenset(contexts.first), frozenset(arms.first))
        tally.read(course.taken(reader), course.earned(reader))
        decisions = reader.decisions(limit=last, newest=True).rows[::-1] if last else []
    order = {key: place for place, key in enumerate([*contexts.first, None])}
    keys = sorted(tally.cells, key=lambda key: (order[key[0]], key[1] is None, key[1] or ""))
    stretches = 1 + max((stretch for cells in tally.cells.values() for stretch in cells), default=-1)
    return Course(
        trials=trials,
        width=tally.width,
        lines=tuple(
            Line(None if key[0] is None else from_json(key[0]), key[1], _filled(tally.cells[key], stretches)) for key in keys
        ),
        explored=tuple(tally.explored[stretch] for stretch in range(stretches)),
        decisions=tuple(tally.decisions[stretch] for stretch in range(stretches)),
        spread=tuple(tally.spread),
        contexts=contexts.distinct,
        arms=arms.distinct,
        last=tuple(decisions),
        models=_models(folder),
    )


def _models(folder: RunFolder) -> tuple[Model, ...]:
    """A policy that is not there any more, as that of a plugin may be, makes nothing of anything."""
    try:
        return models_of(folder)
    except UsageError:
        return ()


def width(trials: int) -> int:
    """Of a stretch: 1, 2, 5, 10, 20, ..., so that there are not too many."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if trials <= step * STRETCHES:
                return step
        power *= 10


def _filled(cells: Mapping[int, _Sums], stretches: int) -> tuple[Cell, ...]:
    return tuple(Cell(*astuple(cells[stretch])) if stretch in cells else NO_CELL for stretch in range(stretches))


_Key = tuple[str | None, str | None]
_DUST = 1e-9  # sums of the same rewards in another order are the same mean


@dataclass(slots=True)
class _Sums:
    """A cell while it is being counted."""

    pulls: int = 0
    rewards: int = 0
    total: float = 0.0
    squares: float = 0.0
    weight: float = 0.0
    heavy: float = 0.0


@dataclass(slots=True)
class _Known:
    """What is known of the arms in one context: rewards and their sum, and the best mean, found again when it is asked for."""

    sums: dict[str, tuple[float, float]] = field(default_factory=dict)
    best: float | None = None

    def learn(self, arm: str, value: float, weight: float) -> None:
        times, total = self.sums.get(arm, (0.0, 0.0))
        self.sums[arm] = (times + weight, total + weight * value)
        self.best = None

    def passes_over_the_best(self, arm: str) -> bool:
        if arm not in self.sums:
            return True
        if self.best is None:
            self.best = max(total / times for times, total in self.sums.values())
        times, total = self.sums[arm]
        return total / times < self.best - _DUST


@dataclass(slots=True)
class _Tally:
    """The pass: what is known at a place of the log, and the sums so far."""

    width: int
    contexts: frozenset[str]
    arms: frozenset[str]
    cells: defaultdict[_Key, defaultdict[int, _Sums]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(_Sums)))
    explored: Counter[int] = field(default_factory=Counter)
    decisions: Counter[int] = field(default_factory=Counter)
    spread: list[int] = field(default_factory=lambda: [0] * BINS)
    known: defaultdict[str | None, _Known] = field(default_factory=lambda: defaultdict(_Known))

    def read(self, taken: Iterator[Taken], earned: Iterator[Earned]) -> None:
        """Before each decision comes what its policy had learned by then."""
        reward = next(earned, None)
        for decision in taken:
            while reward is not None and reward.settled_by < decision.version:
                self._learn(reward)
                reward = next(earned, None)
            self._take(decision)
        while reward is not None:
            self._learn(reward)
            reward = next(earned, None)

    def _take(self, decision: Taken) -> None:
        stretch = decision.trial // self.width
        context = decision.context if decision.context in self.contexts else None
        self._sums(context, decision.arm, stretch).pulls += 1
        self.decisions[stretch] += 1
        self.explored[stretch] += self.known[context].passes_over_the_best(decision.arm)

    def _learn(self, reward: Earned) -> None:
        value, weight = reward.value, reward.weight
        context = reward.context if reward.context in self.contexts else None
        sums = self._sums(context, reward.arm, reward.trial // self.width)
        sums.rewards += 1
        sums.total += weight * value
        sums.squares += weight * value * value
        sums.weight += weight
        sums.heavy += weight * weight
        self.spread[min(BINS - 1, max(0, int(value * BINS)))] += 1
        self.known[context].learn(reward.arm, value, weight)

    def _sums(self, context: str | None, arm: str, stretch: int) -> _Sums:
        return self.cells[context, arm if arm in self.arms else None][stretch]
