"""No row is too close to an accepted one, by the cosine of their embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, missing
from loopwright.text.named import EmbedderName, embedder

if TYPE_CHECKING:
    from loopwright.text.embedding import Embedder, Floats
    from loopwright.text.nearest import Nearby


class Similarity(Parameters):
    cost: ClassVar[int] = 60

    max: Annotated[float, Field(gt=0, le=1, description="how near the nearest accepted row may be")]
    field: TextField = None
    embedder: EmbedderName = "lexical"
    scores: Annotated[
        bool, Field(description="tell also of rows that pass how new they are; the reward has that where it counts, too")
    ] = False

    def fitted(self, given: Given) -> Similarity:
        return self.model_copy(update={"scores": self.scores or given.novelty})

    def memory(self) -> Vectors:
        return Vectors(self.field, self.max, embedder(self.embedder), self.scores)


@dataclass(slots=True)
class _Looked:
    """A text's vector, and the nearest of the first so many rows: a row is looked at in act, and in settle beside those that
    came meanwhile."""

    vector: Floats
    rows: int = 0
    nearest: Nearby | None = None


class Vectors:
    """The embedded texts of all admitted rows. Without `scores` only those that are too near are looked for, which takes a
    fraction of the time."""

    def __init__(self, field: str | None, most: float, by: Embedder, scores: bool) -> None:
        from loopwright.text.nearest import Nearest  # noqa: PLC0415 - numpy, which checking a spec does without

        self._field = field
        self._most = most
        self._least = -1.0 if scores else most
        self._embedder = by
        self._nearest = Nearest(by.dims)
        self._looked = lru_cache(maxsize=1024)(self._embed)
        self._expected: dict[str, _Looked] = {}

    def __len__(self) -> int:
        return len(self._nearest)

    def look(self, row: Row, among: int | None = None) -> Ruling:
        text = row.text(self._field)
        if text is None:
            return missing(self._field)
        nearest = self._closest(self._looked(text), len(self) if among is None else min(among, len(self)))
        if nearest is None:
            return Ruling(True, 1.0 if self._least < 0 else None)
        score = round(min(1.0, max(0.0, 1.0 - nearest.similarity)), 4)
        if nearest.similarity <= self._most:
            return Ruling(True, score)
        said = f"alike to row {nearest.id} by {nearest.similarity:.3f} ({self._embedder.name}), at most {self._most:g}"
        return Ruling(False, score, said)

    def expect(self, rows: Sequence[Row], among: int | None = None) -> None:
        count = len(self) if among is None else min(among, len(self))
        texts = list({text: None for row in rows if (text := row.text(self._field)) is not None})
        if not texts:
            return
        vectors = self._embedder.embed(texts)
        near = self._nearest.most_of_each(vectors, count, self._least)
        self._expected = {text: _Looked(vectors[at], count, near[at]) for at, text in enumerate(texts)}
        for text in texts:
            self._looked(text)
        self._expected = {}

    def _closest(self, looked: _Looked, rows: int) -> Nearby | None:
        if rows == looked.rows:
            return looked.nearest
        if rows < looked.rows:
            return self._nearest.most(looked.vector, rows, self._least)
        found = self._nearest.most(looked.vector, rows, self._least, looked.rows)
        if found is not None and (looked.nearest is None or found.similarity > looked.nearest.similarity):
            looked.nearest = found
        looked.rows = rows
        return looked.nearest

    def admit(self, id: str, row: Row) -> None:
        self._nearest.add(id, self._looked(row.text(self._field) or "").vector)

    @property
    def bytes(self) -> int:
        return self._nearest.bytes

    def _embed(self, text: str) -> _Looked:
        return self._expected.get(text) or _Looked(self._embedder.embed([text])[0])
