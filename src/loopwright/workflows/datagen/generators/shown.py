"""Rows that are shown to a model: which of many, and how they stand in a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from loopwright.policy.keyed import Keyed
from loopwright.records import Json
from loopwright.text.words import words
from loopwright.workflows.datagen.material import FOLDS, Past

LONGEST = 600
"""Characters of a text that are shown."""
_AMONG = 48
"""Rows that are compared with each other, at most."""


def drawn(rows: Sequence[Past], count: int, rng: Keyed) -> list[Past]:
    """So many of them at random, none twice."""
    some = list(rows)
    rng.shuffle(some)
    return some[:count]


def folds(given: Iterable[Sequence[Past]], shown: int) -> int:
    """Into how many folds rows fall that are shown so many at once, where each is to hold enough of every sort."""
    least = min((len(some) for some in given), default=FOLDS * shown)
    return next((number for number in (FOLDS, FOLDS // 2, FOLDS // 4) if least >= number * shown), 1)


def of_one_fold(sorts: Sequence[Sequence[Past]], folds: int, rng: Keyed) -> list[list[Past]]:
    """Those of the fold of one of them, drawn at random."""
    drawn = rng.choice([each for some in sorts for each in some]).fold % folds
    return [[each for each in some if each.fold % folds == drawn] for some in sorts]


def diverse(rows: Sequence[Past], count: int, rng: Keyed) -> list[Past]:
    """So many, the first at random, each further one as unlike those before as any: by the words that they share."""
    left = drawn(rows, _AMONG, rng)
    said = {each.id: frozenset(words(each.row.text() or "")) for each in left}
    chosen: list[Past] = []
    nearest = dict.fromkeys(said, 0.0)
    while left and len(chosen) < count:
        last = min(left, key=lambda each: nearest[each.id])
        left.remove(last)
        chosen.append(last)
        for each in left:
            nearest[each.id] = max(nearest[each.id], _alike(said[each.id], said[last.id]))
    return chosen


def _alike(some: frozenset[str], others: frozenset[str]) -> float:
    """The share of their words that two texts have in common (Jaccard)."""
    return len(some & others) / len(some | others) if some or others else 1.0


def likeness(text: str, other: str) -> float:
    """The Jaccard similarity of their character 5-grams, as `deduplication` measures it."""
    from loopwright.text.near import shingles  # noqa: PLC0415 - brings rensa, which checking a recipe does without

    some, others = set(shingles(text)), set(shingles(other))
    return len(some & others) / len(some | others)


def as_json(past: Past, keys: Sequence[str], more: Mapping[str, Any] | None = None) -> str:
    """The fields that a model writes, and whatever is to be said besides, on one line."""
    data: dict[str, Any] = {key: _cut(past.data[key]) for key in keys if key in past.data} | dict(more or {})
    return orjson.dumps(data).decode()


def _cut(value: Json) -> Json:
    return value[: LONGEST - 3] + "..." if isinstance(value, str) and len(value) > LONGEST else value
