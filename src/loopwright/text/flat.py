"""The index that needs nothing: all vectors in one `.npy` file, which a search reads from beginning to end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from loopwright.store.export import replaced
from loopwright.text.embedding import Floats
from loopwright.text.nearest import DOUBT, Nearby, exact


class Flat:
    def __init__(self, folder: Path) -> None:
        self._vectors = folder / "vectors.npy"
        self._ids = folder / "ids.json"
        self._held: tuple[list[str], Floats] | None = None

    def fill(self, ids: Sequence[str], vectors: Floats) -> None:
        with replaced(self._ids) as out:
            out.write(orjson.dumps(list(ids)))
        with replaced(self._vectors) as out:
            np.save(out, np.ascontiguousarray(vectors, np.float32), allow_pickle=False)
        self._held = None

    def nearest(self, vector: Floats, limit: int) -> list[Nearby]:
        ids, vectors = self._read()
        alike = vectors @ vector
        if len(ids) > limit:
            least = np.partition(alike, len(ids) - limit)[len(ids) - limit]
            places = np.flatnonzero(alike >= least - DOUBT)
        else:
            places = np.arange(len(ids))
        known: dict[bytes, float] = {}
        found = sorted((-exact(vectors[place], vector, known), int(place)) for place in places)
        return [Nearby(-far, ids[place]) for far, place in found[:limit]]

    def _read(self) -> tuple[list[str], Floats]:
        """Once; the file is mapped, so that what is in the system's cache is not read again."""
        if self._held is None:
            vectors: Floats = np.load(self._vectors, mmap_mode="r", allow_pickle=False)
            self._held = orjson.loads(self._ids.read_bytes()), vectors
        return self._held
