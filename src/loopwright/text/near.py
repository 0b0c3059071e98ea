"""Near duplicates among texts that come one after the other: MinHash signatures of what they are made of, found again by bands.

Two texts are alike as the Jaccard similarity of their character 5-grams says, which is estimated. The index lives in memory
and is a function of what was added, in its order.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from rensa import RMinHash

from loopwright.errors import UsageError
from loopwright.text.bands import Agreeing
from loopwright.text.strings import Strings
from loopwright.text.words import fold, words

SHINGLE = 5
SLOTS = 192
"""Of a signature: what an estimate rests on."""
MOST_SLOTS = 144
"""Of its bands."""
MISSED = 0.01
"""The share of the pairs just at the threshold that the bands may fail to bring up."""

_SEED = 1


class Near(NamedTuple):
    """How alike a text and the added one of that id are, from 0 to 1, as estimated."""

    similarity: float
    id: str


@dataclass(slots=True)
class _Sketch:
    """A text as the index knows it, and the nearest among the first so many: a row is looked at in act, and in settle beside
    those that came meanwhile."""

    signature: bytes
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
        self._index = Agreeing(*self.bands, SLOTS)
        self._low = int.from_bytes(b"\x7f" * SLOTS)
        self._ids = Strings()
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
        return [Near(alike, self._ids[place]) for place, alike in self._found(self._sketch(text), 0)]

    def _closest(self, sketch: _Sketch, since: int, count: int) -> Near | None:
        found = [each for each in self._found(sketch, since) if each[0] < count]
        if not found:
            return None
        place, alike = max(found, key=itemgetter(1))
        return Near(alike, self._ids[place])

    def _found(self, sketch: _Sketch, since: int) -> Iterator[tuple[int, float]]:
        """The places of those that reach the threshold, and how alike they are; `since` leaves out so many of the first."""
        low, mine = self._low, int.from_bytes(sketch.signature)
        most = SLOTS - math.ceil(self.threshold * SLOTS)
        for place, signature in self._index.find(sketch.signature, since):
            odd = mine ^ int.from_bytes(signature)
            different = ((((odd & low) + low) | odd) & ~low).bit_count()  # bytes that are not 0: their highest bits
            if different <= most:
                yield place, (SLOTS - different) / SLOTS

    def add(self, id: str, text: str) -> None:
        self._index.add(self._sketch(text).signature)
        self._ids.append(id)

    @property
    def bytes(self) -> int:
        """About how much memory the index takes."""
        return self._ids.bytes + self._index.bytes

    def _sketched(self, text: str) -> _Sketch:
        """Of a slot a byte is kept: that two differ and look equal happens once in 256, which no estimate here notices."""
        sketch = RMinHash(SLOTS, _SEED)
        sketch.update(shingles(text))
        return _Sketch(struct.pack(f"<{SLOTS}I", *sketch.digest())[::4])
