"""How well labels were told: which were taken for which, and the accuracy and macro-F1 that follow, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.measure.intervals import Interval, wilson

DRAWS = 1000
_SEED = 77
_NOTHING = 0.0
_CONFUSED = 2.0
"""About z²/2 for 95 %."""


class Told(NamedTuple):
    """Of one label: the share of those said to have it that do, the share of those that have it that were said to, and the
    harmonic mean of both; 0 where there are none."""

    label: str
    precision: float
    recall: float
    f1: float
    rows: int


class Taken(NamedTuple):
    """Rows of one label that were said to have another."""

    true: str
    said: str
    rows: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts` by true label and by the one that was said."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def right(self) -> int:
        return sum(row[place] for place, row in enumerate(self.counts))

    @property
    def accuracy(self) -> float:
        return self.right / self.rows if self.rows else _NOTHING

    @property
    def macro_f1(self) -> float:
        """The mean over the labels that any row has or was said to have."""
        return float(_macro_f1(np.array([self.counts], np.int64))[0]) if self.rows else _NOTHING

    def accuracy_within(self, level: float = 0.95) -> Interval:
        return wilson(self.right, self.rows, level)

    def macro_f1_within(self, level: float = 0.95) -> Interval:
        """By the bootstrap: as if as many rows were drawn again from those there were, and from two more that were confused in
        any way, so that a test without a mistake promises none (as Agresti and Coull do for shares). Turned around the value,
        since drawing again finds fewer of the rare labels."""
        if not self.rows:
            return Interval(0.0, 1.0)
        counts = np.array(self.counts, float)
        size = len(counts)
        counts += 0.0 if size < 2 else (1 - np.eye(size)) * _CONFUSED / (size * (size - 1))
        draws = np.random.default_rng(_SEED).multinomial(self.rows, counts.ravel() / counts.sum(), size=DRAWS)
        return around(self.macro_f1, _macro_f1(draws.reshape(DRAWS, size, size)), level)

    def by_label(self) -> list[Told]:
        counts = np.array(self.counts, np.int64)
        found = []
        for place, label in enumerate(self.labels):
            right, said, rows = int(counts[place, place]), int(counts[:, place].sum()), int(counts[place].sum())
            precision, recall = (right / n if n else _NOTHING for n in (said, rows))
            found.append(Told(label, precision, recall, 2 * right / (said + rows) if said + rows else _NOTHING, rows))
        return found

    def taken(self) -> list[Taken]:
        """The confusions, the most frequent first."""
        found = [
            Taken(true, said, number)
            for true, row in zip(self.labels, self.counts, strict=True)
            for said, number in zip(self.labels, row, strict=True)
            if number and true != said
        ]
        return sorted(found, key=lambda each: -each.rows)


def confusion(truth: Sequence[str], said: Sequence[str]) -> Confusion:
    labels = tuple(sorted({*truth, *said}))
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(counts, ([places[label] for label in truth], [places[label] for label in said]), 1)
    return Confusion(labels, tuple(tuple(row) for row in counts.tolist()))


def around(value: float, draws: NDArray[np.float64], level: float) -> Interval:
    """The middle part of what was drawn, moved so that its mean is the value."""
    low, high = np.quantile(draws - draws.mean() + value, ((1 - level) / 2, (1 + level) / 2))
    return Interval(max(0.0, float(low)), min(1.0, float(high)))


def _macro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of many confusions at once."""
    right = np.einsum("nii->ni", counts)
    both = counts.sum(axis=1) + counts.sum(axis=2)
    f1 = 2 * right / np.maximum(both, 1)
    known = (both > 0).sum(axis=1)
    means: NDArray[np.float64] = f1.sum(axis=1) / np.maximum(known, 1)
    return means
