"""No row says again what an accepted row said: to the letter, or nearly."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, missing
from loopwright.text.bands import Agreeing
from loopwright.text.strings import Strings
from loopwright.text.words import FINGERPRINT, fingerprint

if TYPE_CHECKING:
    from loopwright.text.near import NearDuplicates


class Deduplication(Parameters):
    """Exact: equal but for case and spacing. Near: the Jaccard similarity of character 5-grams, estimated."""

    cost: ClassVar[int] = 50
    graded: ClassVar[bool] = False

    field: TextField = None
    near: Annotated[float | None, Field(ge=0.05, le=1, description="how alike two texts must be; null: exact alone")] = 0.8
    exact: bool = True

    @model_validator(mode="after")
    def _looks(self) -> Deduplication:
        if not self.exact and self.near is None:
            raise ValueError("looks for nothing: neither exact nor near duplicates")
        return self

    def fitted(self, given: Given) -> Deduplication:
        return self

    def memory(self) -> Texts:
        return Texts(self.field, self.exact, self.near)


class Texts:
    """The texts of all admitted rows, as fingerprints and signatures."""

    def __init__(self, field: str | None, exact: bool, near: float | None) -> None:
        self._field = field
        self._first = Agreeing(1, FINGERPRINT, FINGERPRINT) if exact else None
        self._ids = Strings()
        self._near = _near(near) if near is not None else None
        # A row is looked at in act, looked at in settle, and admitted.
        self._fingerprint = lru_cache(maxsize=1024)(fingerprint)

    def __len__(self) -> int:
        return len(self._ids)

    def look(self, row: Row, among: int | None = None) -> Ruling:
        text = row.text(self._field)
        if text is None:
            return missing(self._field)
        place = self._same(text)
        if place is not None and (among is None or place < among):
            return Ruling(False, 0.0, f"the same text as row {self._ids[place]}")
        if self._near is None:
            return Ruling(True)
        near = self._near.closest(text, among)
        if near is None:
            return Ruling(True)
        said = f"nearly the text of row {near.id}: alike to {near.similarity:.2f}, which is not below {self._near.threshold:g}"
        return Ruling(False, round(1.0 - near.similarity, 4), said)

    def admit(self, id: str, row: Row) -> None:
        text = row.text(self._field) or ""
        if self._first is not None:
            self._first.add(self._fingerprint(text))
        self._ids.append(id)
        if self._near is not None:
            self._near.add(id, text)

    @property
    def bytes(self) -> int:
        parts = (self._ids, self._first, self._near)
        return sum(part.bytes for part in parts if part is not None)

    def _same(self, text: str) -> int | None:
        """Where the first row of that text stands."""
        if self._first is None:
            return None
        return next((place for place, _ in self._first.find(self._fingerprint(text))), None)


def _near(threshold: float) -> NearDuplicates:
    from loopwright.text.near import NearDuplicates  # noqa: PLC0415 - rensa, which checking a spec does without

    return NearDuplicates(threshold)
