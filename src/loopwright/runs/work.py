"""From a catalog line to the workflow at work: the first import of its code."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, cast

from loopwright.errors import ExtraMissing
from loopwright.loop.work import Ended, Work, Workflow
from loopwright.runs.given import Making
from loopwright.spec.blocks import RunSpec


def at_work(workflow: Workflow, spec: RunSpec, making: Making | None = None) -> Work[Any]:
    """The workflow on this spec, as `making` makes it where that is given. A library that it lacks is named by its extra."""
    if making is not None:
        return making(spec)
    module, _, name = workflow.work.partition(":")
    try:
        return cast(Work[Any], getattr(import_module(module), name)(spec))
    except ModuleNotFoundError as error:
        extra = workflow.extras.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise ExtraMissing(extra, f"the workflow {spec.workflow!r}") from error


def outputs(workflow: Workflow, ended: Ended) -> tuple[Path, ...]:
    """Writes what the workflow's users expect of a run, beside its store or where its spec says; the files."""
    if workflow.outputs is None:
        return ()
    module, _, name = workflow.outputs.partition(":")
    return tuple(getattr(import_module(module), name)(ended))
