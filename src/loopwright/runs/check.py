"""Reads and checks a spec without running it: nothing heavy is imported, and only `check_files` reads files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from loopwright import workflows
from loopwright.errors import LoopwrightError, Problem, SpecError, StoreTooNew, UsageError
from loopwright.llm import promises, providers
from loopwright.loop.work import Workflow
from loopwright.policy import build
from loopwright.policy.exhaustive import Exhaustive
from loopwright.policy.fixed import Fixed
from loopwright.policy.modifier import chain, innermost
from loopwright.policy.protocol import Policy
from loopwright.policy.uniform import Uniform
from loopwright.policy.windowed import Windowed
from loopwright.records import Json
from loopwright.runs.beginning import starts, taken
from loopwright.runs.caveats import of_states
from loopwright.spec.blocks import RunSpec
from loopwright.spec.digest import digest
from loopwright.spec.document import Document
from loopwright.spec.load import override, read, validate
from loopwright.spec.schema import json_schema


class Checked(NamedTuple):
    """A spec that can be run, what it names, and what its author may not have meant."""

    document: Document
    spec: RunSpec
    workflow: Workflow
    policy: Policy
    digest: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()


def check(file: Path, sets: Sequence[str] = (), begun: Json = None) -> Checked:
    """Everything that can be known to be wrong before the run, as one `SpecError`. What the workflow says against the spec that
    a run has `begun` with is let pass: an earlier edition may have known of fewer mistakes."""
    document = override(read(file), sets)
    workflow = _workflow(document)
    spec = validate(document, workflow.spec)
    let_pass = [] if begun is None else [*workflow.spec.model_validate_json(orjson.dumps(begun)).problems()]
    problems = [*_executor(spec), *_models(spec), *promises.problems(spec.models, spec.budget)]
    problems += [each for each in spec.problems() if each not in let_pass]
    try:
        problems += _misplaced(spec)
        policy = build(spec.policy)
        problems += [*_memory(spec, policy), *_states(policy)]
    except SpecError as error:
        problems += error.problems
    except UsageError as error:
        problems.append(Problem("policy", str(error)))
    if problems:
        raise document.blame(SpecError(problems))
    return Checked(document, spec, workflow, policy, digest(spec), tuple(warnings(spec)), tuple(spec.notes()))


def check_files(checked: Checked, base: Path) -> Checked:
    """The same with what the author may not have meant in files that the spec names; they are read for it."""
    try:
        _take_states(checked.policy, base)
        begun = of_states([each.start for each in starts(checked.policy)], checked.notes)
        return checked._replace(warnings=(*checked.warnings, *checked.spec.doubts(base)), notes=(*checked.notes, *begun))
    except SpecError as error:
        raise checked.document.blame(error) from None


def schema(workflow: str) -> dict[str, Json]:
    """The JSON Schema of a workflow's specs."""
    return json_schema(workflows.KINDS.load(workflow).spec)


def warnings(spec: RunSpec) -> Iterator[str]:
    """What is allowed and probably not meant."""
    expected = spec.expected_trials() or 0
    tenth = expected // 10
    if tenth and spec.window > tenth and _learns(spec):
        yield (
            f"window {spec.window} exceeds a tenth of the {expected} expected trials: many decisions will be taken before much "
            f"has been learned; `window: {tenth}` learns sooner, and takes longer"
        )
    in_flight = sum(model.limits.concurrency for model in spec.models if "concurrency" in model.limits.model_fields_set)
    if spec.window * spec.calls_per_trial() < 2 * in_flight:
        yield (
            f"window {spec.window} is below twice the {in_flight} calls that may be in flight: "
            "slow trials will leave the models idle; a larger `window` keeps them busy, and learns later"
        )


def _learns(spec: RunSpec) -> bool:
    """Whether what is learned changes a decision of the run."""
    try:
        policy = innermost(build(spec.policy))
    except UsageError:
        return False
    return spec.choices() != 1 and not isinstance(policy, Exhaustive | Fixed | Uniform)


def _executor(spec: RunSpec) -> Iterator[Problem]:
    if spec.executor != "local":
        yield Problem("executor", f"{spec.executor!r} is not part of this version", "local")


def _models(spec: RunSpec) -> Iterator[Problem]:
    blocks = {block.id: block for block in spec.models}
    for index, block in enumerate(spec.models):
        yield from providers.check(block, blocks, f"models[{index}]")


def _misplaced(spec: RunSpec) -> Iterator[Problem]:
    if spec.policy.kind == "memory":
        yield Problem("policy", "names a domain, and so does the spec", "memory: DOMAIN in one place")


def _memory(spec: RunSpec, policy: Policy) -> Iterator[Problem]:
    if spec.memory is not None and any(isinstance(each, Windowed) for each in chain(policy)):
        yield Problem("memory", "what a windowed policy keeps cannot be added up over runs", "another policy, or no memory")


def _states(policy: Policy) -> Iterator[Problem]:
    """States that stand in the spec itself; those in files are read by `check_files`."""
    for each in starts(policy):
        try:
            if not isinstance(each.state, str):
                _ = each.start
        except (UsageError, StoreTooNew) as error:
            yield _of_state(error)


def _take_states(policy: Policy, base: Path) -> None:
    try:
        taken(policy, base)
    except (UsageError, StoreTooNew) as error:
        raise SpecError([_of_state(error)]) from None


def _of_state(error: LoopwrightError) -> Problem:
    return Problem("policy", str(error), "a state that `loopwright policy export` wrote")


def _workflow(document: Document) -> Workflow:
    data = document.data
    kind = data.get("workflow") if isinstance(data, dict) else None
    known = workflows.KINDS.names()
    if not isinstance(kind, str):
        raise document.blame(SpecError([Problem("workflow", "missing", " | ".join(known) or "the name of a workflow")]))
    try:
        found: Workflow = workflows.KINDS.load(kind)
    except UsageError as error:
        if kind in known:
            raise
        raise document.blame(SpecError([Problem("workflow", str(error))])) from error
    return found
