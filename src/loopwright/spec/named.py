"""From a name with its arguments, as a spec gives them, to the configured member of a room's `kind` table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from loopwright.errors import SpecError
from loopwright.kinds import Kinds
from loopwright.spec import paths
from loopwright.spec.blocks import Named
from loopwright.spec.explain import explain


def configure(kinds: Kinds, named: Named, path: str) -> Any:
    """The member with its arguments checked. `path` is where the name stands, for the errors."""
    member: type[BaseModel] = kinds.load(named.kind)
    arguments = _arguments(member, named)
    try:
        return member.model_validate_json(json.dumps(arguments))
    except ValidationError as error:
        above = (*paths.parse(path), named.kind)
        problems = [
            replace(problem, path=paths.show((*above, *paths.parse(problem.path))))
            for problem in explain(error, arguments, member)
        ]
        raise SpecError(problems) from None


def _arguments(member: type[BaseModel], named: Named) -> dict[str, Any]:
    """A single argument is the member's first field."""
    if named.argument is None:
        return {}
    if isinstance(named.argument, dict):
        return named.argument
    first = next(iter(member.model_fields), "argument")
    return {first: named.argument}
