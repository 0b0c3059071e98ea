"""Turns what pydantic says of a spec into problems that a user can act on: a path, a plain sentence, what was expected."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from loopwright.errors import Problem
from loopwright.kinds import nearest
from loopwright.spec.paths import Path, show

_LIST = "a list"
_MAPPING = "a mapping"
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": _MAPPING,
    "float_type": "a number",
    "frozen_set_type": _LIST,
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": _LIST,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "none_required": "null",
    "sequence_type": _LIST,
    "set_type": _LIST,
    "string_type": "text",
    "tuple_type": _LIST,
}
_BOUND = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "multiple_of": "a multiple of {multiple_of:g}",
    "string_pattern_mismatch": "text of the form {pattern}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
}
_FEW = 12


def explain(error: ValidationError, data: Any, model: type[BaseModel]) -> list[Problem]:
    """One problem per place and complaint; where a value fits none of several forms, all of them are what was expected."""
    merged: dict[tuple[str, str], Problem] = {}
    for detail in error.errors(include_url=False):
        problem = _problem(detail, data, model)
        key = (problem.path, problem.message)
        other = merged.get(key)
        if other is None:
            merged[key] = problem
        elif problem.expected and problem.expected not in (other.expected or ""):
            merged[key] = replace(other, expected=" or ".join(filter(None, (other.expected, problem.expected))))
    return list(merged.values())


def _problem(detail: ErrorDetails, data: Any, model: type[BaseModel]) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    path, value = _place(detail, data)
    if kind == "extra_forbidden":
        return _unknown(path, sorted(_known_keys(model, detail["loc"][:-1])))
    if kind == "missing":
        return Problem(show(path), "is missing")
    if kind in _EXPECTED:
        return Problem(show(path), f"is {_noun(value)}", _EXPECTED[kind])
    if kind in _BOUND:
        return Problem(show(path), "does not fit", _BOUND[kind].format(**context))
    return Problem(show(path), *_other(kind, context, value, detail["msg"]))


class _Words(NamedTuple):
    message: str
    expected: str | None = None
    nearest: str | None = None


def _other(kind: str, context: dict[str, Any], value: Any, message: str) -> _Words:
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        close = nearest(value, choices) if isinstance(value, str) else None
        return _Words("is none of the values known here", context["expected"], close)
    if kind in ("value_error", "assertion_error"):
        return _Words(str(context["error"]))
    return _Words(message.replace("Input should be", "should be").replace("valid ", ""))


def _unknown(path: Path, known: list[str]) -> Problem:
    word = str(path[-1])
    close = nearest(word, known)
    expected = "one of " + ", ".join(known) if known and close is None and len(known) <= _FEW else None
    return Problem(show(path), "is not a known key", expected, close)


def _place(detail: ErrorDetails, data: Any) -> tuple[Path, Any]:
    """The path in the document: pydantic's location without the names of the branches it tried on the way. Where a short form
    left it out of the document, the field that it stands for."""
    path: list[str | int] = []
    for key in detail["loc"]:
        if (isinstance(data, list) and isinstance(key, int) and key < len(data)) or (isinstance(data, dict) and key in data):
            data = data[key]  # type: ignore[index]
            path.append(key)
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    if not path and detail["loc"]:
        return detail["loc"][:1], detail["input"]
    return tuple(path), data


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> set[str]:
    forms: list[Any] = [model]
    for key in location:
        below = [child for form in forms for child in _below(form, key)]
        forms = below or [form for form in forms if getattr(form, "__name__", None) == key] or forms
    return {name for form in forms for name in _fields(form)}


def _fields(form: Any) -> dict[str, Any]:
    if not (isinstance(form, type) and issubclass(form, BaseModel)):
        return {}
    return {field.alias or name: field.annotation for name, field in form.model_fields.items()}


def _below(form: Any, key: int | str) -> list[Any]:
    """The types that a value under `key` may have."""
    fields = _fields(form)
    if fields:
        return _forms(fields[str(key)]) if key in fields else []
    arguments = get_args(form)
    origin = get_origin(form)
    if not arguments or not isinstance(origin, type) or not issubclass(origin, Iterable):
        return []
    return _forms(arguments[-1] if issubclass(origin, Mapping) else arguments[0])


def _forms(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _forms(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [form for member in get_args(annotation) for form in _forms(member)]
    return [annotation]


def _noun(value: Any) -> str:
    nouns = {bool: "a boolean", int: "a whole number", float: "a number", str: "text", list: _LIST, dict: _MAPPING}
    return nouns.get(type(value), "empty")
