"""The nearest of many vectors by cosine: all of them are looked at, so the answer is never an approximation."""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.text.embedding import Floats

BLOCK = 4096
OUTLINE = 96
_DOUBT = 1e-5
"""Beyond the rounding of a product of unit vectors in single precision."""


class Nearby(NamedTuple):
    """The cosine of the angle to the added vector of that id."""

    similarity: float
    id: str


class Nearest:
    """Vectors of length 1 that were added, to ask which one is nearest to another."""

    def __init__(self, dims: int) -> None:
        self.dims = dims
        self._blocks: list[Floats] = []
        self._outlines: list[Floats] = []
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: str, vector: Floats) -> None:
        block, place = divmod(len(self._ids), BLOCK)
        outline = _outline(vector)
        if not place:
            self._blocks.append(np.empty((BLOCK, self.dims), np.float32))
            self._outlines.append(np.empty((BLOCK, len(outline)), np.float32))
        self._blocks[block][place] = vector
        self._outlines[block][place] = outline
        self._ids.append(id)

    def most(self, vector: Floats, among: int | None = None, least: float = -1.0) -> Nearby | None:
        """The nearest, the earliest of several, if it is as near as `least`: the higher that is, the quicker. `among` looks
        at the first so many alone: what was there at an earlier time."""
        count = len(self) if among is None else min(among, len(self))
        near, alike = self._alike(vector, count, least)
        if not len(near):
            return None
        best = self._decided(vector, near[alike >= alike.max() - _DOUBT])
        return best if best.similarity >= least else None

    def _alike(self, vector: Floats, count: int, least: float) -> tuple[NDArray[np.intp], Floats]:
        """The places of those that may be as near as `least`, and how near they are, but for rounding."""
        outline = _outline(vector)
        places, found = [np.empty(0, np.intp)], [np.empty(0, np.float32)]
        for at, block in enumerate(self._blocks[: -(-count // BLOCK)]):
            rows = slice(count - at * BLOCK)
            near = np.arange(len(block[rows]))
            if least > 0:
                near = np.flatnonzero(self._outlines[at][rows] @ outline >= least - _DOUBT)
            found.append((block[rows] if len(near) == len(block[rows]) else block[near]) @ vector)
            places.append(near + at * BLOCK)
        return np.concatenate(places), np.concatenate(found)

    def _decided(self, vector: Floats, near: NDArray[np.intp]) -> Nearby:
        """A library adds up products in an order of its own, which shows in the last bits: those in question are added up
        exactly."""
        best, id, known = -math.inf, "", dict[bytes, float]()
        for place in near:
            row = self._blocks[place // BLOCK][place % BLOCK]
            key = row.tobytes()
            if key not in known:
                known[key] = math.fsum((row.astype(np.float64) * vector).tolist())
            if known[key] > best:
                best, id = known[key], self._ids[place]
        return Nearby(best, id)

    @property
    def bytes(self) -> int:
        held = sum(block.nbytes for block in (*self._blocks, *self._outlines))
        return held + sys.getsizeof(self._ids) + sum(map(sys.getsizeof, self._ids))


def _outline(vector: Floats) -> Floats:
    """The first numbers of a vector and the length of the rest. The product of two outlines is at least that of the vectors
    (Cauchy and Schwarz), so most of what is far away is seen to be so in a fraction of the time."""
    return np.append(vector[:OUTLINE], np.linalg.norm(vector[OUTLINE:])).astype(np.float32)
