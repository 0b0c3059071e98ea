"""A run that exists, as its workflow is shown it to make something of it: a dataset, or what it came to in a few lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, cast

from pydantic import ValidationError

from loopwright import workflows
from loopwright.errors import LoopwrightError
from loopwright.llm.providers import ANSWERERS
from loopwright.loop.work import Ended, Glance, Workflow
from loopwright.runs.again import again, located
from loopwright.runs.folder import RunFolder
from loopwright.runs.states import state_of
from loopwright.store.reader import noted


def workflow_of(folder: RunFolder) -> Workflow | None:
    """The catalog line. Whether the run's spec can still be read does not matter."""
    spec: Any = (noted(folder.store).get("start") or {}).get("spec") or {}
    if spec.get("workflow") not in workflows.KINDS.names():
        return None
    return cast(Workflow, workflows.KINDS.load(spec["workflow"]))


def caveats(folder: RunFolder) -> Iterator[str]:
    """What must be said wherever its results are shown: that no model answered, what its workflow says of its spec."""
    spec: Any = (noted(folder.store).get("start") or {}).get("spec") or {}
    for model in spec.get("models", ()):
        if model["provider"] in ANSWERERS:
            yield f"{model['id']!r} is {ANSWERERS[model['provider']]}"
    workflow = workflow_of(folder)
    if workflow is not None:
        with suppress(ValidationError):  # of an earlier edition
            yield from workflow.spec.model_validate_json(json.dumps(spec)).caveats()


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
