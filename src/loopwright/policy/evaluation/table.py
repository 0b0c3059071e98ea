"""The reward model: the mean reward per context and arm, drawn towards coarser means where little is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PRIOR = 1.0
"""How many rewards the next coarser mean counts for: an arm's in a context, that of all arms for an arm."""

MOST_CONTEXTS = 10_000
"""Contexts that are told apart; those that come up later share one row."""

_REST = "\x00the rest"


class _Sums:
    """Rewards of a cell, and how often a policy would have come to it."""

    __slots__ = ("squares", "times", "total", "wanted")

    def __init__(self) -> None:
        self.times = 0
        self.total = 0.0
        self.squares = 0.0
        self.wanted = 0.0

    def learn(self, value: float) -> None:
        self.times += 1
        self.total += value
        self.squares += value * value

    def towards(self, coarser: float) -> float:
        return (self.total + PRIOR * coarser) / (self.times + PRIOR)

    def variance(self) -> float:
        """Of the cell's mean. The prior stands for a reward that was 0 or 1, no one knows which."""
        seen = self.times + PRIOR
        mean = (self.total + PRIOR * 0.5) / seen
        return ((self.squares + PRIOR * 0.5) / seen - mean * mean) / seen


class Predicted(NamedTuple):
    """What a decision is expected to earn: by the arms that a policy would take, and by the one that was taken."""

    wanted: float
    taken: float


class Direct(NamedTuple):
    mean: float
    error: float


class Table:
    """Contexts are told apart by all they hold."""

    def __init__(self) -> None:
        self._all = _Sums()
        self._arms: dict[str, _Sums] = {}
        self._cells: dict[str, dict[str, _Sums]] = {}

    def predict(self, context: str, shares: Mapping[str, float], taken: str) -> Predicted:
        """From what was learned so far. `shares` are how likely each arm would be taken."""
        row = self._row(context)
        wanted = 0.0
        for arm, share in shares.items():
            cell = self._cell(row, arm)
            cell.wanted += share
            wanted += share * cell.towards(self._arm(arm))
        return Predicted(wanted, self._cell(row, taken).towards(self._arm(taken)))

    def means(self, context: str, arms: Iterable[str]) -> dict[str, float]:
        """What each of the arms is expected to earn there."""
        row = self._row(context)
        return {arm: self._cell(row, arm).towards(self._arm(arm)) for arm in arms}

    def learn(self, context: str, arm: str, value: float) -> None:
        self._all.learn(value)
        self._arms.setdefault(arm, _Sums()).learn(value)
        self._cell(self._row(context), arm).learn(value)

    def direct(self) -> Direct:
        """What all that was asked would have earned, from what is known by now, and how well that is known."""
        mean = variance = asked = 0.0
        for row in self._cells.values():
            for arm, cell in row.items():
                asked += cell.wanted
                mean += cell.wanted * cell.towards(self._arm(arm))
                variance += cell.wanted**2 * cell.variance()
        return Direct(mean / asked, math.sqrt(variance) / asked)

    def _arm(self, arm: str) -> float:
        overall = self._all.towards(0.5)
        sums = self._arms.get(arm)
        return overall if sums is None else sums.towards(overall)

    def _row(self, context: str) -> dict[str, _Sums]:
        row = self._cells.get(context)
        if row is None:
            row = self._cells.setdefault(context if len(self._cells) < MOST_CONTEXTS else _REST, {})
        return row

    def _cell(self, row: dict[str, _Sums], arm: str) -> _Sums:
        cell = row.get(arm)
        if cell is None:
            cell = row[arm] = _Sums()
        return cell
