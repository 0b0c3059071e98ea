"""Sums of rewards per context and arm, the memory of tabular policies.

A place of the memory holds for every arm a list of whole numbers, each of them a sum in units of 1e-9. So their order does not
matter, two states merge exactly, and what was added can be taken away again. The first number is how much has been learned of
the arm, the second what it earned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from loopwright.errors import UsageError
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Lesson, new
from loopwright.records import Arm, Fields

UNIT = 1_000_000_000
"""1 as it is summed."""

UNKNOWN = 2.0
"""The mean of an arm that has earned nothing yet: above any other."""


class Standing(NamedTuple):
    """How arms compare: where each stands among them, their means, the only one with the best mean (-1 where several have it),
    that mean, and one that no other arm is above. It is carried from reward to reward, since mostly little of it changes."""

    arms: Sequence[Arm]
    places: Mapping[str, int]
    means: list[float]
    best: int
    top: float
    rest: float

    @classmethod
    def of(cls, arms: Sequence[Arm], places: Mapping[str, int], means: list[float]) -> Standing:
        *_, rest, top = sorted(means) if len(means) > 1 else (-1.0, *means)
        return cls(arms, places, means, -1 if rest == top else means.index(top), top, rest)

    def when(self, arm: str, mean: float) -> Standing:
        """The same but for the mean of one arm."""
        arms, places, means, best, top, rest = self
        at = places[arm]
        means = means.copy()
        means[at] = mean
        if at == best and mean > rest:
            return new(Standing, (arms, places, means, best, mean, rest))
        if mean < top and at != best >= 0:
            return new(Standing, (arms, places, means, best, top, rest if rest > mean else mean))
        return Standing.of(arms, places, means)


class Tallies(dict[str, tuple[int, int]]):
    """By arm: how often it was rewarded, and the sum, both in units of 1e-9. How the arms that were last compared stand follows
    from that, and is no part of the state."""

    __slots__ = ("standing",)

    standing: Standing | None

    @classmethod
    def of(cls, known: Mapping[str, Sequence[int]]) -> Tallies:
        """What was read from JSON, or worked out anew."""
        tallies = cls({arm: (sums[0], sums[1]) for arm, sums in known.items()})
        tallies.standing = None
        return tallies

    def compare(self, arms: Sequence[Arm]) -> Standing:
        """By each arm's mean; `UNKNOWN` where it has none, also because all of it has been taken away again."""
        standing = self.standing
        if standing is None or standing[0] is not arms:
            places = {arm.name: at for at, arm in enumerate(arms)}
            self.standing = standing = Standing.of(arms, places, [mean(self.get(arm.name)) for arm in arms])
        return standing

    def times(self, arm: str) -> int:
        return max(0, self[arm][0]) if arm in self else 0


def key(context: Fields) -> str:
    """Contexts are told apart by all they hold."""
    return orjson.dumps(context, option=orjson.OPT_SORT_KEYS).decode() if context else ""


def mean(tally: Sequence[int] | None) -> float:
    return tally[1] / tally[0] if tally and tally[0] > 0 else UNKNOWN


def tallies(context: Fields, memory: Recollection, room: str = "") -> Tallies:
    """What has been learned in this context."""
    found = memory.get(room + key(context) if context else room, _NOTHING)
    return found if type(found) is Tallies else Tallies.of(found)


def count(lesson: Lesson, memory: Memory, share: float = 1.0, room: str = "") -> None:
    """Adds a reward to its arm's tally, as if it had come `share` times. `room` keeps tallies of another purpose apart."""
    context, arm, value, _, _, _, weight = lesson
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"a policy learns from rewards within 0..1, and arm {arm!r} was given {value!r}")
    place = room + key(context) if context else room
    known = memory.get(place, _NOTHING)
    if type(known) is not Tallies:
        known = Tallies.of(known)
    times, total = known.get(arm, _ZERO)
    weight *= share
    times += UNIT if weight == 1.0 else round(weight * UNIT)
    total += round(weight * UNIT * value)
    now = Tallies(known)
    now[arm] = (times, total)
    standing = known.standing
    if standing is not None:
        standing = standing.when(arm, total / times if times > 0 else UNKNOWN) if arm in standing[1] else None
    now.standing = standing
    memory.put(place, now)


_NOTHING = Tallies.of({})
_ZERO = (0, 0)
