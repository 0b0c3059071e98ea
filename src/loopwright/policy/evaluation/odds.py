"""How likely a policy is to take each arm at a logged decision: as it states it, or by repeated keyed draws of `choose`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Recollection
from loopwright.policy.protocol import Choice, Policy, Situation

MOST_DRAWS = 100
"""A logged arm is drawn for at most so many times the draws that were asked for."""

CLOSE = 1e-9
"""Probabilities that differ by less are the same."""

_HIGH = (1 << 64) - (1 << 32)
_STEERED = 3
_HALVINGS = 10


class Odds(NamedTuple):
    """By arm; `exact` where the policy states them, else frequencies of draws, which are right on average."""

    shares: Mapping[str, float]
    exact: bool


class Rarity(NamedTuple):
    """One over the probability of an arm, right on average where it is `sure`: the arm has come as often as was asked."""

    value: float
    sure: bool


class Asked:
    """A policy before one decision, asked again and again with other random numbers."""

    __slots__ = ("_memory", "_place", "_policy", "_situate")

    def __init__(
        self, policy: Policy, memory: Recollection, situate: Callable[[Keyed], Situation], place: tuple[int, int, int, str]
    ) -> None:
        self._policy = policy
        self._memory = memory
        self._situate = situate
        self._place = place

    def odds(self, draws: int) -> Odds:
        """Of every arm."""
        stated = self._stated()
        if stated is not None:
            return Odds(stated, True)
        shares: dict[str, float] = {}
        for number in range(draws):
            arm = self._draw(number).arm.name
            shares[arm] = shares.get(arm, 0.0) + 1 / draws
        return Odds(shares, False)

    def rarity(self, arm: str, times: int) -> Rarity:
        """Inverse binomial sampling: the mean wait for an arm, here over so many times, is one over its probability."""
        seen = 0
        for number in range(times * MOST_DRAWS):
            seen += self._draw(number).arm.name == arm
            if seen == times:
                return Rarity((number + 1) / times, True)
        return Rarity(times * MOST_DRAWS / max(1, seen), False)

    def _stated(self) -> dict[str, float] | None:
        """What the policy states of one arm after the other, once they add up; None where it does not."""
        stated: dict[str, float] = {}
        missing = 1.0
        for arm, probability, *_ in self._steered():
            if probability is None:
                return None
            missing -= probability - stated.get(arm.name, 0.0)
            stated[arm.name] = probability
            if missing < CLOSE:
                return stated if missing > -CLOSE else None
        return None

    def _steered(self) -> Iterator[Choice]:
        """Choices that lead to every arm: first by numbers that make a policy explore, pick at once, or exploit, each with one
        after the other of its picks; then by ever smaller ones, since a number that makes it explore may also be its pick; then
        by numbers between two that led to different arms."""
        arms = len(self._situate(Keyed(0)).arms)
        picks = _picks(arms)
        found: list[tuple[int, str]] = []
        for pick in picks:
            yield self._choose(Steered(0, pick, self._place))
        for bits in (*picks, _HIGH):
            choice = self._choose(Steered(bits, bits, self._place))
            yield choice
            found.append((bits, choice.arm.name))
        for pick in picks:
            yield self._choose(Steered(_HIGH, pick, self._place))
        for halved in range(1, _HALVINGS):
            for bits in _picks(2 * arms):
                yield self._choose(Steered(bits >> halved, bits, self._place))
        for _ in range(16 + 8 * arms):
            gaps = [(b - a, a) for (a, one), (b, other) in pairwise(found) if one != other]
            if not gaps:
                return
            width, start = max(gaps)
            bits = start + width // 2
            choice = self._choose(Steered(bits, bits, self._place))
            yield choice
            found = sorted([*found, (bits, choice.arm.name)])

    def _draw(self, number: int) -> Choice:
        seed, trial, step, purpose = self._place
        return self._choose(Keyed(seed, trial, step, f"{purpose} {number}"))

    def _choose(self, rng: Keyed) -> Choice:
        return self._policy.choose(self._situate(rng), self._memory)


class Steered(Keyed):
    """Its first numbers are made of the bits that were given; those that follow are keyed, so that no policy draws forever."""

    __slots__ = ()

    def __init__(self, first: int, rest: int, place: tuple[int, int, int, str]) -> None:
        self._place = place
        self._counter = 1  # what would have come first is replaced
        self._block = [*(rest,) * _STEERED, first]


@lru_cache(100)
def _picks(count: int) -> tuple[int, ...]:
    return tuple(_pick(place, count) for place in range(count))


def _pick(place: int, count: int) -> int:
    """Bits that come to this place among so many, whether the draw takes their share of the range or a remainder."""
    start = (place << 64) // count + (1 << 40)
    return start + (place - start) % count
