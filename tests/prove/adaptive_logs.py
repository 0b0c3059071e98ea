"""Logs of policies that learn while they gather them, in worlds whose every mean reward is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated

from pydantic import Field

from loopwright.policy import build
from loopwright.policy.evaluation import Log, Logged, LoggedTrial, evaluate
from loopwright.policy.evaluation.odds import Asked
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Lesson, Policy, Situation
from loopwright.policy.tally import key
from loopwright.records import Arm, Decision, DecisionId
from loopwright.spec.blocks import Block, Named


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
    """Mean rewards by context and arm; a reward is 0 or 1, or near its mean where there is little `noise`."""

    means: tuple[tuple[float, ...], ...]
    trials: int = 1000
    window: int = 4
    steps: int = 1
    noise: float | None = None

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple("abcdefghijklmnop"[: len(self.means[0])])

    def mean(self, context: int, arm: str) -> float:
        return self.means[context][self.arms.index(arm)]

    def reward(self, mean: float, rng: Keyed) -> float:
        if self.noise is None:
            return float(rng.random() < mean)
        return mean + self.noise * (rng.random() - 0.5)


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
    return Log(trials, world.trials, lag, seed)


def _trial(world: World, policy: Policy, memory: Memory, seed: int, number: int) -> LoggedTrial:
    version = max(0, number - world.window + 1)
    arms = tuple(map(Arm, world.arms))
    logged, lessons = [], []
    luck = Keyed(seed, number, 0, "luck")
    for step in range(world.steps):
        place = Keyed(seed, number, step, "world").below(len(world.means))
        context = {"place": place}
        situation = Situation(context, arms, number, Keyed(seed, number, step, "choose"))
        choice = policy.choose(situation, memory.as_of(version))
        value = world.reward(world.mean(place, choice.arm.name), luck)
        id = DecisionId(number, step)
        decision = Decision(id, context, world.arms, choice.arm.name, choice.probability, version, choice.reason)
        logged.append(Logged(decision, value))
        lessons.append(Lesson(context, choice.arm.name, value))
    return LoggedTrial(number, logged, lessons)


def truth(world: World, log: Log, target: Policy) -> float:
    """What the target, as it learns along this log, earns in the mean at situations as they come up in this world."""
    memory = Memory(log.lag)
    total = counted = 0.0
    for trial in log.trials:
        for decision, _ in trial.decisions:
            for place in range(len(world.means)):
                total += _mean(world, target, memory.as_of(decision.version), decision, place) / len(world.means)
            counted += 1
        for lesson in trial.lessons:
            target.learn(lesson, memory)
        memory.advance()
    return total / counted


def _mean(world: World, target: Policy, memory: Recollection, decision: Decision, place: int) -> float:
    arms = tuple(map(Arm, world.arms))
    where = (place, *decision.id, "truth")
    asked = Asked(target, memory, lambda rng: Situation({"place": place}, arms, decision.id.trial, rng), where)
    return sum(share * world.mean(place, arm) for arm, share in asked.odds(20).shares.items())


@dataclass(frozen=True, slots=True)
class Tale:
    """What the logs came to: how many intervals held the truth, and how wide they are beside those of the true variance."""

    coverage: float
    width: float
    bias: float


def campaign(world: World, logging: Policy, target: str | dict[str, object], seeds: Iterable[int]) -> Tale:
    other = build(Named.model_validate(target))
    errors, widths, held = [], [], 0
    for seed in seeds:
        log = gathered(world, logging, seed)
        true = truth(world, log, other)
        told = evaluate(log, other, logging)
        estimate = told.doubly_robust
        errors.append(estimate.mean - true)
        widths.append(estimate.high - estimate.low)
        held += estimate.low <= true <= estimate.high
    logs = len(errors)
    spread = math.sqrt(sum(error**2 for error in errors) / logs)
    return Tale(held / logs, sum(widths) / logs / (2 * 1.959964 * spread), sum(errors) / logs)


def worlds() -> Iterator[tuple[str, World]]:
    yield "plain", World(((0.3, 0.5, 0.7),))
    yield "many arms", World(((0.1, 0.2, 0.3, 0.4, 0.5, 0.7),), trials=2000)
    yield "contexts", World(((0.2, 0.8, 0.5), (0.7, 0.3, 0.5), (0.4, 0.5, 0.6)), window=16)
    yield "little noise", World(((0.2, 0.8, 0.5), (0.7, 0.3, 0.5)), noise=0.1)
    yield "steps", World(((0.3, 0.5, 0.7), (0.6, 0.4, 0.2)), trials=400, steps=3)
