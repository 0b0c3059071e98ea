"""Texts as vectors of length 1. `Lexical` needs nothing and sees wording alone; `sentences.py` has those that see meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loopwright.text.words import fold

Floats: TypeAlias = NDArray[np.float32]

GRAMS = (2, 3, 4)
_BATCH = 256
_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Embedder(Protocol):
    """`name` stands wherever results stand that depend on it."""

    name: str
    dims: int

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 for each text."""
        ...


class Lexical:
    """Counts of a text's character 2- to 4-grams, hashed to `dims` places: the same bits in every process and on every
    machine. Texts in the same words are near, those in other words are not, whatever they mean."""

    def __init__(self, dims: int = 512) -> None:
        self.name = "lexical"
        self.dims = dims

    def embed(self, texts: Sequence[str]) -> Floats:
        made = np.empty((len(texts), self.dims), np.float32)
        for start in range(0, len(texts), _BATCH):
            made[start : start + _BATCH] = self._some(texts[start : start + _BATCH])
        return made

    def _some(self, texts: Sequence[str]) -> NDArray[np.float64]:
        points = [np.frombuffer(f" {fold(text)} ".encode("utf-32-le", "surrogatepass"), np.uint32) for text in texts]
        rows = np.repeat(np.arange(len(texts)), [len(some) for some in points])
        flat = np.concatenate(points).astype(np.uint64)
        counts = np.zeros(len(texts) * self.dims)
        for n in GRAMS:
            hashes, owners = _grams(flat, rows, n)
            places = owners * self.dims + (hashes >> np.uint64(1)).astype(np.int64) % self.dims
            counts += np.bincount(places, np.where(hashes & np.uint64(1), 1.0, -1.0), len(counts))
        return _unit(counts.reshape(len(texts), self.dims))


def _grams(flat: NDArray[np.uint64], rows: NDArray[np.intp], n: int) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """The hashes of all runs of n characters that lie within one text, and the text of each."""
    last = len(flat) - n + 1
    if last < 1:
        return flat[:0], rows[:0]
    mixed = np.full(last, n, np.uint64)
    for at in range(n):
        mixed = _mix(mixed * _PRIME + flat[at : at + last])
    inside = rows[:last] == rows[n - 1 :]
    return mixed[inside], rows[:last][inside]


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _unit(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Roots of the counts, as many repetitions say little more than a few. The squared length is a whole number, so nothing
    here depends on the order in which it is added up."""
    lengths = np.abs(counts).sum(axis=1, keepdims=True)
    counts[lengths[:, 0] == 0, 0] = 1.0
    roots: NDArray[np.float64] = np.sign(counts) * np.sqrt(np.abs(counts)) / np.sqrt(np.maximum(lengths, 1.0))
    return roots
