"""Near duplicates among texts that come one after the other: MinHash signatures of what they are made of, found again by bands.

Two texts are alike as the Jaccard similarity of their character 5-grams says, which is estimated. The index lives in memory
and is a function of what was added, in its order.
"""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash, RMinHashLSH

from loopwright.errors import UsageError
from loopwright.text.words import fold, words

SHINGLE = 5
MOST_SLOTS = 144
MISSED = 0.01
"""The share of the pairs just at the threshold that the bands may fail to bring up."""

_SEED = 1
_BLOCK = 1024
_BYTES_PER_BAND = 105
"""What a band holds per text, as measured by `bench/text.py`: the library does not tell."""


class Near(NamedTuple):
    """How alike a text and the added one of that id are, from 0 to 1, as estimated."""

    similarity: float
    id: str


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
        self._index = RMinHashLSH(threshold, self.bands.slots, self.bands.number)
        self._signatures = np.empty((_BLOCK, self.bands.slots), np.uint16)
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def find(self, text: str, among: int | None = None) -> str | None:
        """The id of `closest`."""
        near = self.closest(text, among)
        return near.id if near else None

    def closest(self, text: str, among: int | None = None) -> Near | None:
        """The added text that is most alike, the earliest of several, if it reaches the threshold. `among` looks at the
        first so many alone: what was there at an earlier time."""
        places, alike = self._found(text, among)
        if not len(places):
            return None
        best = int(alike.argmax())
        return Near(float(alike[best]), self._ids[places[best]])

    def near(self, text: str) -> list[Near]:
        """All added texts that reach the threshold, in the order in which they were added."""
        return [Near(float(alike), self._ids[place]) for place, alike in zip(*self._found(text), strict=True)]

    def _found(self, text: str, among: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The places of those that reach the threshold, and how alike they are."""
        sketch = self._sketch(text)
        found = np.array(sorted(self._index.query(sketch)), np.int64)
        if among is not None:
            found = found[found < among]
        alike = (self._signatures[found] == _slots(sketch)).mean(axis=1) if len(found) else np.empty(0)
        enough = alike >= self.threshold
        return found[enough], alike[enough]

    def add(self, id: str, text: str) -> None:
        sketch = self._sketch(text)
        place = len(self._ids)
        if place == len(self._signatures):
            self._signatures = np.concatenate([self._signatures, np.empty_like(self._signatures)])
        self._signatures[place] = _slots(sketch)
        self._index.insert(place, sketch)
        self._ids.append(id)

    @property
    def bytes(self) -> int:
        """About how much memory the index takes: its bands are not measured but reckoned."""
        names = sys.getsizeof(self._ids) + sum(map(sys.getsizeof, self._ids))
        return self._signatures.nbytes + names + _BYTES_PER_BAND * self.bands.number * len(self)

    def _sketch(self, text: str) -> RMinHash:
        sketch = RMinHash(self.bands.slots, _SEED)
        sketch.update(shingles(text))
        return sketch


def _slots(sketch: RMinHash) -> NDArray[np.uint16]:
    """Half of each slot: that two differ and look equal happens once in 65,536, which no estimate here notices."""
    return np.array(sketch.digest(), np.uint32).astype(np.uint16)
