"""Rows must fit a JSON Schema: the one given here, or else the recipe's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field, JsonValue, field_validator

from loopwright.errors import UsageError
from loopwright.llm.quoting import quote
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, Unfit


class Schema(Parameters):
    """`formats` such as "email" are checked, patterns in time linear in the text."""

    cost: ClassVar[int] = 10
    graded: ClassVar[bool] = False

    fits: Annotated[
        dict[str, JsonValue] | None, Field(alias="schema", description="a JSON Schema; default: the recipe's own")
    ] = None

    @field_validator("fits")
    @classmethod
    def _usable(cls, fits: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        if fits is not None:
            try:
                compiled(fits)
            except UsageError as error:
                raise ValueError(str(error)) from None
        return fits

    def fitted(self, given: Given) -> Schema:
        if self.fits is not None:
            return self
        if given.schema is None:
            raise Unfit("there is no schema: give one here, under constraints, or by way of a grammar")
        try:
            compiled(given.schema)
        except UsageError as error:
            raise Unfit(f"the recipe's schema cannot be used: {error}") from None
        return Schema.model_validate({"schema": dict(given.schema)})

    @cached_property
    def _compiled(self) -> Any:
        return compiled(self.fits or {})

    def judge(self, row: Row) -> Ruling:
        try:
            found = next(self._compiled.iter_errors(row.data), None)
        except (ValueError, TypeError, RecursionError) as error:
            return Ruling(False, reason=f"the row is no JSON that a schema can be held to: {quote(str(error), limit=80)}")
        if found is None:
            return Ruling(True)
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found.instance_path).lstrip(".")
        said = quote(found.message, limit=160)
        return Ruling(False, reason=f"at {quote(where, limit=80)}: {said}" if where else said)


def compiled(schema: Mapping[str, Any]) -> Any:
    """The validator of a schema. Raises UsageError where it is none that can be used, or none that a row can satisfy."""
    return _compiled(orjson.dumps(schema))


@lru_cache(maxsize=64)
def _compiled(canonical: bytes) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - a spec without a schema is checked without it

    schema = orjson.loads(canonical)
    patterns = jsonschema_rs.RegexOptions()
    try:
        found = jsonschema_rs.validator_for(schema, validate_formats=True, retriever=_not_fetched, pattern_options=patterns)
    except ValueError as error:
        raise UsageError(f"is not a usable JSON Schema: {quote(str(error))}") from None
    where = _impossible(schema)
    if where is not None:
        raise UsageError(f"no row can satisfy it{where and ': nothing fits at ' + where}")
    return found


def _impossible(schema: Any) -> str | None:
    """The innermost place where it is proven that nothing fits, empty where that is not known; None where nothing is proven."""
    from jsonschema_rs import canonical, canonicalize  # noqa: PLC0415

    try:
        form = canonicalize(schema)
        rows = form.intersect(canonicalize({"type": "object"}, draft=form.draft))
        if rows.satisfiability() is not canonical.Satisfiability.NO:
            return None
        return max((quote(place, limit=120) for place in canonical.find_unsatisfiable(schema)), key=len, default="")
    except ValueError:
        return None


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a row could satisfy both, as far as that can be disproven."""
    from jsonschema_rs import canonical, canonicalize  # noqa: PLC0415

    try:
        form = canonicalize(orjson.loads(orjson.dumps(one)))
        both = form.intersect(canonicalize(orjson.loads(orjson.dumps(other)), draft=form.draft))
    except ValueError:
        return True
    return both.satisfiability() is not canonical.Satisfiability.NO


def _not_fetched(uri: str) -> Any:
    raise ValueError(f"{uri} is outside the schema; schemas are not fetched")
