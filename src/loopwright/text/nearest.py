"""The nearest of many vectors by cosine: all of them are looked at, so the answer is never an approximation."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.text.embedding import Floats
from loopwright.text.strings import Strings

BLOCK = 4096
OUTLINES = (32, 96)
"""Of a vector that much is looked at first, where that is enough to tell that it is far away."""
LEARNT = 1024
"""From so many of the first vectors it is learned in which directions vectors differ most."""
FEW = 256
"""So many are looked at whole: their outlines would not pay."""
DOUBT = 1e-5
"""Beyond the rounding of a product of unit vectors in single precision."""

_AT_ONCE = 64
"""So many are outlined together: what that takes shows in what the process takes at its peak."""
_ROUNDING = 1e-6
"""Of a squared length, which comes from numbers in single precision: a rest is never taken for shorter than it is."""


class Nearby(NamedTuple):
    """The cosine of the angle to the added vector of that id."""

    similarity: float
    id: str


class _Alike(NamedTuple):
    """The places of vectors, and how near they are to another, but for rounding."""

    places: NDArray[np.intp]
    alike: Floats


class Nearest:
    """Vectors of length 1 that were added, to ask which one is nearest to another."""

    def __init__(self, dims: int) -> None:
        self.dims = dims
        self._blocks: list[Floats] = []
        self._axes: NDArray[np.float64] | None = None
        self._outlines: list[tuple[Floats, ...]] = []
        self._ids = Strings()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: str, vector: Floats) -> None:
        block, place = divmod(len(self._ids), BLOCK)
        if not place:
            self._blocks.append(np.empty((BLOCK, self.dims), np.float32))
        self._blocks[block][place] = vector
        self._ids.append(id)
        if self._axes is not None:
            self._outline(block, slice(place, place + 1), self._axes)
        elif len(self) == LEARNT and self.dims > OUTLINES[-1]:
            self._axes = _axes(self._blocks[0][:LEARNT])
            for first in range(0, LEARNT, _AT_ONCE):
                self._outline(0, slice(first, first + _AT_ONCE), self._axes)

    def most(self, vector: Floats, among: int | None = None, least: float = -1.0, since: int = 0) -> Nearby | None:
        """The nearest, the earliest of several, if it is as near as `least`: the higher that is, the quicker. `among` looks
        at the first so many alone: what was there at an earlier time; `since` leaves out so many that were looked at before."""
        return self.most_of_each(vector[None], among, least, since)[0]

    def most_of_each(
        self, vectors: Floats, among: int | None = None, least: float = -1.0, since: int = 0
    ) -> list[Nearby | None]:
        """The same for several at once, which is quicker: what was added is gone through once."""
        count = len(self) if among is None else min(among, len(self))
        found = self._alike(vectors, slice(since, count), least)
        return [self._best(vector, each, least) for vector, each in zip(vectors, found, strict=True)]

    def _best(self, vector: Floats, found: _Alike, least: float) -> Nearby | None:
        if not len(found.places):
            return None
        best = self._decided(vector, found.places[found.alike >= found.alike.max() - DOUBT])
        return best if best.similarity >= least else None

    def _alike(self, vectors: Floats, places: slice, least: float) -> list[_Alike]:
        """For each vector those that may be as near as `least`, the nearest of every block."""
        quick = least > 0 and places.stop - places.start > FEW
        drawn = _outlines(vectors, self._axes) if quick and self._axes is not None else ()
        levels = list(enumerate(drawn))
        found = [[_Alike(np.empty(0, np.intp), np.empty(0, np.float32))] for _ in vectors]
        for at in range(places.start // BLOCK, -(-places.stop // BLOCK)):
            rows = slice(max(0, places.start - at * BLOCK), min(BLOCK, places.stop - at * BLOCK))
            block, near = self._blocks[at][rows], np.arange(rows.stop - rows.start)
            may, left = np.ones((len(near), len(vectors)), bool), [len(near)]
            for level, outlines in levels:
                may = _products(self._outlines[at][level][rows], near, outlines.T) >= least - DOUBT
                some = may.any(axis=1)
                near, may = near[some], may[some]
                left.append(len(near))
            if len(levels) > 1 and 2 * left[1] > left[0]:
                del levels[0]  # it tells too little where vectors differ in all directions alike
            products = None if levels else block @ vectors.T
            for number, vector in enumerate(vectors):
                mine = near[may[:, number]]
                alike = _products(block, mine, vector) if products is None else products[:, number]
                best = alike >= alike.max(initial=-2.0) - DOUBT  # what is kept of every block, for many vectors, is not little
                found[number].append(_Alike(mine[best] + (at * BLOCK + rows.start), alike[best]))
        return [_Alike(*map(np.concatenate, zip(*each, strict=True))) for each in found]

    def _decided(self, vector: Floats, near: NDArray[np.intp]) -> Nearby:
        best, id, known = -math.inf, "", dict[bytes, float]()
        for place in near:
            similarity = exact(self._blocks[place // BLOCK][place % BLOCK], vector, known)
            if similarity > best:
                best, id = similarity, self._ids[place]
        return Nearby(best, id)

    @property
    def bytes(self) -> int:
        """About how much memory it takes: what a block has not filled yet, the system does not give."""
        drawn = sum(OUTLINES) + len(OUTLINES) if self._axes is not None else 0
        return 4 * len(self) * (self.dims + drawn) + self._ids.bytes

    def _outline(self, block: int, rows: slice, axes: NDArray[np.float64]) -> None:
        if block == len(self._outlines):
            self._outlines.append(tuple(np.empty((BLOCK, width + 1), np.float32) for width in OUTLINES))
        for kept, drawn in zip(self._outlines[block], _outlines(self._blocks[block][rows], axes), strict=True):
            kept[rows] = drawn


def exact(row: Floats, vector: Floats, known: dict[bytes, float]) -> float:
    """A library adds up products in an order of its own, which shows in the last bits; here they are added up exactly. `known`
    keeps those of equal rows."""
    key = row.tobytes()
    if key not in known:
        known[key] = math.fsum((row.astype(np.float64) * vector).tolist())
    return known[key]


def _products(rows: Floats, near: NDArray[np.intp], vector: Floats) -> Floats:
    """Of those rows with the vector, or with each column. Few are copied; of many it is quicker to multiply all."""
    if 4 * len(near) < len(rows):
        few: Floats = rows.take(near, 0) @ vector
        return few
    found: Floats = rows @ vector
    return found if len(near) == len(rows) else found[near]


def _axes(vectors: Floats) -> NDArray[np.float64]:
    """The directions in which the vectors are longest, at right angles to each other, the longest first. Roughly longest is
    enough; sums in single precision take less memory."""
    found = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))[1]
    return np.ascontiguousarray(found[:, : -OUTLINES[-1] - 1 : -1])


def _outlines(vectors: Floats, axes: NDArray[np.float64]) -> tuple[Floats, ...]:
    """Where each vector lies along the first axes, and the length of the rest. The product of two outlines is at least that of
    the vectors, whatever the axes (Cauchy and Schwarz), so most of what is far away is seen to be so in a fraction of the
    time."""
    along, whole = vectors @ axes, (vectors.astype(np.float64) ** 2).sum(axis=1)
    drawn = []
    for width in OUTLINES:
        rest = np.maximum(0.0, whole - (along[:, :width] ** 2).sum(axis=1))
        drawn.append(np.column_stack([along[:, :width], np.sqrt(rest + _ROUNDING)]).astype(np.float32))
    return tuple(drawn)
