"""Texts with what they stand for, from a run that wrote them or from a user's file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from loopwright.datasets.files import rows as rows_of
from loopwright.errors import UsageError
from loopwright.learn.rows import Rows
from loopwright.quality.row import Row
from loopwright.runs.folder import RunFolder
from loopwright.store.reader import RunReader
from loopwright.workflows.datagen import reading
from loopwright.workflows.datagen.labelled import Wanted
from loopwright.workflows.datagen.publishing.survey import seeds
from loopwright.workflows.datagen.recipe import Recipe


class Dataset(NamedTuple):
    """Rows that somebody wrote, and the texts that the writers were shown."""

    rows: Rows
    seeds: tuple[str, ...] = ()


def of_file(file: Path, wanted: Wanted) -> Rows:
    """Also of a run's own `dataset.jsonl`, whose rows stand beside where they come from."""
    texts, targets, arms = [], [], []
    for found in rows_of(file):
        data: Any = found.fields
        lineage: Any = {}
        if wanted.text not in data and isinstance(data.get("data"), Mapping) and isinstance(data.get("lineage"), Mapping):
            data, lineage = data["data"], data["lineage"]
        text, target = wanted.of(Row(data, lineage.get("facts", {})), found.place)
        texts.append(text)
        targets.append(target)
        arms.append(lineage.get("arm"))
    if not texts:
        raise UsageError(f"{file} holds no row")
    return Rows.of(texts, targets, arms)


def recipe_of(folder: RunFolder) -> Recipe:
    """The recipe of a run that makes a dataset."""
    with RunReader.open(folder.store) as reader:
        spec = (reader.meta().get("start") or {}).get("spec") or {}
    if spec.get("workflow") != "datagen":
        raise UsageError(f"{folder.name} makes no dataset: its workflow is {spec.get('workflow')!r}")
    return Recipe.model_validate_json(orjson.dumps(spec))


def of_run(folder: RunFolder, wanted: Wanted) -> Dataset:
    """What it has accepted so far."""
    with RunReader.open(folder.store) as reader:
        found, shown = list(reading.origins(reader)), seeds(reader)
    if not found:
        raise UsageError(f"{folder.name} has accepted no row yet")
    read = [wanted.of(origin.row, f"a row of {folder.name}") for origin in found]
    rows = Rows.of([text for text, _ in read], [target for _, target in read], [origin.arm for origin in found])
    return Dataset(rows, tuple(text for seed in shown if (text := Row(seed).text(wanted.text)) is not None))
