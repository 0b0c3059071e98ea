"""What other ways of asking again would have been worth on the same questions, from the log alone: per-decision, doubly robust.

Never to ask again is worth exactly the first answers. Of every other way, a question's score is what a model of rewards expects
of it at each decision that it would have come to, and the surprise of the arm that was taken, each weighted by how much
likelier that way would have been to get there than the run was. The model knows earlier questions alone, so scores err by
nothing on average.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, cast

from loopwright.policy.evaluation.interval import ANY, Evidence, silence, spread, weighed
from loopwright.policy.evaluation.table import Table
from loopwright.records import Decision, Json, Reward
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.policies import CELL, STOP
from loopwright.workflows.correction.spec import Reprompts
from loopwright.workflows.correction.traces import Trace
from loopwright.workflows.correction.trial import REWARDS

_ALL = 2.0
"""From a right answer that becomes wrong to a wrong one that becomes right."""

AT_RANDOM = "at random"

Shares: TypeAlias = Mapping[str, float]


class Way(NamedTuple):
    """How to ask again: how likely it takes each arm at its first decision, and at every later one; None stops there."""

    name: str
    first: Shares
    later: Shares | None


def ways(prompts: Sequence[str]) -> list[Way]:
    """At random, once or always; and so each prompt."""
    even = dict.fromkeys(prompts, 1.0 / len(prompts))
    return [
        Way(f"{times}, {name}", shares, shares if times == "always" else None)
        for name, shares in [(AT_RANDOM, even), *((prompt, {prompt: 1.0}) for prompt in prompts)]
        for times in ("once", "always")
    ]


class Value(NamedTuple):
    """What a question gains over never asking again, in correct answers less their price. `worth` is how many questions of the
    way's own the log stands for; where they are below two the rest is None."""

    way: str
    gain: float | None
    low: float | None
    high: float | None
    worth: float

    def plain(self) -> dict[str, Json]:
        return {name: value for name, value in self._asdict().items() if name != "way"}


@dataclass(slots=True)
class _Sums:
    """Of a way's scores and weights, by question."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    weights: float = 0.0
    weights_squared: float = 0.0

    def add(self, score: float, weight: float) -> None:
        self.n += 1
        self.total += score
        self.squares += score * score
        self.weights += weight
        self.weights_squared += weight * weight

    def value(self, way: str, missed: float) -> Value:
        """`missed` is the mean square of what rewards of asking again were off from what was expected."""
        rests_on = weighed(self.weights, self.weights_squared, missed)
        worth = min(rests_on.effective, self.n)
        if worth < 2:
            return Value(way, None, None, None, worth)
        over, mean = (self.n, self.n), self.total / self.n
        usual = spread(self.weights / self.n, self._off(self.weights, self.weights_squared), over, Evidence(worth, 0.0), ANY)
        rests_on = rests_on._replace(silent=_ALL * silence(usual))
        found = spread(mean, self._off(self.total, self.squares), over, rests_on, (-math.inf, 1.0))
        return Value(way, mean, found.low, found.high, worth)

    def _off(self, total: float, squares: float) -> float:
        return max(0.0, squares - total * total / self.n)


@dataclass(slots=True)
class Values:
    """Is told every trace once, in order. `unstated` is whether a decision had no probability: then nothing can be told."""

    ways: list[Way]
    unstated: bool = False
    _table: Table = field(default_factory=Table)
    _sums: dict[str, _Sums] = field(default_factory=dict)
    _missed: _Sums = field(default_factory=lambda: _Sums(n=1, squares=1.0))
    """By how much rewards of asking again were off from what was expected; and once more, by an answer that turned, since a few
    that did not turn say little of those that will."""

    @classmethod
    def of(cls, reprompts: Reprompts) -> Values:
        return cls(ways([arm.name for arm in bank.arms(reprompts)[1:]]))

    def add(self, trace: Trace) -> None:
        if self.unstated or not trace.decisions or any(each.id not in trace.rewards for each in trace.decisions):
            return
        if trace.turns[0]["by"] != "reference":
            return
        if any(each.probability is None for each in trace.decisions):
            self.unstated = True
            return
        expected = [self._expected(each) for each in trace.decisions]
        for way in self.ways:
            score, weight = _score(way, trace, expected)
            self._sums.setdefault(way.name, _Sums()).add(score, weight)
        for decision, means in zip(trace.decisions, expected, strict=True):
            if decision.arm != STOP:
                earned = _own(trace.rewards[decision.id])
                self._missed.add(earned - means[decision.arm], 1.0)
                self._table.learn(str(decision.context[CELL]), decision.arm, REWARDS.scale(earned))

    def found(self) -> list[Value]:
        """Those that are surest to gain first."""
        missed = self._missed.squares / self._missed.n
        values = [sums.value(name, missed) for name, sums in self._sums.items()] if not self.unstated else []
        return sorted(values, key=lambda each: -math.inf if each.low is None else each.low, reverse=True)

    def plain(self) -> dict[str, Json] | None:
        """By way; None where the run's policy states no probabilities."""
        return None if self.unstated else {each.way: each.plain() for each in self.found()}

    def _expected(self, decision: Decision) -> dict[str, float]:
        """Of each arm, in correct answers. A stop earns exactly 0."""
        means = self._table.means(str(decision.context[CELL]), self._arms)
        return {STOP: 0.0, **{arm: REWARDS.low + (REWARDS.high - REWARDS.low) * mean for arm, mean in means.items()}}

    @property
    def _arms(self) -> Shares:
        """All that there are besides to stop."""
        return self.ways[0].first


def _score(way: Way, trace: Trace, expected: Sequence[Shares]) -> tuple[float, float]:
    """And the weight of the last decision that the way would have come to."""
    score, reached = 0.0, 1.0
    for step, (decision, means) in enumerate(zip(trace.decisions, expected, strict=True)):
        shares = way.later if step else way.first
        if shares is None or not reached:
            break
        score += reached * sum(share * means[arm] for arm, share in shares.items())
        reached *= shares.get(decision.arm, 0.0) / (decision.probability or 1.0)
        score += reached * (_own(trace.rewards[decision.id]) - means[decision.arm])
    return score, reached


def _own(reward: Reward) -> float:
    """What the decision itself brought, also where it was credited with what followed."""
    own = reward.parts.get("own", reward.raw)
    return min(REWARDS.high, max(REWARDS.low, cast(float, own)))
