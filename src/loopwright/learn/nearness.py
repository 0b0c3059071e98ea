"""Rows that stand where they should not: equal or nearly equal texts in two sets that ought to have nothing in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from loopwright.text.embedding import Floats, Lexical
from loopwright.text.words import fingerprint

NEAR = 0.9
"""The cosine of two texts' lexical embeddings from which one is nearly a copy of the other."""
SHOWN = 5
_AT_ONCE = 2048


class Pair(NamedTuple):
    """A text and the one of the other set that is most like it; equal ones differ at most in case and gaps."""

    text: str
    nearest: str
    similarity: float
    equal: bool


class Nearness(NamedTuple):
    """Of `rows` texts: how many stand in the other set too, how many more nearly do, the places of them all, the closest pairs,
    and how many have their nearest at which similarity, in equal parts from 0 to 1."""

    rows: int
    equal: int
    near: int
    places: tuple[int, ...]
    closest: tuple[Pair, ...]
    spread: tuple[int, ...]

    @property
    def share(self) -> float:
        return (self.equal + self.near) / self.rows if self.rows else 0.0


def nearness(texts: Sequence[str], others: Sequence[str], parts: int = 20) -> Nearness:
    """Of each text, beside the others."""
    if not texts or not others:
        return Nearness(len(texts), 0, 0, (), (), (0,) * parts)
    known = {fingerprint(text): place for place, text in reversed(list(enumerate(others)))}
    pairs = []
    for text, (similarity, place) in zip(texts, nearest(texts, others), strict=True):
        same = known.get(fingerprint(text))
        pairs.append(Pair(text, others[place if same is None else same], similarity if same is None else 1.0, same is not None))
    found = [place for place, pair in enumerate(pairs) if pair.equal or pair.similarity >= NEAR]
    equal = sum(pair.equal for pair in pairs)
    spread = np.bincount([min(parts - 1, max(0, int(pair.similarity * parts))) for pair in pairs], minlength=parts)
    closest = sorted(dict.fromkeys(pairs), key=lambda pair: (not pair.equal, -pair.similarity))[:SHOWN]
    return Nearness(len(texts), equal, len(found) - equal, tuple(found), tuple(closest), tuple(spread.tolist()))


def nearest(texts: Sequence[str], others: Sequence[str]) -> Iterator[tuple[float, int]]:
    """For each text the similarity and the place of the most similar other one."""
    embed = Lexical().embed
    held: Floats = embed(others)
    for start in range(0, len(texts), _AT_ONCE):
        alike = embed(texts[start : start + _AT_ONCE]) @ held.T
        places = alike.argmax(axis=1)
        for row, place in enumerate(places.tolist()):
            yield round(float(alike[row, place]), 6), place
