"""What another policy would have earned in a run, from the run's folder alone: no model is asked, nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from loopwright import workflows
from loopwright.errors import Problem, SpecError, UsageError
from loopwright.loop.work import Workflow
from loopwright.policy import build
from loopwright.policy.encoding import Encoding
from loopwright.policy.evaluation import Evaluation, Log, Logged, LoggedTrial, Setting, computed, evaluate
from loopwright.policy.evaluation.log import Situate, as_logged
from loopwright.policy.linear import Linear
from loopwright.policy.modifier import innermost
from loopwright.policy.protocol import Lesson, Policy
from loopwright.records import Json
from loopwright.runs.beginning import Beginning, taken
from loopwright.runs.folder import RunFolder
from loopwright.runs.work import at_work
from loopwright.spec.blocks import Named, RunSpec
from loopwright.spec.document import Document
from loopwright.spec.explain import explain
from loopwright.spec.load import read
from loopwright.store.decided import Extent, Scale, decided, extent, scale
from loopwright.store.reader import RunReader, noted


class Answer(NamedTuple):
    """`policy` is what the run played, `other` the one asked about; `scale` leads to the workflow's unit where it is known, in
    which whole trials are compared."""

    policy: Json
    other: Json
    trials: int
    evaluation: Evaluation
    scale: Scale | None


class Other(NamedTuple):
    """The policy that a file names, and the file, to blame it."""

    document: Document
    named: Named
    policy: Policy


def evaluate_run(folder: RunFolder, file: Path, setting: Setting) -> Answer:
    """`file` holds a `policy:` block; a whole spec will do."""
    with RunReader.open(folder.store) as reader:
        there, meta = extent(reader), reader.meta()
        spec = meta["start"]["spec"]
        _check(folder, there, spec, setting)
        other = _other(file, workflows.KINDS.load(spec["workflow"]).spec)
        own = _own(meta) if there.unstated else None
        features = any(isinstance(innermost(each), Linear) for each in (other.policy, own) if each)
        encoding = _encoding(meta["start"]) if features else None
        unit = scale(reader)
        zero = unit.zero if unit is not None and there.stops else None
        log = Log(_trials(reader, there, encoding), there.trials, there.lag, spec["seed"], _situate(encoding), zero)
        if own is not None:
            log = computed(log, own, setting.draws)
        try:
            evaluation = evaluate(log, other.policy, setting)
        except SpecError as error:
            raise other.document.blame(error) from None
        if unit is not None and evaluation.support.trials is not None:
            evaluation = evaluation.times(unit.span)
        return Answer(spec["policy"], other.named.model_dump(mode="json"), there.trials, evaluation, unit)


def _check(folder: RunFolder, there: Extent, spec: dict[str, Any], setting: Setting) -> None:
    if not there.decisions:
        raise UsageError(f"{folder.name} has taken no decisions: there is nothing to evaluate a policy on")
    if not there.rewarded:
        raise UsageError(f"none of the {there.decisions:,} decisions of {folder.name} has earned anything yet")
    if there.stops and not setting.alone and _holds_what_followed(spec):
        raise UsageError(
            f"a reward of {folder.name} holds what followed it, too (return_to_go), so that those of a trial do not add up: "
            "--alone asks what each decision would earn by itself"
        )


def _holds_what_followed(spec: dict[str, Any]) -> bool:
    reward = spec.get("reward")
    return isinstance(reward, dict) and bool(reward.get("return_to_go"))


def _own(meta: dict[str, Any]) -> Policy:
    """The run's own policy, with what it began with."""
    named = Named.model_validate(meta["start"]["spec"]["policy"])
    beginning = Beginning.of(meta)
    return build(named) if beginning is None else beginning.policy(named)


def _encoding(began: dict[str, Any]) -> Encoding | None:
    """How contexts become numbers, which only the workflow can tell."""
    spec = began["spec"]
    workflow: Workflow = workflows.KINDS.load(spec["workflow"])
    work = at_work(workflow, workflow.spec.model_validate_json(json.dumps(spec)))
    encoding: Encoding | None = getattr(work, "encoding", None)
    return encoding


def _situate(encoding: Encoding | None) -> Situate:
    if encoding is None:
        return as_logged
    return lambda decision, rng: as_logged(decision, rng)._replace(encoding=encoding)


def _trials(reader: RunReader, there: Extent, encoding: Encoding | None) -> Iterator[LoggedTrial]:
    for each in decided(reader, there.trials):
        decisions = [Logged(decision, each.earned.get(decision.id)) for decision in each.decisions]
        lessons = [
            Lesson(context, arm, reward.value, probability, reward.parts, encoding, reward.weight)
            for reward, context, arm, probability in each.given
        ]
        yield LoggedTrial(each.trial, decisions, lessons)


def _other(file: Path, form: type[RunSpec]) -> Other:
    """Of a run's own spec file, the policy that was played there: with what was set, and what it began with."""
    document, folder = read(file), RunFolder(file.resolve().parent)
    meta = noted(folder.store) if file.resolve() == folder.spec else {}
    if meta.get("start"):
        return Other(document, Named.model_validate(meta["start"]["spec"]["policy"]), _own(meta))
    data = document.data
    given = data.get("policy") if isinstance(data, dict) else None
    if given is None:
        missing = Problem("policy", "missing", "a policy, as in policy: {epsilon_greedy: 0.1}")
        raise document.blame(SpecError([missing]))
    try:
        named = _named(form.policy_in_full(given))
        policy = build(named)
        taken(policy, folder.path)
        return Other(document, named, policy)
    except SpecError as error:
        raise document.blame(error) from None
    except UsageError as error:
        raise document.blame(SpecError([Problem("policy", str(error))])) from error


def _named(given: Json) -> Named:
    try:
        return Named.model_validate_json(json.dumps(given))
    except ValidationError as error:
        problems = explain(error, given, Named)
        raise SpecError([Problem("policy", each.message, each.expected, each.nearest) for each in problems]) from None
