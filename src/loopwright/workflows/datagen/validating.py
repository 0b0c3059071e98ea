"""What is wrong with the validators of a recipe, beside its rows: those that would fail each of them, or none, and scores that
nobody gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import orjson
from pydantic import JsonValue

from loopwright.errors import Problem, SpecError
from loopwright.kinds import nearest
from loopwright.quality import VALIDATORS
from loopwright.quality.validators.entailment import names_in
from loopwright.quality.validators.schema import agree
from loopwright.records import Fields
from loopwright.spec.paths import show
from loopwright.workflows.datagen import clashing
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators import GENERATORS
from loopwright.workflows.datagen.generators.plans import PLANNED
from loopwright.workflows.datagen.shapes import properties

_MORE = frozenset(("$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties", "dependentSchemas", "dependentRequired"))
"""Where a schema has one of these, `properties` need not name all fields."""


def problems(brief: Brief) -> Iterator[Problem]:
    try:
        yield from clashing.problems(brief)
    except SpecError as error:
        yield from error.problems
    yield from _rewarded(brief)
    for name, parameters in brief.validators.items():
        if isinstance(parameters, Mapping):
            yield from _of(name, parameters, brief)


def _rewarded(brief: Brief) -> Iterator[Problem]:
    weights, quality = brief.recipe.reward, brief.recipe.reward.quality
    scored = [name for name in brief.validators if _graded(name)]
    known = ", ".join(scored) or "a `judge` among the validators"
    if quality is not None and quality not in brief.validators:
        yield Problem("reward.quality", "names no validator of this recipe", known, nearest(quality, list(brief.validators)))
    elif quality is not None and quality not in scored:
        yield Problem("reward.quality", f"names {quality!r}, which gives no score to a row that passes", known)
    if weights.diversity_weight and brief.novelty is None:
        message = "weighs how new rows are, and no validator measures that"
        yield Problem("reward.diversity_weight", message, "a `similarity` validator")


def _of(name: str, parameters: Mapping[str, JsonValue], brief: Brief) -> Iterator[Problem]:
    fields = _fields(brief)
    if fields is not None and _kind(name) in VALIDATORS.builtin:
        yield from _looked_at(name, parameters, fields, brief)
    own = parameters.get("schema") if _kind(name) == "schema" else None
    if isinstance(own, Mapping) and not agree(own, brief.schema):
        expected = f"one that fits this, too: {orjson.dumps(brief.schema).decode()}"
        yield Problem(show(("validators", name, "schema")), "no row of this recipe can satisfy it", expected)
    if _kind(name) == "label" and _of_wanted(str(parameters.get("label", "label")), brief):
        yield from _untold(name, parameters, brief)


def _fields(brief: Brief) -> Collection[str] | None:
    """Those that a row can have; None where it may have any, as where a plugin writes it."""
    if any(arm.kind not in GENERATORS.builtin for arm in brief.arms):
        return None
    schemas = [brief.schema, *([brief.grammar.schema()] if brief.grammar is not None else [])]
    if any(_open(schema) for schema in schemas):
        return None
    return {name for schema in schemas for name in properties(schema)}


def _open(schema: Fields) -> bool:
    """Whether its rows may have fields that it does not name: it says so, or says it elsewhere than in a list of properties."""
    listed = isinstance(schema.get("properties"), Mapping) and _MORE.isdisjoint(schema)
    return not listed or bool(schema.get("additionalProperties", False))


def _looked_at(name: str, parameters: Mapping[str, JsonValue], fields: Collection[str], brief: Brief) -> Iterator[Problem]:
    """What it looks at and no row is asked to have: each would fail."""
    labels = () if brief.wanted_label is None else ("label", brief.wanted_label)
    claims = {*fields, *labels, *PLANNED.values(), *(brief.grammar.row_values if brief.grammar else ())}
    for key in ("premise", "hypothesis"):
        for claim in names_in(str(parameters.get(key, ""))):
            yield from _missing((name, key), claim, claims, brief)
    if isinstance(field := parameters.get("field"), str):
        yield from _missing((name, "field"), field, fields, brief)
    if _kind(name) == "label":
        yield from _missing((name, "label"), str(parameters.get("label", "label")), claims, brief)


def _missing(place: tuple[str, str], name: str, known: Collection[str], brief: Brief) -> Iterator[Problem]:
    if name in known or name.partition(".")[0] in known:
        return
    where, rules = show(("validators", *place)), brief.recipe.grammar.rules if brief.recipe.grammar else ()
    if name in rules and place[1] != "field":
        yield Problem(where, f"looks at {name!r}, of which a row has no one value", "that rule among grammar.row_values")
    else:
        expected = f"one of {', '.join(sorted(known))}"
        yield Problem(where, f"looks at {name!r}, which no row has", expected, nearest(name, known))


def _of_wanted(claim: str, brief: Brief) -> bool:
    """Whether it is what a row was ordered as: `label` is, where no field of the row has that name."""
    return claim == brief.wanted_label or (claim == "label" and claim not in properties(brief.schema))


def _untold(name: str, parameters: Mapping[str, JsonValue], brief: Brief) -> Iterator[Problem]:
    """Wanted labels that it does not know: each of their rows would fail."""
    wanted = [label for label, rows in brief.quotas.rows.items() if rows]
    for key in ("keywords",) if parameters.get("prompt") == "judge" else ("keywords", "labels"):
        known = parameters.get(key)
        if isinstance(known, Mapping | list | tuple) and known:
            for label in wanted:
                if label not in known:
                    message = f"leaves out the label {label!r}, of which rows are wanted: each of them would fail"
                    yield Problem(show(("validators", name, key)), message, f"{label} among them")


def _graded(name: str) -> bool:
    """Whether it may have a score for a row that passes, as a plugin may."""
    kind = _kind(name)
    return kind not in VALIDATORS.builtin or bool(VALIDATORS.load(kind).graded)


def _kind(name: str) -> str:
    return name.partition(".")[0]
