"""The nearest of many vectors by cosine: all of them are looked at, so the answer is never an approximation."""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.text.embedding import Floats

BLOCK = 4096
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
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: str, vector: Floats) -> None:
        block, place = divmod(len(self._ids), BLOCK)
        if not place:
            self._blocks.append(np.empty((BLOCK, self.dims), np.float32))
        self._blocks[block][place] = vector
        self._ids.append(id)

    def most(self, vector: Floats, among: int | None = None) -> Nearby | None:
        """The nearest, the earliest of several. `among` looks at the first so many alone: what was there at an earlier time."""
        count = len(self) if among is None else min(among, len(self))
        if not count:
            return None
        held = (block[: count - at * BLOCK] for at, block in enumerate(self._blocks) if at * BLOCK < count)
        alike = np.concatenate([rows @ vector for rows in held])
        return self._decided(vector, np.flatnonzero(alike >= alike.max() - _DOUBT))

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
        return sum(block.nbytes for block in self._blocks) + sys.getsizeof(self._ids) + sum(map(sys.getsizeof, self._ids))
