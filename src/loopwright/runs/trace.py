"""From one row of a run to all that led to it: decisions, calls, verdicts, rewards, and the rows and seeds it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from loopwright.errors import RunNotFound
from loopwright.loop.dataset import Dataset
from loopwright.records import Json
from loopwright.runs.dataset import dataset_or_none
from loopwright.runs.folder import RunFolder
from loopwright.store.lineage import Lineage, Origin, lineage
from loopwright.store.reader import RunReader


class Trace(NamedTuple):
    """`outside` are the parents that are no rows of the run, with what they hold; None where that is not known."""

    lineage: Lineage
    outside: dict[str, Json]


def trace(folder: RunFolder, id: str) -> Trace:
    with RunReader.open(folder.store) as reader:
        found = lineage(reader, id)
    if found is None:
        raise RunNotFound(f"{folder.name} has no row {id!r}: a row is named TRIAL.INDEX, as in 12.0")
    rows = dataset_or_none(folder)
    if rows is None:
        return Trace(found, dict.fromkeys(found.roots))
    seeds = {f"seed-{number}": seed for number, seed in enumerate(rows.seeds())}
    origins = tuple(_narrowed(origin, rows) for origin in found.origins)
    return Trace(replace(found, origins=origins), {root: seeds.get(root) for root in found.roots})


def _narrowed(origin: Origin, rows: Dataset) -> Origin:
    """Without the calls of the trial that were made for other rows."""
    return replace(origin, calls=tuple(call for call in origin.calls if rows.made_for(origin.sample, call)))
