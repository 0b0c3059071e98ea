"""What `check` tells of a recipe that is sound: what was derived, chosen and assumed, and why it matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from loopwright.records import Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.spec import RecipeBlock

_OFF = 0.01


def notes(recipe: RecipeBlock, brief: Brief) -> Iterator[str]:
    yield from _of_rows(recipe, brief)
    yield from _of_labels(recipe, brief)
    yield from _of_facts(brief)
    yield f"validators: {', '.join(brief.gate().order)}"
    yield f"reward: {''.join(_of_reward(recipe, brief))}"
    yield f"arms: {', '.join(arm.id for arm in brief.arms)}"
    if recipe.evaluation is not None:
        block = recipe.evaluation
        late = f"each arm's gain is a late reward of weight {block.weight:g}" if block.weight else "no arm hears of it"
        yield f"evaluation: after every {block.every} batches, on {block.dev}; {late}"


def _of_reward(recipe: RecipeBlock, brief: Brief) -> Iterator[str]:
    weights = recipe.reward
    yield "the share of a batch that passes"
    if brief.quality is not None:
        yield f", times the score of {brief.quality}"
    if weights.diversity_weight:
        yield f"; {weights.diversity_weight:g} of it is how new the rows are"
    if weights.cost_weight:
        yield f"; less {weights.cost_weight:g} for each dollar that a row cost"
    if brief.quality is None:
        yield "; with a judge, or another score as reward.quality, also how good it is"


def _of_rows(recipe: RecipeBlock, brief: Brief) -> Iterator[str]:
    schema = orjson.dumps(brief.schema).decode()
    if recipe.constraints.fits is None and brief.grammar is None:
        yield f"assumed: with neither schema nor grammar nothing says what a row holds; models are asked for this: {schema}"
    elif recipe.constraints.fits is None:
        yield f"schema, derived from the grammar: {schema}"
        for place in dict.fromkeys(_mixed(brief.schema, ())):
            yield f"mixed: {'.'.join(place)} is now a number, now text: what a template puts together of several parts is text"
    if brief.text_field is None:
        all_of_it = "what looks at their text looks at all their strings; task.text names one"
        yield f"assumed: rows have no field {recipe.task.text!r}: {all_of_it}"


def _mixed(schema: Json, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The fields that are numbers in some rows and texts in others."""
    if not isinstance(schema, Mapping):
        return
    found = schema.get("anyOf")
    options = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []
    kinds = {each.get("type") for each in options}
    if "string" in kinds and kinds & {"integer", "number"}:
        yield place
    for option in options:
        yield from _mixed(option, place)
    for within in ("properties", "$defs"):
        named = schema.get(within)
        for name, part in named.items() if isinstance(named, Mapping) else ():
            yield from _mixed(part, (*place, name))


def _of_labels(recipe: RecipeBlock, brief: Brief) -> Iterator[str]:
    labels = recipe.task.labels
    none = [label for label, rows in brief.quotas.rows.items() if not rows and labels[label]]
    if none:
        yield f"assumed: of {recipe.target.accepted} rows none is of {', '.join(none)}: the share is less than half a row"
    if labels and recipe.task.label not in brief.named:
        yield f"assumed: rows have no field {recipe.task.label!r}: which label each has stands in its lineage alone"
    total = sum(labels.values())
    if labels and abs(total - 1) > _OFF:
        shares = ", ".join(f"{label} {share / total:.3g}" for label, share in labels.items())
        yield f"assumed: task.labels add up to {total:g}, and are taken as shares: {shares}"
    if not labels and "classification" in (recipe.domain or "").casefold():
        yield (
            "assumed: a classification without task.labels: nothing says which labels there are and how many rows of each are "
            "wanted; rows are taken as they come"
        )


def _of_facts(brief: Brief) -> Iterator[str]:
    for chosen in brief.choice.chosen:
        yield f"chosen: {chosen.kind} for {chosen.why}"
    languages = ", ".join(brief.recipe.task.languages)
    if languages and brief.recipe.validators == "auto" and not brief.names_language:
        if brief.told_language:
            yield f"chosen: language for task.languages: {languages}"
        else:
            yield f"left: task.languages {languages}: models that write are told, and nothing checks it"
    for left in brief.choice.left:
        if left in brief.unchecked:
            yield f'left: "{left.fact}": {left.why}; models that write are told, and nothing checks it'
        else:
            yield f'chosen: judge for "{left.fact}": no rule can tell, so it is among the criteria of rows that are judged'
