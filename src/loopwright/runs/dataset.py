"""The dataset of a run: what its workflow makes of the rows that were accepted, for whoever publishes, searches or compares."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, cast

from loopwright import workflows
from loopwright.errors import UsageError
from loopwright.loop.work import Dataset, Ended, Workflow
from loopwright.runs.again import again
from loopwright.runs.folder import RunFolder
from loopwright.runs.states import state_of
from loopwright.store.reader import noted


def dataset(folder: RunFolder, sets: Sequence[str] = ()) -> Dataset:
    """Refuses a run of a workflow that makes none. `sets` changes what is told of it, as `output.publish.license=mit` does."""
    found = dataset_or_none(folder, sets)
    if found is None:
        raise UsageError(f"{folder.name} is a run of a workflow that makes no dataset")
    return found


def dataset_or_none(folder: RunFolder, sets: Sequence[str] = ()) -> Dataset | None:
    where = _where(folder)
    if where is None:
        return None
    found = again(folder, sets)
    module, _, name = where.partition(":")
    learned = partial(state_of, folder, own=False)
    ended = Ended(found.checked.spec, found.checked.digest, folder.path, folder.store, found.base, learned)
    return cast(Dataset, getattr(import_module(module), name)(ended))


def _where(folder: RunFolder) -> str | None:
    """What makes datasets of runs of the folder's workflow. Whether its spec can still be read does not matter."""
    spec: Any = (noted(folder.store).get("start") or {}).get("spec") or {}
    if spec.get("workflow") not in workflows.KINDS.names():
        return None
    return cast(Workflow, workflows.KINDS.load(spec["workflow"])).dataset
