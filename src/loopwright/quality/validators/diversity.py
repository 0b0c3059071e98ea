"""The rows of a batch differ among themselves, by one measure, always taken of the same number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, Unfit
from loopwright.text.named import EmbedderName, embedder

Measure: TypeAlias = Literal["distinct_1", "distinct_2", "distinct_3", "compression", "self_bleu", "vendi", "coverage"]
_OF_VECTORS = ("vendi", "coverage")


class Diversity(Parameters):
    """Each measure is turned so that 1 is as diverse as can be: compression as the share that is left, self-BLEU as 1 - BLEU,
    Vendi as a share of the rows."""

    cost: ClassVar[int] = 100

    min: Annotated[float, Field(ge=0, le=1)]
    field: TextField = None
    measure: Measure = "distinct_2"
    n: Annotated[
        int | None,
        Field(ge=2, description="of how many rows it is taken; default: half the batch, so that some may be lacking"),
    ] = None
    embedder: EmbedderName = "lexical"

    def fitted(self, given: Given) -> Diversity:
        n = max(2, -(-given.batch // 2)) if self.n is None else self.n
        if n > given.batch:
            raise Unfit(
                f"is taken of {n} rows, and a batch has {given.batch}: it would never be", None if self.n is None else "n"
            )
        return self.model_copy(update={"n": n})

    def load(self) -> None:
        if self.measure in _OF_VECTORS:
            embedder(self.embedder)

    def weigh(self, rows: Sequence[Row]) -> Ruling:
        n = self.n or len(rows)
        texts = [text for text in (row.text(self.field) for row in rows) if text is not None]
        if len(texts) < n or n < 2:
            return Ruling(True, reason=f"{len(texts)} texts are too few to compare: {max(n, 2)} are needed")
        found = self._measured(texts, n)
        if found is None:
            return Ruling(True, reason=f"there is too little in them to take {self.measure} of")
        if found >= self.min:
            return Ruling(True, round(found, 4))
        return Ruling(False, round(found, 4), f"{self.measure} of {n} rows is {found:.2f}, at least {self.min:g}")

    def _measured(self, texts: list[str], n: int) -> float | None:
        from loopwright.text import diversity  # noqa: PLC0415 - numpy, which checking a spec does without

        some = diversity.sample(texts, n)
        if self.measure in _OF_VECTORS:
            vectors = embedder(self.embedder).embed(some)
            return diversity.vendi(vectors) / n if self.measure == "vendi" else diversity.coverage(vectors)
        if self.measure == "compression":
            return min(1.0, 1.0 / diversity.compression_ratio(some))
        if self.measure == "self_bleu":
            bleu = diversity.self_bleu(some[: diversity.BLEU_SAMPLE])
            return None if bleu is None else 1.0 - bleu
        return diversity.distinct_n(some, int(self.measure[-1]))
