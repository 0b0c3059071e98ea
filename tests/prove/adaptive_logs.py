"""Logs of policies that learn while they gather them, in worlds whose every mean reward is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Annotated, NamedTuple, TypeAlias, cast

from pydantic import Field

from loopwright.policy import build
from loopwright.policy.epsilon_greedy import EpsilonGreedy
from loopwright.policy.evaluation import Evaluation, Log, Logged, LoggedTrial, Setting, computed, evaluate
from loopwright.policy.evaluation.odds import Asked
from loopwright.policy.fixed import Fixed
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Policy, Situation
from loopwright.policy.tally import key
from loopwright.policy.uniform import Uniform
from loopwright.records import Arm, Decision, DecisionId
from loopwright.spec.blocks import Block, Named

Target: TypeAlias = str | dict[str, object]

ZERO = 0.5
"""What stopping earns: rewards may be above it and below."""


class Leaning(Block):
    """Arms in proportion to the exponential of what they earned, above a floor; `silent` about how likely each was."""

    floor: Annotated[float, Field(ge=0, le=1)] = 0.1
    sharp: float = 6.0
    silent: bool = False

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        known = memory.get(key(situation.context), {})
        pulls = [math.exp(self.sharp * _average(known.get(arm.name))) for arm in situation.arms]
        even = self.floor / len(pulls)
        shares = [even + (1 - self.floor) * pull / sum(pulls) for pull in pulls]
        drawn = situation.rng.random()
        at = next((at for at, reached in enumerate(accumulate(shares)) if drawn < reached), len(shares) - 1)
        return Choice(situation.arms[at], None if self.silent else shares[at], "as it leans")

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        place = key(lesson.context)
        known = memory.get(place, {})
        times, total = known.get(lesson.arm, (0, 0.0))
        memory.put(place, {**known, lesson.arm: (times + 1, total + lesson.value)})


def _average(sums: tuple[int, float] | None) -> float:
    return 1.0 if sums is None else sums[1] / sums[0]


@dataclass(frozen=True, slots=True)
class World:
    """Mean rewards by context and arm; a reward is 0 or 1, or near its mean where there is little `noise`. Contexts come by
    chance, or, where an arm `leads`, the first of a trial does and its arm decides the next. Where it `stops`, the first arm
    ends a trial, and earns exactly `ZERO`."""

    means: tuple[tuple[float, ...], ...]
    trials: int = 1000
    window: int = 4
    steps: int = 1
    noise: float | None = None
    leads: bool = False
    stops: bool = False

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple("abcdefghijklmnop"[: len(self.means[0])])

    @property
    def places(self) -> range:
        return range(len(self.means))

    def reward(self, place: int, arm: int, rng: Keyed) -> float:
        mean = self.means[place][arm]
        if self.stops and not arm:
            return ZERO
        if self.noise is None:
            return float(rng.random() < mean)
        return mean + self.noise * (rng.random() - 0.5)

    def next(self, arm: int) -> int:
        return arm % len(self.means)


def gathered(world: World, policy: Policy, seed: int) -> Log:
    """What the policy logs while it learns."""
    lag = world.window - 1
    memory = Memory(lag)
    trials = []
    for number in range(world.trials):
        trial = _trial(world, policy, memory, seed, number)
        for lesson in trial.lessons:
            policy.learn(lesson, memory)
        memory.advance()
        trials.append(trial)
    return Log(trials, world.trials, lag, seed, zero=ZERO if world.stops else None)


def _trial(world: World, policy: Policy, memory: Memory, seed: int, number: int) -> LoggedTrial:
    version = max(0, number - world.window + 1)
    arms = tuple(map(Arm, world.arms))
    logged, lessons = [], []
    luck = Keyed(seed, number, 0, "luck")
    arm = 0
    for step in range(world.steps):
        place = world.next(arm) if world.leads and step else Keyed(seed, number, step, "world").below(len(world.means))
        context = {"place": place}
        situation = Situation(context, arms, number, Keyed(seed, number, step, "choose"))
        choice = policy.choose(situation, memory.as_of(version))
        arm = arms.index(choice.arm)
        value = world.reward(place, arm, luck)
        id = DecisionId(number, step)
        decision = Decision(id, context, world.arms, choice.arm.name, choice.probability, version, "")
        logged.append(Logged(decision, value))
        lessons.append(Lesson(context, choice.arm.name, value))
        if world.stops and not arm:
            break
    return LoggedTrial(number, logged, lessons)


def truth(world: World, log: Log, target: Policy) -> float:
    """What the target, as it learns along this log, earns in the mean per decision, wherever its own arms lead it; where it
    stops per trial, and above `ZERO`."""
    memory = Memory(log.lag)
    odds: dict[int, Mapping[str, float]] = {}
    trials = list(log.trials)
    if isinstance(target, (Fixed, Uniform)):
        return _mean(world, [_odds(world, target, memory, 0, place) for place in world.places])
    total, known = 0.0, 0
    for number, trial in enumerate(trials):
        version = trial.decisions[0].decision.version
        for settled in trials[known:version]:
            for lesson in settled.lessons:
                odds.pop(cast(int, lesson.context["place"]), None)
        known = version
        for place in world.places:
            if place not in odds:
                odds[place] = _odds(world, target, memory.as_of(version), number, place)
        total += _mean(world, odds)
        for lesson in trial.lessons:
            target.learn(lesson, memory)
        memory.advance()
    return total / log.length


def _mean(world: World, odds: Mapping[int, Mapping[str, float]] | Sequence[Mapping[str, float]]) -> float:
    """Over the steps of a trial. `odds` are how likely the target takes each arm, by context."""
    if world.stops:
        return _whole(world, odds)
    even = [1 / len(world.means)] * len(world.means)
    here, total, names = even, 0.0, world.arms
    for _ in range(world.steps):
        there = [0.0] * len(even)
        for place, known in enumerate(here):
            for arm, mean in enumerate(world.means[place]):
                likely = known * odds[place].get(names[arm], 0.0)
                total += likely * mean
                there[world.next(arm)] += likely
        here = there if world.leads else even
    return total / world.steps


def _whole(world: World, odds: Mapping[int, Mapping[str, float]] | Sequence[Mapping[str, float]]) -> float:
    """All that a trial of contexts by chance earns until it stops."""
    stop, *others = world.arms
    gain = sum(odds[at].get(arm, 0.0) * (world.means[at][1 + n] - ZERO) for at in world.places for n, arm in enumerate(others))
    goes_on = 1 - sum(odds[at].get(stop, 0.0) for at in world.places) / len(world.means)
    return sum(goes_on**step for step in range(world.steps)) * gain / len(world.means)


def _odds(world: World, target: Policy, memory: Recollection, trial: int, place: int) -> Mapping[str, float]:
    """By arithmetic where that is short, which is faster and does not lean on what is to be proven."""
    if isinstance(target, EpsilonGreedy) and target.epsilon is not None:
        return _greedy(world, target.epsilon, memory.get(key({"place": place}), {}))
    arms = tuple(map(Arm, world.arms))
    return (
        Asked(target, memory, lambda rng: Situation({"place": place}, arms, trial, rng), (place, trial, 0, "truth"))
        .odds(20)
        .shares
    )


def _greedy(world: World, epsilon: float, known: Mapping[str, Sequence[int]]) -> Mapping[str, float]:
    means = {arm: known[arm][1] / known[arm][0] if arm in known else 2.0 for arm in world.arms}
    best = [arm for arm, mean in means.items() if mean == max(means.values())]
    return {arm: epsilon / len(means) + (1 - epsilon) / len(best) * (arm in best) for arm in means}


@dataclass(frozen=True, slots=True)
class Tale:
    """What the logs came to: how many intervals held the truth, how wide they are beside those of the true variance, by how
    much the estimates are off in the mean, and how many came with a warning about support."""

    logs: int
    coverage: float
    width: float
    bias: float
    warned: float

    def __str__(self) -> str:
        covers = f"{self.logs:,} logs  covers {self.coverage:6.1%}  {self.width:.2f} as wide"
        return f"{covers}  off by {self.bias:+.4f}  warned in {self.warned:4.0%}"


THIN = ("support is thin", "could not have done", "; the run took it ")
"""Words of the warnings about support."""


class _Told(NamedTuple):
    off: float
    width: float
    held: bool
    warned: bool


class Cell(NamedTuple):
    """Another policy, and whether each decision is asked of alone."""

    target: Target
    alone: bool = False


def campaign(world: World, logging: Policy, cells: Mapping[str, Cell], seeds: Iterable[int]) -> dict[str, Tale]:
    """All cells are asked of the same logs."""
    others = {name: build(Named.model_validate(cell.target)) for name, cell in cells.items()}
    told: dict[str, list[_Told]] = {name: [] for name in cells}
    for seed in seeds:
        log = gathered(world, logging, seed)
        asked = replace(log, trials=list(computed(log, logging, 20).trials)) if _silent(log) else log
        known: dict[str, float] = {}
        for name, (target, alone) in cells.items():
            other = others[name]
            if str(target) not in known:
                known[str(target)] = truth(world, log, other)
            told[name].append(_tell(evaluate(asked, other, Setting(alone=alone)), known[str(target)]))
    return {name: _tale(each) for name, each in told.items()}


def _silent(log: Log) -> bool:
    return any(decision.probability is None for trial in log.trials for decision, *_ in trial.decisions)


def _tell(evaluation: Evaluation, true: float) -> _Told:
    mean, _, low, high = evaluation.doubly_robust
    warned = any(words in said for said in evaluation.warnings for words in THIN)
    return _Told(mean - true, high - low, low <= true <= high, warned)


def _tale(told: Sequence[_Told]) -> Tale:
    logs = len(told)
    spread = math.sqrt(sum(each.off**2 for each in told) / logs)
    width = sum(each.width for each in told) / logs / (2 * 1.959964 * spread)
    return Tale(
        logs,
        sum(each.held for each in told) / logs,
        width,
        sum(each.off for each in told) / logs,
        sum(each.warned for each in told) / logs,
    )


def worlds() -> Iterator[tuple[str, World]]:
    yield "plain", World(((0.3, 0.5, 0.7),))
    yield "many arms", World(((0.1, 0.2, 0.3, 0.4, 0.5, 0.7),), trials=2000)
    yield "contexts", World(((0.2, 0.8, 0.5), (0.7, 0.3, 0.5), (0.4, 0.5, 0.6)), window=16)
    yield "little noise", World(((0.2, 0.8, 0.5), (0.7, 0.3, 0.5)), noise=0.1)
    yield "steps", World(((0.3, 0.5, 0.7), (0.6, 0.4, 0.2)), trials=400, steps=3)
    yield "steps that lead", World(((0.3, 0.5), (0.7, 0.4)), trials=600, steps=2, leads=True)
