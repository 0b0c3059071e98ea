"""Rows of a run that generators may build on: those accepted, and those rejected of late, each of them bounded in number.

Only `settle` changes a `Shelf`; what a batch is shown is `Material`, frozen.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from loopwright.quality.gate import View
from loopwright.quality.row import Row
from loopwright.records import Fields

MOST = 512
"""Rows that are kept of either sort, over all labels."""
LEAST = 8
"""Rows of each label that are kept, however many labels there are."""
FOLD = "fold"
FOLDS = 8
"""A power of two, so that folds can be joined in pairs."""


@dataclass(frozen=True, slots=True)
class Past:
    """A row that was there before: a seed, or one that has settled; `reason` says why it was rejected, where it was."""

    id: str
    data: Fields
    facts: Fields = field(default_factory=dict)
    lineage: Fields = field(default_factory=dict)
    reason: str | None = None

    @property
    def lot(self) -> int:
        """A number drawn for it, once for all."""
        return int.from_bytes(_hash(self.id))

    @property
    def fold(self) -> int:
        """That of its parents, else one drawn for it. What is shown together is of one fold: else all rows were soon kin, and
        no split could keep families together."""
        kept = self.lineage.get(FOLD)
        return kept if isinstance(kept, int) else (self.lot >> 32) % FOLDS

    @property
    def row(self) -> Row:
        return Row(self.data, self.facts)


ByLabel: TypeAlias = Mapping[str | None, tuple[Past, ...]]
"""All of them under None where no labels are wanted."""


class Material(NamedTuple):
    """What a batch may build on. `view` is what the comparing validators remember, `mistakes` are real rows that the model of
    `evaluation` got wrong last, each with what it said as its reason."""

    accepted: ByLabel
    rejected: ByLabel
    view: View
    mistakes: ByLabel = MappingProxyType({})

    def shared(self, batch: int, window: int) -> Material:
        """What that batch may take of the rejects: so many batches under way at once share them out, none to two of them."""
        ours = {
            label: tuple(each for each in some if each.lot % window == batch % window) for label, some in self.rejected.items()
        }
        return self._replace(rejected={label: some for label, some in ours.items() if some})


def seeds(rows: Sequence[Fields], label: str | None) -> ByLabel:
    """The rows of the recipe's file, by the field that holds their label."""
    found: dict[str | None, list[Past]] = {}
    for number, row in enumerate(rows):
        past = Past(f"seed-{number}", row)
        found.setdefault(None if label is None else past.row.claim(label), []).append(past)
    return {claimed: tuple(some) for claimed, some in found.items()}


class Shelf:
    """Of each label a uniform sample of what was accepted (the rows with the smallest hashes: it does not depend on the order),
    and the last that were rejected."""

    def __init__(self, labels: int) -> None:
        self._most = max(LEAST, MOST // max(1, labels))
        self._ranked: dict[str | None, list[tuple[bytes, str]]] = {}
        self._accepted: dict[str | None, dict[str, Past]] = {}
        self._shown: dict[str | None, tuple[Past, ...]] = {}
        self._rejected: dict[str | None, tuple[Past, ...]] = {}

    def material(self, view: View) -> Material:
        for label, kept in self._accepted.items():
            self._shown[label] = self._shown.get(label) or tuple(kept.values())
        return Material({label: self._shown[label] for label in self._accepted}, dict(self._rejected), view)

    def accept(self, label: str | None, past: Past) -> None:
        ranked = self._ranked.setdefault(label, [])
        rank = (_hash(past.id), past.id)
        if len(ranked) == self._most and rank > ranked[-1]:
            return
        insort(ranked, rank)
        kept = self._accepted.setdefault(label, {})
        kept[past.id] = past
        for _, gone in ranked[self._most :]:
            del kept[gone]
        del ranked[self._most :]
        self._shown.pop(label, None)

    def reject(self, label: str | None, past: Past) -> None:
        self._rejected[label] = (*self._rejected.get(label, ()), past)[-self._most :]

    def rework(self, ids: Sequence[str]) -> None:
        """Rejects that something was made of are not offered again."""
        for label, some in self._rejected.items() if ids else ():
            if any(each.id in ids for each in some):
                self._rejected[label] = tuple(each for each in some if each.id not in ids)


def _hash(id: str) -> bytes:
    return blake2b(id.encode(), digest_size=8).digest()
