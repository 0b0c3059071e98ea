"""The accepted rows of a run as a dataset: for those who publish it, search in it, or compare it with another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from loopwright.errors import UsageError
from loopwright.loop.dataset import Edition, Entry, Published, Sheet
from loopwright.loop.work import Ended
from loopwright.quality.row import Row
from loopwright.records import Call, Sample
from loopwright.store.reader import RunReader
from loopwright.workflows.datagen.publishing.edition import Issue
from loopwright.workflows.datagen.publishing.provenance import provenance
from loopwright.workflows.datagen.publishing.survey import seeds, survey
from loopwright.workflows.datagen.reading import samples
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.settling import CHECK


class Dataset:
    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._recipe = cast(Recipe, ended.spec)

    def entries(self, ids: frozenset[str] | None = None) -> Iterator[Entry]:
        task = self._recipe.task
        with RunReader.open(self._ended.store) as reader:
            for sample in samples(reader, ids):
                data: Any = sample.data
                row = Row(data["row"], data["lineage"].get("facts", {}))
                label = row.claim(task.label) if task.labels else None
                yield Entry(sample.id, data["row"], row.text(task.text) or row.text() or "", label)

    def seeds(self) -> list[Any]:
        with RunReader.open(self._ended.store) as reader:
            return seeds(reader)

    def made_for(self, sample: Sample, call: Call) -> bool:
        data: Any = sample.data
        return call.purpose in data["lineage"].get("calls", ()) or call.purpose.startswith(f"{CHECK} {sample.index}.")

    def provenance(self) -> dict[str, Any]:
        with RunReader.open(self._ended.store) as reader:
            return provenance(reader, self._ended)

    def publish(self, form: Published, sheet: Sheet, folder: Path) -> Edition:
        with RunReader.open(self._ended.store) as reader:
            found = survey(reader, self._ended)
            if not found.ids:
                raise UsageError(f"{self._ended.folder.name} has no accepted row to publish")
            return Issue(self._ended, reader, found, folder).edition(form, sheet)
