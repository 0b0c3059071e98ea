"""Sums of rewards per context and arm, the memory of tabular policies.

A place of the memory holds for every arm a list of whole numbers, each of them a sum in units of 1e-9. So their order does not
matter, two states merge exactly, and what was added can be taken away again. The first number is how much has been learned of
the arm, the second what it earned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from loopwright.errors import UsageError
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Lesson
from loopwright.records import Arm, Fields

UNIT = 1_000_000_000
"""1 as it is summed."""

UNKNOWN = 2.0
"""The mean of an arm that has earned nothing yet: above any other."""


class Tallies(dict[str, tuple[int, int]]):
    """By arm: how often it was rewarded, and the sum, both in units of 1e-9. `view` holds the arms that were last compared,
    where each stands among them, and their means, which follow from the sums and are no part of the state."""

    __slots__ = ("view",)

    view: tuple[Sequence[Arm], Mapping[str, int], list[float]] | None

    @classmethod
    def of(cls, known: Mapping[str, Sequence[int]]) -> Tallies:
        """What was read from JSON, or worked out anew."""
        tallies = cls({arm: (sums[0], sums[1]) for arm, sums in known.items()})
        tallies.view = None
        return tallies

    def compare(self, arms: Sequence[Arm]) -> list[float]:
        """Each arm's mean; `UNKNOWN` where it has none, also because all of it has been taken away again."""
        if self.view is not None and self.view[0] is arms:
            return self.view[2]
        means = [mean(self.get(arm.name)) for arm in arms]
        self.view = (arms, {arm.name: at for at, arm in enumerate(arms)}, means)
        return means

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
    weight *= share * UNIT
    times += round(weight)
    total += round(weight * value)
    now = Tallies(known)
    now[arm] = (times, total)
    view = known.view
    if view is not None and arm in view[1]:
        arms, at, means = view
        means = means.copy()
        means[at[arm]] = total / times if times > 0 else UNKNOWN
        now.view = (arms, at, means)
    else:
        now.view = None
    memory.put(place, now)


_NOTHING = Tallies.of({})
_ZERO = (0, 0)
