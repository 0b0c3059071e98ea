"""Near duplicates among texts that come one after the other: MinHash signatures of what they are made of, found again by bands.

Two texts are alike as the Jaccard similarity of their character 5-grams says, which is estimated. The index lives in memory
and is a function of what was added, in its order.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from loopwright.errors import UsageError
from loopwright.text.bands import Agreeing, Keys
from loopwright.text.words import fold, words

SHINGLE = 5
MOST_SLOTS = 144
MISSED = 0.01
"""The share of the pairs just at the threshold that the bands may fail to bring up."""

_SEED = 1
_BLOCK = 1024


class Near(NamedTuple):
    """How alike a text and the added one of that id are, from 0 to 1, as estimated."""

    similarity: float
    id: str


@dataclass(slots=True)
class _Sketch:
    """A text as the index knows it, and the nearest among the first so many: a row is looked at in act, and in settle beside
    those that came meanwhile."""

    signature: NDArray[np.uint16]
    keys: Keys
    looked: int = 0
    near: Near | None = None


class Bands(NamedTuple):
    """A signature cut into `number` bands of `rows` slots. Texts that agree in a whole band are compared."""

    number: int
    rows: int

    @property
    def slots(self) -> int:
        return self.number * self.rows

    def found(self, similarity: float) -> float:
        """The probability that two texts of that similarity are compared."""
        return -math.expm1(self.number * math.log1p(-(similarity**self.rows))) if similarity < 1 else 1.0


def bands(threshold: float) -> Bands:
    """The longest bands, and so the fewest needless comparisons, that miss no more than `MISSED` at the threshold."""
    if threshold == 1:
        return Bands(1, 128)
    best = Bands(MOST_SLOTS, 1)
    for rows in range(1, MOST_SLOTS):
        count = math.ceil(math.log(MISSED) / math.log1p(-(threshold**rows)))
        if count * rows <= MOST_SLOTS:
            best = Bands(count, rows)
    return best


def shingles(text: str) -> list[str]:
    """The character 5-grams of the words; a text without words is taken as it is, and a shorter one as a whole."""
    plain = " ".join(words(text)) or fold(text).encode("utf-8", "replace").decode()
    return [plain[at : at + SHINGLE] for at in range(max(1, len(plain) - SHINGLE + 1))]


class NearDuplicates:
    """The added texts, to ask which of them a text resembles at least as much as the threshold says."""

    def __init__(self, threshold: float) -> None:
        if not 0.05 <= threshold <= 1:
            raise UsageError(f"near duplicates need a threshold from 0.05 to 1, not {threshold}")
        self.threshold = threshold
        self.bands = bands(threshold)
        self._index = Agreeing(self.bands.number, self.bands.rows)
        self._signatures = np.empty((_BLOCK, self.bands.slots), np.uint16)
        self._ids: list[str] = []
        # A text is asked for and then added, in a run asked for twice.
        self._sketch = lru_cache(maxsize=1024)(self._sketched)

    def __len__(self) -> int:
        return len(self._ids)

    def find(self, text: str, among: int | None = None) -> str | None:
        """The id of `closest`."""
        near = self.closest(text, among)
        return near.id if near else None

    def closest(self, text: str, among: int | None = None) -> Near | None:
        """The added text that is most alike, the earliest of several, if it reaches the threshold. `among` looks at the
        first so many alone: what was there at an earlier time."""
        count = len(self) if among is None else min(among, len(self))
        sketch = self._sketch(text)
        if count < sketch.looked:
            return self._closest(sketch, 0, count)
        near = self._closest(sketch, sketch.looked, count)
        if near is not None and (sketch.near is None or near.similarity > sketch.near.similarity):
            sketch.near = near
        sketch.looked = count
        return sketch.near

    def near(self, text: str) -> list[Near]:
        """All added texts that reach the threshold, in the order in which they were added."""
        return [Near(float(alike), self._ids[place]) for place, alike in zip(*self._found(self._sketch(text)), strict=True)]

    def _closest(self, sketch: _Sketch, since: int, count: int) -> Near | None:
        places, alike = self._found(sketch, since)
        within = alike[places < count]
        return Near(float(within.max()), self._ids[places[within.argmax()]]) if len(within) else None

    def _found(self, sketch: _Sketch, since: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The places of those that reach the threshold, and how alike they are; `since` leaves out so many of the first."""
        found = self._index.find(sketch.keys, since)
        alike = (self._signatures[found] == sketch.signature).mean(axis=1) if len(found) else np.empty(0)
        enough = alike >= self.threshold
        return found[enough], alike[enough]

    def add(self, id: str, text: str) -> None:
        sketch = self._sketch(text)
        place = len(self._ids)
        if place == len(self._signatures):  # grown where it lies: a copy shows in what the process takes at its peak
            self._signatures.resize((place + _BLOCK, self.bands.slots), refcheck=False)
        self._signatures[place] = sketch.signature
        self._index.add(sketch.keys)
        self._ids.append(id)

    @property
    def bytes(self) -> int:
        """About how much memory the index takes."""
        names = sys.getsizeof(self._ids) + sum(map(sys.getsizeof, self._ids))
        return self._signatures.nbytes + names + self._index.bytes

    def _sketched(self, text: str) -> _Sketch:
        """Of a slot half is kept: that two differ and look equal happens once in 65,536, which no estimate here notices."""
        sketch = RMinHash(self.bands.slots, _SEED)
        sketch.update(shingles(text))
        signature = np.array(sketch.digest(), np.uint32).astype(np.uint16)
        return _Sketch(signature, self._index.keys(signature))
