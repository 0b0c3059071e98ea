"""No row is too close to an accepted one, by the cosine of their embeddings."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from loopwright.quality.embedding import EmbedderName, embedder
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, missing

if TYPE_CHECKING:
    from loopwright.text.embedding import Embedder, Floats


class Similarity(Parameters):
    cost: ClassVar[int] = 60

    max: Annotated[float, Field(gt=0, le=1, description="how near the nearest accepted row may be")]
    field: TextField = None
    embedder: EmbedderName = "lexical"

    def fitted(self, given: Given) -> Similarity:
        return self

    def memory(self) -> Vectors:
        return Vectors(self.field, self.max, embedder(self.embedder))


class Vectors:
    """The embedded texts of all admitted rows."""

    def __init__(self, field: str | None, most: float, by: Embedder) -> None:
        from loopwright.text.nearest import Nearest  # noqa: PLC0415 - numpy, which checking a spec does without

        self._field = field
        self._most = most
        self._embedder = by
        self._nearest = Nearest(by.dims)
        # A row is looked at in act, looked at in settle, and admitted.
        self._vector = lru_cache(maxsize=256)(self._embed)

    def __len__(self) -> int:
        return len(self._nearest)

    def look(self, row: Row, among: int | None = None) -> Ruling:
        text = row.text(self._field)
        if text is None:
            return missing(self._field)
        nearest = self._nearest.most(self._vector(text), among)
        if nearest is None:
            return Ruling(True, 1.0)
        score = round(min(1.0, max(0.0, 1.0 - nearest.similarity)), 4)
        if nearest.similarity <= self._most:
            return Ruling(True, score)
        said = f"alike to row {nearest.id} by {nearest.similarity:.3f} ({self._embedder.name}), at most {self._most:g}"
        return Ruling(False, score, said)

    def admit(self, id: str, row: Row) -> None:
        self._nearest.add(id, self._vector(row.text(self._field) or ""))

    @property
    def bytes(self) -> int:
        return self._nearest.bytes

    def _embed(self, text: str) -> Floats:
        vector: Floats = self._embedder.embed([text])[0]
        return vector
