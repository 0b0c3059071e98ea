"""A baseline arm is played, except for a share of exploration, until another arm is surely better; then the policy decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, cached_property, partial
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from loopwright.policy.kl import lower
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.modifier import Modifier, innermost
from loopwright.policy.offered import offered
from loopwright.policy.protocol import NOTHING, Choice, Judging, Lesson, Shares, Sharing, Situation
from loopwright.policy.tally import UNIT, count, tallies
from loopwright.records import Fields

ROOM = "#safe"

DRAWS = 256
"""How often a policy that goes by what it draws is asked how it might have drawn."""


class _Ways(NamedTuple):
    """How a decision comes about: a share is made at random, the inner policy decides up to `trusted`, and else the baseline
    stands; until an arm is surely `better`."""

    floor: float
    trusted: float
    base: int
    better: str | None

    def mixed(self, inner: float, at: int, arms: int) -> float:
        """How likely an arm is, with what the inner policy makes of it."""
        return self.floor / arms + (self.trusted - self.floor) * inner + (1.0 - self.trusted) * (at == self.base)


class SafeStart(Modifier):
    """What is explored at random is a floor for ever: any arm keeps a chance of at least explore * at_random / arms, so that
    other policies can be judged from the log. The baseline comes back when the proof against it fades.

    A policy with features says itself what is surely better in a situation; for others the means of arms are compared.

    Where the policy inside takes the best of what it draws, a decision's probability is given the draws: those that decided and
    many more, of which any might have been the one. Its floor allows that, since then no arm is ever out of reach.
    """

    of_choices: ClassVar[frozenset[str]] = frozenset({"explore", "at_random", "confidence"})

    baseline: Annotated[str, Field(description="the arm that is played at first")]
    explore: Annotated[float, Field(gt=0, le=1, description="the share of choices that explore, at all times")] = 0.1
    at_random: Annotated[
        float, Field(ge=0, le=1, description="of those, the share made at random; the others are left to the policy")
    ] = 1.0
    confidence: Annotated[float, Field(gt=0, lt=1, description="how sure it must be that another arm is better")] = 0.95
    per_context: Annotated[bool, Field(description="compare within each context; false: over all of them")] = True

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        arms, rng = situation.arms, situation.rng
        explores = rng.random()
        ways = self._ways(situation, memory)
        own: Choice | None = None
        why: Callable[..., str]
        seen: tuple[Any, ...]
        if explores < ways.floor:
            at = rng.below(len(arms))
            why, seen = _at_random, (len(arms), ways.floor)
        elif explores >= ways.trusted:
            at = ways.base
            why, seen = _waits, (self.baseline,)
        else:
            own = self.inner.choose(situation, memory)
            at = next(at for at, arm in enumerate(arms) if arm.name == own.arm.name)
            why, seen = _released if ways.better else _tried, (ways.better or self.baseline, self.baseline, own)
        return Choice(arms[at], cache(partial(self._likely, situation, memory, ways, at, own)), why, seen)

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        ways, inner = self._ways(situation, memory), super().shares(situation, memory, draws)
        return inner._replace(each=[ways.mixed(share, at, len(inner.each)) for at, share in enumerate(inner.each)])

    def _ways(self, situation: Situation, memory: Recollection) -> _Ways:
        base = offered(self.baseline, situation.arms, "policy.safe_start.baseline")
        better = self._better(situation, base, memory)
        return _Ways(self.explore * self.at_random, 1.0 if better else self.explore, base, better)

    def _likely(self, situation: Situation, memory: Recollection, ways: _Ways, at: int, own: Choice | None) -> float | None:
        """Of the arm that was taken; `own` is the inner policy's choice, where it decided."""
        inner = self._inner_likely(situation, memory, ways, at, own) if ways.trusted > ways.floor else 0.0
        return None if inner is None else ways.mixed(inner, at, len(situation.arms))

    def _inner_likely(
        self, situation: Situation, memory: Recollection, ways: _Ways, at: int, own: Choice | None
    ) -> float | None:
        if not isinstance(innermost(self.inner), Sharing):
            return own and own.probability
        decided = int(own is not None)
        found = super().shares(situation, memory, DRAWS - decided)
        if found.exact:
            return found.each[at]
        return (found.each[at] * (DRAWS - decided) + decided) / DRAWS if ways.floor else None

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        if not self._judges:
            count(lesson._replace(context=self._compared(lesson.context)), memory, room=ROOM)
        self.inner.learn(lesson, memory)

    @cached_property
    def _judges(self) -> bool:
        return isinstance(innermost(self.inner), Judging)

    def _compared(self, context: Fields) -> Fields:
        return context if self.per_context else NOTHING

    def _better(self, situation: Situation, base: int, memory: Recollection) -> str | None:
        """An arm whose lower bound is above the baseline's mean."""
        if self._judges:
            return self.surely_better(situation, memory, base, self.confidence)
        known = tallies(self._compared(situation.context), memory, ROOM)
        arms, means = situation.arms, known.compare(situation.arms).means
        if not known.times(arms[base].name):
            return None
        doubt = -math.log(1.0 - self.confidence)
        for arm, mean in zip(arms, means, strict=True):
            times = known.times(arm.name) / UNIT
            if times and mean > means[base] and lower(mean, doubt / times) > means[base]:
                return arm.name
        return None


def _at_random(arms: int, floor: float) -> str:
    return f"explores: one of {arms} at random (share {floor:g})"


def _waits(baseline: str) -> str:
    return f"the baseline: no arm is surely better than {baseline} yet"


def _released(better: str, baseline: str, choice: Choice) -> str:
    return f"{choice.reason} (free since {better} is surely better than {baseline})"


def _tried(_: str, baseline: str, choice: Choice) -> str:
    return f"explores: {choice.reason} (no arm is surely better than {baseline} yet)"
