"""From a name with its arguments, as a spec gives them, to the configured member of a room's `kind` table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from loopwright.errors import SpecError
from loopwright.kinds import Kinds
from loopwright.spec import paths
from loopwright.spec.blocks import Named
from loopwright.spec.explain import explain


def configure(kinds: Kinds, named: Named, path: str) -> Any:
    """The member with its arguments checked. `path` is where the name stands, for the errors."""
    return configured(kinds.load(named.kind), named.argument, (*paths.parse(path), named.kind))


def configured(member: type[BaseModel], argument: JsonValue, above: paths.Path) -> Any:
    """A member of a table with its arguments checked. `above` is where they stand."""
    arguments = _arguments(member, argument)
    try:
        return member.model_validate_json(json.dumps(arguments))
    except ValidationError as error:
        problems = [
            replace(problem, path=paths.show((*above, *paths.parse(problem.path))))
            for problem in explain(error, arguments, member)
        ]
        raise SpecError(problems) from None


def _arguments(member: type[BaseModel], argument: JsonValue) -> dict[str, Any]:
    """A single argument is the member's first field."""
    if argument is None:
        return {}
    if isinstance(argument, dict):
        return argument
    first = next(iter(member.model_fields), "argument")
    return {first: argument}
