"""What a workflow that makes datasets gives of a run: its rows, where they come from, and a form in which others take them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias

from loopwright.records import Call, Fields, Json, Sample

Sheet: TypeAlias = Literal["jsonl", "parquet"]
Published: TypeAlias = Literal["hf", "chat"]
"""A folder for the Hugging Face Hub, or conversations to fine-tune on."""


class Entry(NamedTuple):
    """A row of a dataset for those who look at many: its text, and its label where rows have labels."""

    id: str
    row: Fields
    text: str
    label: str | None


class Edition(NamedTuple):
    """What was published: the digest of its rows, how many there are, how many in each split; their id, text and label.
    `left_out` are splits that were wanted, and that there was no family of rows for."""

    version: str
    rows: int
    splits: dict[str, int]
    fields: Mapping[str, str]
    left_out: tuple[str, ...]


class Dataset(Protocol):
    """What a run accepted, as data for others."""

    def entries(self, ids: frozenset[str] | None = None) -> Iterator[Entry]:
        """The accepted rows, in the order of the run; of those ids alone, where they are given."""
        ...

    def seeds(self) -> Sequence[Json]:
        """The rows that were there before, which others name `seed-0`, `seed-1`, ... as their parents."""
        ...

    def made_for(self, sample: Sample, call: Call) -> bool:
        """Whether a call of the sample's trial was made for that sample."""
        ...

    def provenance(self) -> Fields:
        """Where every accepted row comes from, as PROV-JSON."""
        ...

    def publish(self, form: Published, sheet: Sheet, folder: Path) -> Edition:
        """Writes it into an empty folder."""
        ...
