"""A dataset of the Hugging Face hub, or of a folder that their library reads, streamed by that library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from loopwright.datasets.fields import MappedSource, example
from loopwright.datasets.lines import Row
from loopwright.errors import ExtraMissing, UsageError
from loopwright.llm.quoting import quote
from loopwright.records import Example


class HuggingFace(MappedSource):
    """`path` is the dataset's name on the hub. Nothing of it is run: datasets that are scripts are refused by the library."""

    config: Annotated[str | None, Field(description="the configuration, as in `main`")] = None
    part: Annotated[str, Field(description="what the hub calls a split: train, test, ...")] = "train"
    revision: Annotated[str | None, Field(description="a commit of the dataset, so that it stays the same")] = None

    def examples(self, base: Path) -> Iterator[Example]:
        """A path that begins with `.` or `/` is a folder, looked for in `base`."""
        where = str(self.file(base)) if self.path.startswith((".", "/", "~")) else self.path
        for number, fields in enumerate(_streamed(self, where), 1):
            yield example(Row(f"{self.path}, row {number} of {self.part}", fields), f"q{number}", self.fields)


def _streamed(wanted: HuggingFace, where: str) -> Iterator[Mapping[str, Any]]:
    try:
        library: Any = import_module("datasets")
    except ImportError:
        raise ExtraMissing("hf", "reading a dataset of Hugging Face") from None
    try:
        rows: Iterable[Mapping[str, Any]] = library.load_dataset(
            where, wanted.config, split=wanted.part, revision=wanted.revision, streaming=True
        )
        yield from rows
    except Exception as error:  # whatever their library raises is about the dataset
        raise UsageError(f"dataset.path: {where} cannot be read: {quote(f'{type(error).__name__}: {error}')}") from None
