"""The dataset of a run: what its workflow makes of the rows that were accepted, for whoever publishes, searches or compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from loopwright.errors import UsageError
from loopwright.loop.dataset import Dataset
from loopwright.runs.caveats import workflow_of
from loopwright.runs.ended import made
from loopwright.runs.folder import RunFolder


def dataset(folder: RunFolder, sets: Sequence[str] = ()) -> Dataset:
    """Refuses a run of a workflow that makes none. `sets` changes what is told of it, as `output.publish.license=mit` does."""
    found = dataset_or_none(folder, sets)
    if found is None:
        raise UsageError(f"{folder.name} is a run of a workflow that makes no dataset")
    return found


def dataset_or_none(folder: RunFolder, sets: Sequence[str] = ()) -> Dataset | None:
    workflow = workflow_of(folder)
    if workflow is None or workflow.dataset is None:
        return None
    return cast(Dataset, made(folder, workflow.dataset, sets))
