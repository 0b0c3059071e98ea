"""Two datasets side by side: rows that came, went and changed, and how labels, lengths and diversity have shifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import NamedTuple

from loopwright.loop.dataset import Entry
from loopwright.records import Json
from loopwright.spec.digest import canonical_json
from loopwright.store.columns import text
from loopwright.text.diversity import diversity
from loopwright.text.embedding import Lexical
from loopwright.text.words import fingerprint, words

COMPARED = 500
"""The texts of each side that diversity is measured on, or as many as the smaller side has."""


class Change(NamedTuple):
    """A row whose text is the same, and the fields in which the two differ."""

    left: Entry
    right: Entry
    fields: tuple[str, ...]


class Shift(NamedTuple):
    """A figure on either side; None where it cannot be told."""

    name: str
    left: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """`labels` are shares of the rows; `diversity` is measured on `n` texts of each side, by the embedder of that name."""

    left_rows: int
    right_rows: int
    removed: tuple[Entry, ...]
    added: tuple[Entry, ...]
    changed: tuple[Change, ...]
    labels: tuple[Shift, ...]
    lengths: tuple[Shift, ...]
    diversity: tuple[Shift, ...]
    n: int
    embedder: str

    @property
    def same(self) -> bool:
        """Whether both hold the same rows, in whatever order."""
        return not (self.removed or self.added or self.changed)


def differ(left: Sequence[Entry], right: Sequence[Entry]) -> DatasetDiff:
    removed, added = _without(left, right), _without(right, left)
    changed = _changed(removed, added)
    gone, come = {id(each.left) for each in changed}, {id(each.right) for each in changed}
    embedder, n = Lexical(), min(COMPARED, len(left), len(right))
    return DatasetDiff(
        len(left),
        len(right),
        tuple(entry for entry in removed if id(entry) not in gone),
        tuple(entry for entry in added if id(entry) not in come),
        tuple(changed),
        tuple(_labels(left, right)),
        tuple(_lengths(left, right)),
        tuple(_diversity(left, right, embedder, n)),
        n,
        embedder.name,
    )


def _without(entries: Iterable[Entry], others: Iterable[Entry]) -> list[Entry]:
    """The entries whose rows the others do not have, or have less often."""
    left = Counter(canonical_json(_cells(entry)) for entry in others)
    found = []
    for entry in entries:
        key = canonical_json(_cells(entry))
        if left[key]:
            left[key] -= 1
        else:
            found.append(entry)
    return found


def _changed(removed: Sequence[Entry], added: Sequence[Entry]) -> list[Change]:
    waiting: dict[bytes, list[Entry]] = {}
    for entry in reversed(added):
        if entry.text:
            waiting.setdefault(fingerprint(entry.text), []).append(entry)
    found = []
    for entry in removed:
        if entry.text and (others := waiting.get(fingerprint(entry.text))):
            found.append(_change(entry, others.pop()))
    return found


def _change(left: Entry, right: Entry) -> Change:
    ours, theirs = _cells(left), _cells(right)
    return Change(left, right, tuple(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)))


def _cells(entry: Entry) -> dict[str, str]:
    """The row as text, field by field: a published one may hold a number or a structure as that. What is empty is left out."""
    return {name: _cell(value) for name, value in entry.row.items() if value is not None}


def _cell(value: Json) -> str:
    return canonical_json(value).decode() if isinstance(value, int | float) else text(value)


def _labels(left: Sequence[Entry], right: Sequence[Entry]) -> Iterable[Shift]:
    sides = [Counter(entry.label for entry in side if entry.label is not None) for side in (left, right)]
    for label in dict.fromkeys(label for side in sides for label in side):
        shares = [side[label] / total if (total := side.total()) else None for side in sides]
        yield Shift(label or "", *shares)


def _lengths(left: Sequence[Entry], right: Sequence[Entry]) -> Iterable[Shift]:
    sides = [[len(words(entry.text)) for entry in side] for side in (left, right)]
    yield Shift("mean words", *(fmean(side) if side else None for side in sides))
    yield Shift("median words", *(float(median(side)) if side else None for side in sides))


def _diversity(left: Sequence[Entry], right: Sequence[Entry], embedder: Lexical, n: int) -> Iterable[Shift]:
    sides = [diversity([entry.text for entry in side], embedder, n) for side in (left, right)]
    figures = [{} if side is None else asdict(side) for side in sides]
    for name, value in figures[0].items():
        if name not in ("n", "embedder"):
            yield Shift(name, value, figures[1].get(name))
