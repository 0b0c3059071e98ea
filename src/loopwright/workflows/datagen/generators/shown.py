"""Rows that are shown to a model: which of many, and how they stand in a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from loopwright.policy.keyed import Keyed
from loopwright.records import Json
from loopwright.text.words import words
from loopwright.workflows.datagen.material import Past

LONGEST = 600
"""Characters of a text that are shown."""
_AMONG = 48
"""Rows that are compared with each other, at most."""


def drawn(rows: Sequence[Past], count: int, rng: Keyed) -> list[Past]:
    """So many of them at random, none twice."""
    some = list(rows)
    rng.shuffle(some)
    return some[:count]


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
            nearest[each.id] = max(nearest[each.id], alike(said[each.id], said[last.id]))
    return chosen


def alike(some: frozenset[str], others: frozenset[str]) -> float:
    """The share of their words that two texts have in common (Jaccard)."""
    return len(some & others) / len(some | others) if some or others else 1.0


def as_json(past: Past, keys: Sequence[str]) -> str:
    """The fields that a model writes, on one line."""
    data: dict[str, Any] = {key: _cut(past.data[key]) for key in keys if key in past.data}
    return orjson.dumps(data).decode()


def _cut(value: Json) -> Json:
    return value[: LONGEST - 3] + "..." if isinstance(value, str) and len(value) > LONGEST else value
