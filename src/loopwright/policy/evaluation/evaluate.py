"""Reads a log once, in order, and sums up what another policy would have earned at the decisions that it holds.

At every decision the policy under evaluation, the table of mean rewards and the run's own policy know what had settled by
then, and nothing later: so each score errs by nothing on average, given the past, however the log was gathered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from loopwright.policy.evaluation.interval import Estimate, Ratio, plain
from loopwright.policy.evaluation.log import Log, LoggedTrial
from loopwright.policy.evaluation.odds import Asked
from loopwright.policy.evaluation.support import Support, Weighed, warnings
from loopwright.policy.evaluation.table import Table
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Policy
from loopwright.policy.tally import key
from loopwright.records import Decision


@dataclass(frozen=True, slots=True)
class Setting:
    """`clip` is the largest weight; `draws` replace probabilities that nobody states; `frozen` holds the policy as it stands
    after the first half of the trials, and counts the second."""

    clip: float = 1000.0
    draws: int = 20
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the run earned per decision, and what the other policy would have; `gain` is the doubly robust difference."""

    earned: Estimate
    doubly_robust: Estimate
    snips: Estimate
    ips: Estimate
    direct: Estimate
    gain: Estimate
    support: Support
    warnings: tuple[str, ...]


def evaluate(log: Log, target: Policy, logging: Policy | None = None, setting: Setting | None = None) -> Evaluation:
    """What `target` would have earned. `logging`, the run's own policy, is asked where a stored probability is null."""
    setting = setting or Setting()
    reading = _Reading(log, target, logging, setting)
    for trial in log.trials:
        reading.read(trial)
    return reading.result()


class _Replay:
    """A policy that learns along the log."""

    def __init__(self, policy: Policy, log: Log, purpose: str) -> None:
        self._policy = policy
        self._log = log
        self._purpose = purpose
        self._memory = Memory(log.lag)
        self.held = False

    def at(self, decision: Decision) -> Asked:
        memory = self._memory if self.held else self._memory.as_of(decision.version)
        place = (self._log.seed, decision.id.trial, decision.id.step, self._purpose)
        return Asked(self._policy, memory, lambda rng: self._log.situate(decision, rng), place)

    def learn(self, trial: LoggedTrial) -> None:
        if self.held:
            return
        for lesson in trial.lessons:
            self._policy.learn(lesson, self._memory)
        self._memory.advance()


class _Score(NamedTuple):
    """One decision: what it earned, how it counts, what the other policy was expected to earn, and that mended by what came."""

    value: float
    weight: float
    expected: float
    robust: float


class _Sums:
    """One ratio per estimator; a trial's scores count as one."""

    def __init__(self) -> None:
        self.earned = Ratio()
        self.doubly_robust = Ratio()
        self.snips = Ratio()
        self.ips = Ratio()
        self.direct = Ratio()
        self.gain = Ratio()

    def add(self, scores: list[_Score]) -> None:
        counted = len(scores)
        earned = sum(score.value for score in scores)
        robust = sum(score.robust for score in scores)
        weighed = sum(score.weight * score.value for score in scores)
        self.earned.add(earned, counted)
        self.doubly_robust.add(robust, counted)
        self.snips.add(weighed, sum(score.weight for score in scores))
        self.ips.add(weighed, counted)
        self.direct.add(sum(score.expected for score in scores), counted)
        self.gain.add(robust - earned, counted)


class _Reading:
    def __init__(self, log: Log, target: Policy, logging: Policy | None, setting: Setting) -> None:
        self._setting = setting
        self._target = _Replay(target, log, "evaluate")
        self._logging = None if logging is None else _Replay(logging, log, "replay")
        self._table = Table()
        self._sums = _Sums()
        self._weighed = Weighed()
        self._from = log.length // 2 if setting.frozen else 0

    def read(self, trial: LoggedTrial) -> None:
        self._target.held = self._setting.frozen and trial.number >= self._from
        if trial.number >= self._from:
            self._weighed.unrewarded += sum(value is None for _, value in trial.decisions)
            scores = [self._score(decision, value) for decision, value in trial.decisions if value is not None]
            if scores:
                self._sums.add(scores)
                self._weighed.weights.add(sum(score.weight for score in scores), len(scores))
        self._target.learn(trial)
        if self._logging is not None:
            self._logging.learn(trial)
        for lesson in trial.lessons:
            self._table.learn(key(lesson.context), lesson.arm, lesson.value)

    def _score(self, decision: Decision, value: float) -> _Score:
        odds = self._target.at(decision).odds(self._setting.draws)
        self._weighed.counts["estimated"] += not odds.exact
        full = odds.shares.get(decision.arm, 0.0) * self._rarity(decision)
        weight = min(full, self._setting.clip)
        self._weighed.counts["clipped"] += weight < full
        expected = self._table.predict(key(decision.context), odds.shares, decision.arm)
        missed = value - expected.taken
        self._weighed.add(weight, decision, missed, odds.shares)
        return _Score(value, weight, expected.wanted, expected.wanted + weight * missed)

    def _rarity(self, decision: Decision) -> float:
        """One over the probability of the arm that the run took."""
        counts = self._weighed.counts
        if decision.probability is not None:
            counts["certain"] += decision.probability == 1 and len(decision.arms) > 1
            return 1 / decision.probability
        if self._logging is None:
            raise ValueError(f"decision {decision.id} has no probability, and no policy is given to compute it")
        counts["computed"] += 1
        rarity = self._logging.at(decision).rarity(decision.arm, self._setting.draws)
        counts["undrawn"] += not rarity.seen
        return rarity.value

    def result(self) -> Evaluation:
        sums, weighed = self._sums, self._weighed
        support = weighed.support()
        direct = sums.direct.estimate(0, 1, weighed.unweighted)
        trusted = math.sqrt(self._table.variance()) / max(1, support.decisions)
        return Evaluation(
            earned=sums.earned.estimate(0, 1, weighed.unweighted),
            doubly_robust=sums.doubly_robust.estimate(0, 1, weighed.carried),
            snips=sums.snips.estimate(0, 1, weighed.carried),
            ips=sums.ips.estimate(0, 1, weighed.carried),
            direct=plain(direct.mean, math.hypot(trusted, direct.error), 0, 1),
            gain=sums.gain.estimate(-1, 1, weighed.carried),
            support=support,
            warnings=tuple(warnings(support, self._setting.clip, self._setting.draws)),
        )
