"""The index in a LanceDB table, for other programs that read those, and for more vectors than fit in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from loopwright.errors import ExtraMissing
from loopwright.text.embedding import Floats
from loopwright.text.nearest import Nearby

TABLE = "rows"


class Lance:
    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("LANCE_LOG", "error")  # it would warn of every table that is new
        try:
            self._db: Any = import_module("lancedb").connect(folder / "lance")
            self._arrow: Any = import_module("pyarrow")
        except ImportError:
            raise ExtraMissing("lancedb", "an index in LanceDB") from None

    def fill(self, ids: Sequence[str], vectors: Floats) -> None:
        arrow = self._arrow
        flat = arrow.array(vectors.reshape(-1), arrow.float32())
        columns = {
            "place": arrow.array(range(len(ids)), arrow.int64()),
            "id": arrow.array(list(ids), arrow.string()),
            "vector": arrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        }
        self._db.create_table(TABLE, arrow.table(columns), mode="overwrite")

    def nearest(self, vector: Floats, limit: int) -> list[Nearby]:
        """Without an index of its own LanceDB looks at all of them, too."""
        asked = self._db.open_table(TABLE).search(vector).distance_type("dot").limit(limit)
        found = sorted(asked.to_list(), key=lambda row: (row["_distance"], row["place"]))
        return [Nearby(1.0 - row["_distance"], row["id"]) for row in found]
