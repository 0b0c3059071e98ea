"""From a file to a checked spec: read, override, validate. Nothing is run, and nothing is taken from the environment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import ValidationError

from loopwright.errors import Problem, SpecError
from loopwright.kinds import nearest
from loopwright.spec import paths
from loopwright.spec.blocks import RunSpec, domain_apart
from loopwright.spec.check import cross_check
from loopwright.spec.document import Document, Node
from loopwright.spec.explain import explain
from loopwright.spec.inline_keys import inline_keys, looks_like_key
from loopwright.spec.yaml import MAX_BYTES, parse, parse_value

S = TypeVar("S", bound=RunSpec)


def read(file: FilePath | str) -> Document:
    """The document in a file. Raises SpecError with all that is wrong with it."""
    try:
        with FilePath(file).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name is not a file name"
        raise SpecError([Problem("", f"cannot be read: {reason}", "a YAML file")], str(file)) from None
    return parse(content, str(file))


def override(document: Document, settings: Iterable[str]) -> Document:
    """The document with `path=value` settings applied in order, as `--set` takes them."""
    root = document.root
    problems: list[Problem] = []
    for number, setting in enumerate(settings, 1):
        try:
            root = _applied(root, setting, number)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems, document.file)
    return replace(document, root=root)


def _applied(root: Node, setting: str, number: int) -> Node:
    place, equals, text = setting.partition("=")
    try:
        path = paths.parse(place.strip()) if equals else ()
    except ValueError:
        path = ()
    if not path:
        expected = "path=value, as in budget.usd=3 or models[0].temperature=0.2"
        raise SpecError([Problem("", f"--set number {number} cannot be understood", expected)])
    origin = f"--set {paths.show(path)}"
    try:
        value = parse_value(text)
    except SpecError as error:
        raise SpecError([_moved(problem, path, origin) for problem in error.problems]) from None
    return _with(root, path, _marked(value, origin), (), origin)


def _moved(problem: Problem, path: paths.Path, origin: str) -> Problem:
    below = paths.parse(problem.path)
    return replace(problem, path=paths.show((*path, *below)), message=f"{problem.message} (from {origin})", line=None)


def _marked(node: Node, origin: str) -> Node:
    content = node.content
    if isinstance(content, dict):
        return Node({key: _marked(child, origin) for key, child in content.items()}, None, origin)
    if isinstance(content, list):
        return Node([_marked(child, origin) for child in content], None, origin)
    return Node(content, None, origin)


def _with(node: Node, path: paths.Path, value: Node, above: paths.Path, origin: str) -> Node:
    """The node with `value` in the place that `path` leads to. Mappings on the way are made where there are none."""
    if not path:
        return value
    content = {} if node.content is None else node.content
    step = node.step(path[0])
    if isinstance(content, dict) and isinstance(path[0], str):
        child = content.get(path[0], Node(None, None, origin))
        return replace(node, content={**content, path[0]: _with(child, path[1:], value, (*above, path[0]), origin)})
    if isinstance(content, list) and step and isinstance(at := step.key, int):
        changed = _with(step.node, path[1:], value, (*above, at), origin)
        return replace(node, content=[*content[:at], changed, *content[at + 1 :]])
    raise SpecError([_astray(content, path[0], above, origin)])


def _astray(content: Any, key: str | int, above: paths.Path, origin: str) -> Problem:
    place, note = paths.show((*above, key)), f" (from {origin})"
    if isinstance(content, list) and isinstance(key, str):
        ids = [node.id for node in content if node.id]
        known = f"an index or one of {', '.join(ids)}" if ids else "an index"
        return Problem(place, f"is no id in the list{note}", known, nearest(key, ids))
    if isinstance(content, list):
        return Problem(place, f"is beyond the end of the list{note}", f"an index below {len(content)}")
    expected = "a key" if isinstance(content, dict) else None
    return Problem(place, f"cannot be set: {paths.show(above) or 'the spec'} is no {_container(key)}{note}", expected)


def _container(key: str | int) -> str:
    return "list" if isinstance(key, int) else "mapping"


def validate(document: Document, model: type[S]) -> S:
    """The spec that a document means to a workflow. Raises SpecError with all problems at once, in the order of the file."""
    data = document.data
    keys = inline_keys(data)
    checked = _check(data, model)
    wrong = [*checked, *_partial_cross_check(data)] if isinstance(checked, list) else cross_check(checked)
    taken = {problem.path for problem in keys}
    shown = [problem for problem in wrong if problem.path not in taken and not looks_like_key(problem.path)]
    if keys or shown or isinstance(checked, list):
        blamed = document.blame(SpecError([*keys, *shown]))
        raise SpecError(sorted(blamed.problems, key=lambda problem: problem.line or 0), document.file)
    return checked


def _check(data: Any, model: type[S]) -> S | list[Problem]:
    if not isinstance(data, dict):
        what = "is empty" if data is None else "is not a mapping"
        return [Problem("", f"the spec {what}", "keys with values, as in seed: 7")]
    try:
        # as JSON, so that a list will do for a tuple while every other type is exact
        return model.model_validate_json(json.dumps(domain_apart(data)))
    except ValidationError as error:
        return explain(error, data, model)


def _partial_cross_check(data: Any) -> list[Problem]:
    """What the blocks every workflow has disagree on, where those blocks alone are sound."""
    if not isinstance(data, dict):
        return []
    known = {key: value for key, value in data.items() if key in ("models", "budget")}
    common = _check({"workflow": "", **known}, RunSpec)
    return [] if isinstance(common, list) else cross_check(common)
