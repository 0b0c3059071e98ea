"""Reads a log once, in order, and sums up what another policy would have earned at the decisions that it holds.

At every decision the policy under evaluation and the reward model know what had settled by then, and nothing later: so each
doubly robust score errs by nothing on average, given the past (a martingale difference), however the log was gathered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from loopwright.errors import UsageError
from loopwright.policy.evaluation.interval import ANY, SCALED, Estimate, Evidence, Floats, evidence, normal, ratio, silence
from loopwright.policy.evaluation.log import Log, Logged, LoggedTrial
from loopwright.policy.evaluation.replay import Replay
from loopwright.policy.evaluation.support import Support, Tried, warnings
from loopwright.policy.evaluation.table import Table
from loopwright.policy.protocol import Policy
from loopwright.policy.tally import key


@dataclass(frozen=True, slots=True)
class Setting:
    """`clip` is the largest weight; `draws` replace probabilities that nobody states; `frozen` holds the policy as it stands
    after the first half of the trials, and counts the second; `alone` asks of each decision by itself, with the rest of its
    trial as the run decided it."""

    clip: float = 1000.0
    draws: int = 20
    frozen: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Evaluation:
    """What the run earned per decision, and what the other policy would have; `gain` is the doubly robust difference. Where the
    log has a `zero` it is per trial, and above that."""

    earned: Estimate
    doubly_robust: Estimate
    snips: Estimate
    ips: Estimate
    direct: Estimate
    gain: Estimate
    support: Support
    warnings: tuple[str, ...]

    def times(self, span: float) -> Evaluation:
        """With all estimates in a unit of which so many make one of these."""
        told: dict[str, Any] = {name: each.times(span) for name, each in vars(self).items() if isinstance(each, Estimate)}
        return replace(self, **told)


def evaluate(log: Log, target: Policy, setting: Setting | None = None) -> Evaluation:
    """What `target` would have earned. Null probabilities of the log are for `computed` to fill in before."""
    setting = setting or Setting()
    reading = _Reading(log, target, setting)
    for trial in log.trials:
        reading.read(trial)
    return reading.result()


class _Score(NamedTuple):
    """A rewarded decision, with the `full` weight of its reward and what clipping leaves of it. The reward model expected
    `wanted` of the other policy and `missed` the reward by so much; `robust` is the doubly robust score."""

    trial: int
    value: float
    full: float
    weight: float
    wanted: float
    missed: float
    robust: float


class _Reading:
    def __init__(self, log: Log, target: Policy, setting: Setting) -> None:
        self._setting = setting
        self._target = Replay(target, log, "evaluate")
        self._table = Table()
        self._tried = Tried()
        self._scores: list[_Score] = []
        self._wanted = 0.5
        self._from = log.length // 2 if setting.frozen else 0
        self._zero = None if setting.alone else log.zero

    def read(self, trial: LoggedTrial) -> None:
        self._target.held = self._setting.frozen and trial.number >= self._from
        if trial.number >= self._from:
            reached, usual = 1.0, self._wanted / (1 + len(self._scores)) if self._zero is None else self._zero
            for logged in trial.decisions:
                weight = self._weigh(logged, reached, usual)
                reached = 1.0 if self._setting.alone else weight
        self._target.learn(trial)
        for lesson in trial.lessons:
            self._table.learn(key(lesson.context), lesson.arm, lesson.value)

    def _weigh(self, logged: Logged, reached: float, usual: float) -> float:
        """Per-decision importance sampling: how much likelier the other policy is to take this arm than the run was, times how
        much likelier it is to have `reached` this decision. That multiplies only what is not `usual` of getting here."""
        decision, value, _ = logged
        if decision.probability is None:
            raise ValueError(f"decision {decision.id} has no probability: compute it first")
        odds = self._target.at(decision).odds(self._setting.draws)
        full = reached * odds.shares.get(decision.arm, 0.0) / decision.probability
        weight = min(full, self._setting.clip)
        self._tried.add(logged, odds, weight < full)
        if value is not None:
            wanted, taken = self._table.predict(key(decision.context), odds.shares, decision.arm)
            robust = usual + reached * (wanted - usual) + weight * (value - taken)
            self._scores.append(_Score(decision.id.trial, value, full, weight, wanted, value - taken, robust))
            self._wanted += wanted
        return weight

    def result(self) -> Evaluation:
        if not self._scores:
            raise UsageError(f"no decision{' of the second half' * self._setting.frozen} has earned anything")
        trial, value, full, weight, wanted, missed, robust = np.array(self._scores).T
        of_trial, steps = np.unique(trial, return_inverse=True, return_counts=True)[1:]
        ends = steps.cumsum() - 1

        def summed(each: Floats) -> Floats:
            """By trial: steps that share a fortune do not pass for independent evidence."""
            return np.bincount(of_trial, each).astype(float)

        if self._zero is None:
            counted, weights, fulls = steps.astype(float), summed(weight), summed(full)
            weighed, within, most = evidence(weight, missed), SCALED, 1
        else:  # a trial counts once, by how likely the other policy was to come to its end
            counted, weights, fulls = np.ones(len(steps)), weight[ends], full[ends]
            weighed, within, most = evidence(weights, missed), ANY, int(steps.max())
            value, robust = value - self._zero, robust - self._zero
        plain, usual = evidence(np.ones_like(value), missed), ratio(fulls, counted, Evidence(weighed.effective, 0.0), ANY)
        weighed = weighed._replace(silent=silence(usual) if weighed.effective else 1.0)
        support = self._tried.support(float(fulls.sum() / counted.sum()), weighed, None if self._zero is None else len(steps))
        weighed = weighed._replace(silent=most * weighed.silent)  # that much of a whole trial's steps could be worth anything
        return Evaluation(
            earned=ratio(summed(value), counted, plain, within),
            doubly_robust=ratio(summed(robust), counted, weighed, within),
            snips=ratio(summed(weight * value), weights, weighed, within),
            ips=ratio(summed(weight * value), counted, weighed, within),
            direct=self._direct(summed(wanted), counted, plain),
            gain=ratio(summed(robust - value), counted, weighed, (-within[1], within[1])),
            support=support,
            warnings=tuple(warnings(support, self._setting.clip, self._setting.draws)),
        )

    def _direct(self, wanted: Floats, counted: Floats, plain: Evidence) -> Estimate:
        """Of whole trials a table of decisions tells nothing."""
        if self._zero is not None:
            return Estimate(math.nan, math.nan, *ANY)
        model = self._table.direct()
        return normal(model.mean, math.hypot(model.error, ratio(wanted, counted, plain).error))
