"""The index that needs nothing: all vectors in one `.npy` file, which a search reads from beginning to end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from loopwright.store.export import replaced
from loopwright.text.embedding import Floats
from loopwright.text.nearest import DOUBT, Nearby, exact


class Vectors(NamedTuple):
    """Vectors of length 1 with their ids, all of which a search looks at."""

    ids: Sequence[str]
    rows: Floats

    def nearest(self, vector: Floats, limit: int) -> list[Nearby]:
        alike = self.rows @ vector
        if len(self.ids) > limit:
            least = np.partition(alike, len(self.ids) - limit)[len(self.ids) - limit]
            places = np.flatnonzero(alike >= least - DOUBT)
        else:
            places = np.arange(len(self.ids))
        known: dict[bytes, float] = {}
        found = sorted((-exact(self.rows[place], vector, known), int(place)) for place in places)
        return [Nearby(-far, self.ids[place]) for far, place in found[:limit]]


class Flat:
    def __init__(self, folder: Path) -> None:
        self._vectors = folder / "vectors.npy"
        self._ids = folder / "ids.json"
        self._held: Vectors | None = None

    def fill(self, ids: Sequence[str], vectors: Floats) -> None:
        with replaced(self._ids) as out:
            out.write(orjson.dumps(list(ids)))
        with replaced(self._vectors) as out:
            np.save(out, np.ascontiguousarray(vectors, np.float32), allow_pickle=False)
        self._held = None

    def nearest(self, vector: Floats, limit: int) -> list[Nearby]:
        return self._read().nearest(vector, limit)

    def _read(self) -> Vectors:
        """Once; the file is mapped, so that what is in the system's cache is not read again."""
        if self._held is None:
            vectors: Floats = np.load(self._vectors, mmap_mode="r", allow_pickle=False)
            self._held = Vectors(orjson.loads(self._ids.read_bytes()), vectors)
        return self._held
