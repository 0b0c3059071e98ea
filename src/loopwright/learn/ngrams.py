"""A small language model: how likely the next word is after the two before it, smoothed in the way of Witten and Bell. It tells
how surprising texts are to somebody who has read others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.text.words import words

ORDER = 3
_EDGE, _UNKNOWN = 0, 1
Ints = NDArray[np.int64]


class _Level(NamedTuple):
    """Runs of n words with their counts, and of each run of n - 1 how often it went on, and with how many different words."""

    runs: Ints
    counts: Ints
    before: Ints
    totals: Ints
    kinds: Ints


class Ngrams:
    """Fitted to texts. Words that were seen only once stand for all that were never seen."""

    def __init__(self, texts: Sequence[str]) -> None:
        read = [words(text) for text in texts]
        flat, times = np.unique([word for text in read for word in text], return_counts=True)
        known = flat[times > 1]
        self._ids = {str(word): place for place, word in enumerate(known, start=_UNKNOWN + 1)}
        self.size = len(self._ids) + 2
        """Different words that can come next, the end and the unknown one among them."""
        followed = self._followed(read)
        self._levels = [_level(followed[:, ORDER - n :], self.size) for n in range(1, ORDER + 1)]

    def perplexity(self, texts: Sequence[str]) -> float:
        """Of all the words of the texts, each with the end of its text; `size` is what a model that knows nothing has."""
        return float(np.exp(-self.surprises(texts).mean())) if texts else float(self.size)

    def surprises(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The logarithm of the probability of each word, in the order of the texts."""
        followed = self._followed([words(text) for text in texts])
        likely = np.full(len(followed), 1.0 / self.size)
        for n, level in enumerate(self._levels, start=1):
            keys = _keys(followed[:, ORDER - n :], self.size)
            counts = _found(level.runs, level.counts, keys)
            totals, kinds = (_found(level.before, held, keys // self.size) for held in (level.totals, level.kinds))
            seen = totals > 0
            likely[seen] = (counts[seen] + kinds[seen] * likely[seen]) / (totals[seen] + kinds[seen])
        found: NDArray[np.float64] = np.log(likely)
        return found

    def _followed(self, read: Iterable[Sequence[str]]) -> Ints:
        """Each word with the two before it, and each end."""
        rows: list[tuple[int, ...]] = []
        for text in read:
            line = [_EDGE] * (ORDER - 1) + [self._ids.get(word, _UNKNOWN) for word in text] + [_EDGE]
            rows += zip(*(line[at:] for at in range(ORDER)), strict=False)
        return np.array(rows, np.int64).reshape(-1, ORDER)


def _level(runs: Ints, size: int) -> _Level:
    keys, counts = np.unique(_keys(runs, size), return_counts=True)
    before, places = np.unique(keys // size, return_inverse=True)
    return _Level(keys, counts, before, np.bincount(places, counts).astype(np.int64), np.bincount(places))


def _keys(runs: Ints, size: int) -> Ints:
    """A run as one number: 64 bits hold three words of any vocabulary below two million."""
    keys = np.zeros(len(runs), np.int64)
    for column in runs.T:
        keys = keys * size + column
    return keys


def _found(keys: Ints, held: Ints, wanted: Ints) -> Ints:
    places = np.searchsorted(keys, wanted).clip(max=max(0, len(keys) - 1))
    return np.where(keys[places] == wanted, held[places], 0) if len(keys) else np.zeros_like(wanted)
