"""How likely a policy is to take each arm at a logged decision: as it states it, or by repeated keyed draws of `choose`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Recollection
from loopwright.policy.modifier import innermost
from loopwright.policy.protocol import Policy, Sharing, Situation
from loopwright.records import Arm

MOST_DRAWS = 100
"""A logged arm is drawn for at most so many times the draws that were asked for."""

CLOSE = 1e-9
"""Probabilities that differ by less are the same."""


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
        if isinstance(innermost(self._policy), Sharing):
            situation = self._situate(Keyed(*self._place))
            found = cast(Sharing, self._policy).shares(situation, self._memory, draws)
            names = (arm.name for arm in situation.arms)
            return Odds({name: share for name, share in zip(names, found.each, strict=True) if share}, found.exact)
        shares: dict[str, float] = {}
        for number in range(draws):
            arm = self._draw(number).name
            shares[arm] = shares.get(arm, 0.0) + 1 / draws
        return Odds(shares, False)

    def rarity(self, arm: str, times: int) -> Rarity:
        """Inverse binomial sampling: the mean wait for an arm, here over so many times, is one over its probability."""
        seen = 0
        for number in range(times * MOST_DRAWS):
            seen += self._draw(number).name == arm
            if seen == times:
                return Rarity((number + 1) / times, True)
        return Rarity(times * MOST_DRAWS / max(1, seen), False)

    def _draw(self, number: int) -> Arm:
        seed, trial, step, purpose = self._place
        return self._policy.choose(self._situate(Keyed(seed, trial, step, f"{purpose} {number}")), self._memory).arm
