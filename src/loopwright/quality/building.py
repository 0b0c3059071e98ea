"""From the `validators:` of a spec to validators: parameters checked, recipe consulted, plugin functions wrapped."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, JsonValue

from loopwright.errors import PluginError, Problem, SpecError
from loopwright.kinds import Kinds, nearest
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Asks, Compares, Given, Judges, Parameters, Unfit, Validator, Weighs
from loopwright.spec import paths
from loopwright.spec.blocks import Block
from loopwright.spec.named import configured

Function: TypeAlias = Callable[[Row], "bool | float | Ruling"]


class FromFunction(Block):
    """What a plugin function can be told in a spec."""

    threshold: Annotated[float, Field(ge=0, le=1, description="the least score that passes")] = 0.5


class Called:
    """A plugin's function `row -> bool | float | Ruling` as a validator."""

    cost: ClassVar[int] = Parameters.cost

    def __init__(self, function: Function, threshold: float) -> None:
        self._function = function
        self._threshold = threshold

    def judge(self, row: Row) -> Ruling:
        said: object = self._function(row)
        if isinstance(said, Ruling):
            return said
        if isinstance(said, bool):
            return Ruling(said, reason=None if said else "says no")
        if isinstance(said, int | float) and 0 <= said <= 1:
            passed = said >= self._threshold
            return Ruling(passed, float(said), None if passed else f"scores {said:.3g}, at least {self._threshold:g}")
        raise TypeError(f"returned {said!r}, not a bool, a score from 0 to 1, or a Ruling")


def build(kinds: Kinds, given: Given, validators: Mapping[str, JsonValue], path: str) -> dict[str, Validator]:
    """A validator for each entry `KIND` or `KIND.NAME`, under that name. Raises all problems of all entries at once."""
    built: dict[str, Validator] = {}
    problems: list[Problem] = []
    for name, argument in validators.items():
        try:
            built[name] = _one(kinds, given, name, argument, (*paths.parse(path), name))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return built


def _one(kinds: Kinds, given: Given, name: str, argument: JsonValue, place: paths.Path) -> Validator:
    kind = name.partition(".")[0]
    if kind not in kinds.names():
        listed = "one of " + ", ".join(kinds.names())
        close = nearest(kind, kinds.names())
        raise SpecError([Problem(paths.show(place), f"no validator is called {kind!r}", None if close else listed, close)])
    member = kinds.load(kind)
    if not isinstance(member, type):
        return _called(name, member, argument, place)
    validator = configured(member, argument, place)
    try:
        fitted = validator.fitted(given) if isinstance(validator, Parameters) else validator
    except Unfit as error:
        where = place if error.parameter is None else (*place, error.parameter)
        raise SpecError([Problem(paths.show(where), str(error), None, error.nearest)]) from None
    return _usable(name, fitted)


def _called(name: str, function: Any, argument: JsonValue, place: paths.Path) -> Called:
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise PluginError(f"the validator {name} is neither a plain function nor a class; one that waits is a class with `ask`")
    return Called(function, configured(FromFunction, argument, place).threshold)


def _usable(name: str, validator: object) -> Validator:
    if isinstance(validator, Judges | Asks | Compares | Weighs):
        return validator
    raise PluginError(f"the validator {name} has none of the methods judge, ask, memory and weigh")
