"""A run that exists, as its workflow is shown it to make something of it: a dataset, or what it came to in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, cast

from loopwright.errors import LoopwrightError
from loopwright.loop.work import Ended, Glance
from loopwright.runs.again import again, located
from loopwright.runs.caveats import workflow_of
from loopwright.runs.folder import RunFolder
from loopwright.runs.states import state_of


def made(folder: RunFolder, where: str, sets: Sequence[str] = ()) -> Any:
    """What the `module:callable` of a catalog line makes of the run."""
    found = again(folder, sets)
    module, _, name = where.partition(":")
    learned = partial(state_of, folder, own=False)
    spec = located(folder, found.checked.spec, found.base)
    ended = Ended(spec, found.checked.digest, folder.path, folder.store, found.base, learned)
    return getattr(import_module(module), name)(ended)


def glance(folder: RunFolder) -> Glance | None:
    """What the workflow says that the run came to; None where it says nothing, or its spec cannot be read any more."""
    workflow = workflow_of(folder)
    if workflow is None or workflow.glance is None:
        return None
    try:
        return cast(Glance, made(folder, workflow.glance))
    except LoopwrightError:
        return None
