"""The mean reward per context and arm, as it stands while a log is read: it never knows the reward that it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

PRIOR = 1.0
"""How many rewards the next coarser mean counts for: an arm's in a context, that of all arms for an arm."""

MOST_CONTEXTS = 10_000
"""Contexts that are told apart; those that come up later share one row."""

_REST = "\x00the rest"


class _Sums:
    """Rewards of a cell, and how much the predictions so far have leaned on each of them."""

    __slots__ = ("leaned", "leaned_then", "leaned_then2", "squares", "times", "total")

    def __init__(self) -> None:
        self.times = 0
        self.total = 0.0
        self.squares = 0.0
        self.leaned = 0.0
        self.leaned_then = 0.0
        self.leaned_then2 = 0.0

    def learn(self, value: float) -> None:
        self.times += 1
        self.total += value
        self.squares += value * value
        self.leaned_then += self.leaned
        self.leaned_then2 += self.leaned * self.leaned

    def towards(self, coarser: float) -> float:
        return (self.total + PRIOR * coarser) / (self.times + PRIOR)

    def variance(self) -> float:
        """Of the predictions' sum. A reward weighs as much as the predictions since it came leaned on it; what the prior
        contributed could be off by half of the range."""
        since = self.times * self.leaned**2 - 2 * self.leaned * self.leaned_then + self.leaned_then2
        mean = (self.total + PRIOR * 0.5) / (self.times + PRIOR)
        spread = max(0.0, (self.squares + PRIOR * 0.5) / (self.times + PRIOR) - mean * mean)
        return spread * max(0.0, since) + 0.25 * (PRIOR * self.leaned) ** 2


class Predicted(NamedTuple):
    """What a decision is expected to earn: by the arms that a policy would take, and by the one that was taken."""

    wanted: float
    taken: float


class Table:
    """Contexts are told apart by all they hold."""

    def __init__(self) -> None:
        self._all = _Sums()
        self._arms: dict[str, _Sums] = {}
        self._cells: dict[str, dict[str, _Sums]] = {}

    def predict(self, context: str, shares: Mapping[str, float], taken: str) -> Predicted:
        """`shares` are how likely each arm would be taken."""
        row = self._row(context)
        wanted = 0.0
        for arm, share in shares.items():
            cell = self._cell(row, arm)
            wanted += share * cell.towards(self._arm(arm))
            cell.leaned += share / (cell.times + PRIOR)
        return Predicted(wanted, self._cell(row, taken).towards(self._arm(taken)))

    def learn(self, context: str, arm: str, value: float) -> None:
        self._all.learn(value)
        self._arms.setdefault(arm, _Sums()).learn(value)
        self._cell(self._row(context), arm).learn(value)

    def variance(self) -> float:
        """Of the sum of all that was predicted to be earned."""
        return sum(cell.variance() for row in self._cells.values() for cell in row.values())

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
