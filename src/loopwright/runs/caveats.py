"""What must be said of a run wherever its results are shown, and of what its policy has learned."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

from pydantic import ValidationError

from loopwright import workflows
from loopwright.errors import LoopwrightError
from loopwright.llm.providers import ANSWERERS
from loopwright.loop.work import Workflow
from loopwright.policy.protocol import Policy
from loopwright.policy.state import State
from loopwright.runs.beginning import Beginning, starts
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import Named, RunSpec
from loopwright.store.reader import noted


def workflow_of(folder: RunFolder) -> Workflow | None:
    """The catalog line. Whether the run's spec can still be read does not matter."""
    spec = _began_with(folder)
    if spec.get("workflow") not in workflows.KINDS.names():
        return None
    return cast(Workflow, workflows.KINDS.load(spec["workflow"]))


def caveats(folder: RunFolder) -> Iterator[str]:
    """That no model answered, what its workflow says of its spec, and the same of the runs whose learning it began with."""
    yield from of_its_own(folder)
    yield from inherited(folder)


def of_its_own(folder: RunFolder) -> Iterator[str]:
    spec = _began_with(folder)
    yield from _unreal((model["id"], model["provider"]) for model in spec.get("models", ()))
    workflow = workflow_of(folder)
    if workflow is not None:
        with suppress(ValidationError):  # of an earlier edition
            yield from workflow.spec.model_validate_json(json.dumps(spec)).caveats()


def of_spec(spec: RunSpec, policy: Policy) -> Iterator[str]:
    """The same of a run that has just begun, with the policy that it decides by."""
    own = [*_unreal((model.id, model.provider) for model in spec.models), *spec.caveats()]
    yield from own
    yield from of_states([each.start for each in starts(policy)], own)


def inherited(folder: RunFolder) -> Iterator[str]:
    """What holds of the runs whose learning it began with, and is not said of itself."""
    meta = noted(folder.store)
    beginning = Beginning.of(meta)
    if beginning is not None:
        with suppress(LoopwrightError):  # of an earlier edition
            states = beginning.states(Named.model_validate(meta["start"]["spec"]["policy"]))
            yield from of_states(states, list(of_its_own(folder)))


def _began_with(folder: RunFolder) -> dict[str, Any]:
    """Its spec; nothing where it has not begun."""
    return (noted(folder.store).get("start") or {}).get("spec") or {}


def _unreal(models: Iterable[tuple[str, str]]) -> Iterator[str]:
    for id, provider in models:
        if provider in ANSWERERS:
            yield f"{id!r} is {ANSWERERS[provider]}"


def of_states(begun: Iterable[State], own: Collection[str]) -> Iterator[str]:
    for each in dict.fromkeys(caveat for state in begun for caveat in state.caveats):
        if each not in own:
            yield f"the policy begins with what was learned where this holds: {each}"
