"""What is wrong with a recipe beyond its types, and with the files that it names. What a run will assume, `notes` tells."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import orjson

from loopwright.errors import ExtraMissing, Problem, SpecError, UsageError
from loopwright.kinds import nearest
from loopwright.llm.promises import prices_of
from loopwright.llm.quoting import quote
from loopwright.policy import build as build_policy
from loopwright.policy.modifier import chain
from loopwright.policy.per_cost import PerCost
from loopwright.quality.validators.deduplication import Deduplication
from loopwright.quality.validators.schema import agree, compiled
from loopwright.spec.paths import show
from loopwright.workflows.datagen import clashing, files, publish, seeds, validating
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators import GENERATORS, begins, model_of, way
from loopwright.workflows.datagen.generators.asking import Pen, Sampling
from loopwright.workflows.datagen.generators.whole import Whole
from loopwright.workflows.datagen.learning import learner
from loopwright.workflows.datagen.spec import ArmBlock, RecipeBlock


def problems(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    """What follows from another mistake is not said again: validators and arms are looked at where the rows are sound."""
    found = [*_grammar(recipe, brief), *_schema(recipe)]
    found = found or [*_agreement(recipe, brief)]
    found = found or [*_labels(recipe, brief)]
    found = found or [*_asked_for(recipe, brief)]
    yield from found
    yield from publish.problems(recipe.output.publish, "output.publish")
    if not found:
        yield from validating.problems(brief)
        yield from _arms(recipe, brief)
        yield from _named_arms(brief)
        yield from _costs(recipe, brief)
        yield from _evaluation(recipe)


def _grammar(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    if brief.grammar is not None:
        yield from brief.grammar.check(brief.wanted, recipe.constraints.fits or {"type": "object"})


def _schema(recipe: RecipeBlock) -> Iterator[Problem]:
    if recipe.constraints.fits is not None:
        try:
            compiled(recipe.constraints.fits)
        except UsageError as error:
            yield Problem("constraints.schema", str(error), "a JSON Schema of the rows")


def _agreement(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    """A grammar none of whose rows fits the schema."""
    given, grammar = recipe.constraints.fits, brief.grammar
    if given is None or grammar is None:
        return
    derived = grammar.schema()
    if not agree(given, derived):
        expected = f"one that fits what is derived from the grammar: {orjson.dumps(derived).decode()}"
        yield Problem("constraints.schema", "no row of the grammar can satisfy it", expected)


def _labels(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    """Labels that no row of the schema can have."""
    task = recipe.task
    lost = [label for label, share in task.labels.items() if share > 0 and label not in brief.label_values]
    field = brief.named.get(task.label)
    known = field.get("enum") if isinstance(field, Mapping) else None
    words = [str(each) for each in known] if isinstance(known, list | tuple) else []
    for label in lost:
        message = f"is wanted, and no row of the schema can have it as its {task.label!r}"
        expected = f"one of {', '.join(words)}" if words else f"one that fits {orjson.dumps(field).decode()}"
        yield Problem(show(("task", "labels", label)), message, expected, nearest(label, words))


def _asked_for(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    """A schema that says nothing any more where models are asked for several rows of it."""
    if recipe.constraints.fits is None or all(arm.kind == "templater" for arm in brief.arms):
        return
    try:
        compiled(Whole(brief, Pen("", Sampling())).listed().schema)
    except UsageError as error:
        expected = "parts that are referred to under $defs, as #/$defs/NAME"
        yield Problem("constraints.schema", f"as a list of rows, {error}", expected)


def _arms(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    if not brief.arms and recipe.arms != "default":
        yield Problem("arms", "lists none, and so nothing could write rows", "at least one, or default")
    elif not brief.arms:
        yield Problem("arms", "there is nothing that could write rows", "a model under models, a grammar, or both")
    first: dict[str, int] = {}
    for at, arm in enumerate(brief.arms):
        place = ("arms", at)
        if first.setdefault(arm.id, at) != at:
            yield Problem(show((*place, "id")), f"is the id of arms[{first[arm.id]}] too", "an id of its own")
        yield from _arm(recipe, brief, arm, place)
    if brief.arms and not any(begins(arm, brief) is not False for arm in brief.arms):
        message = "each builds on rows that are there already, and none could write the first"
        yield Problem("arms", message, "an arm that needs none, as `naive` does, or seeds where they will do")


def _arm(recipe: RecipeBlock, brief: Brief, arm: ArmBlock, place: tuple[str | int, ...]) -> Iterator[Problem]:
    models = [block.id for block in recipe.models]
    if arm.model is not None and arm.model not in models:
        known = f"one of {', '.join(models)}" if models else "a model under models"
        yield Problem(show((*place, "model")), "names a model that is not there", known, nearest(arm.model, models))
        return
    kinds = GENERATORS.names()
    if arm.kind not in kinds:
        expected = f"one of {', '.join(kinds)}"
        yield Problem(show((*place, "kind")), f"no generator is called {arm.kind!r}", expected, nearest(arm.kind, kinds))
        return
    try:
        unfit = way(arm, place).unfit(brief, model_of(arm, brief))
    except SpecError as error:
        yield from error.problems
        return
    if unfit is not None:
        where = place if recipe.arms != "default" else ("arms",)
        yield Problem(show(where), f"the arm {arm.id!r} cannot write: {unfit}")


def _named_arms(brief: Brief) -> Iterator[Problem]:
    """What the policy names must be there; what else is wrong with a policy is said where all policies are checked."""
    try:
        named = brief.indispensable
    except UsageError:
        return
    arms = [arm.id for arm in brief.arms]
    for place, arm in named.items():
        if arm not in arms:
            yield Problem(place, f"no arm is called {arm!r}", f"one of {', '.join(arms)}", nearest(arm, arms))
        elif begins(brief.arms[arms.index(arm)], brief) is False:
            message = f"the arm {arm!r} is not on offer before there are rows that it can build on"
            yield Problem(place, message, "an arm that needs none")


def _costs(recipe: RecipeBlock, brief: Brief) -> Iterator[Problem]:
    if recipe.reward.cost_weight:
        writers = {model_of(arm, brief) for arm in brief.arms}
        for id, price in prices_of(recipe.models).items():
            if id in writers and price is None:
                message = f"weighs what rows cost, and the price of {id!r} is unknown"
                yield Problem("reward.cost_weight", message, "pricing of that model, with input_per_1k and output_per_1k")


def _evaluation(recipe: RecipeBlock) -> Iterator[Problem]:
    if recipe.evaluation is not None:
        try:
            learner(recipe.evaluation)
        except SpecError as error:
            yield from error.problems
        except UsageError as error:
            yield Problem("evaluation.model", str(error).removeprefix("evaluation.model: "))
        if recipe.evaluation.weight and _by_cost(recipe):
            yield Problem(
                "evaluation.weight", "gives late rewards, which cost nothing, and the policy counts by cost", "weight: 0"
            )


def _by_cost(recipe: RecipeBlock) -> bool:
    try:
        return any(isinstance(each, PerCost) for each in chain(build_policy(recipe.policy)))
    except UsageError:
        return False


def require_extras(formats: Container[str]) -> None:
    if "parquet" in formats and find_spec("pyarrow") is None:
        raise ExtraMissing("parquet", "writing the dataset as Parquet")


def doubts(recipe: RecipeBlock, brief: Brief, base: Path) -> Iterator[str]:
    """Facts that probably leave no row, a target that the grammar cannot reach, and seeds that no arm is ever shown."""
    require_extras(recipe.output.formats)
    if wrong := [*files.problems(brief, base)]:
        raise SpecError(wrong)
    yield from clashing.doubts(brief)
    yield from _too_few_texts(recipe, brief)
    if recipe.seeds is None:
        return
    try:
        rows = seeds.read(recipe.seeds, base, brief.seeded)
    except UsageError as error:
        raise SpecError([Problem("seeds.path", str(error).removeprefix("seeds.path: "))]) from None
    others = brief.unwanted(rows)
    if others:
        named = ", ".join(_other(label, number, brief) for label, number in others.items())
        yield f"{sum(others.values())} of {len(rows)} seeds are never shown as examples, for no such label is wanted: {named}"


def _too_few_texts(recipe: RecipeBlock, brief: Brief) -> Iterator[str]:
    """A grammar that alone writes all rows, with no model, and has fewer texts than there shall be rows with a text each."""
    grammar, wanted = brief.grammar, recipe.target.accepted
    if grammar is None or grammar.needs_model or any(arm.kind != "templater" for arm in brief.arms):
        return
    given = {recipe.task.label: sum(share > 0 for share in brief.quotas.shares.values())} if brief.quotas.rows else {}
    for name, each in brief.gate().validators.items():
        if isinstance(each, Deduplication) and each.exact:
            texts = grammar.variety(each.field, wanted, given)
            if texts < wanted:
                of = "different rows" if each.field is None else f"different texts of {each.field!r}"
                yield (
                    f"the grammar gives at most {texts:,} {of}, {name} takes each once, and target.accepted is {wanted:,}: "
                    "a run ends short of it; give rules more alternatives or a slot for a model (llm_fill), or lower the target"
                )


def _other(label: str, number: int, brief: Brief) -> str:
    plain = label.strip().casefold()
    close = next((wanted for wanted in brief.quotas.shares if wanted.strip().casefold() == plain), None)
    return f"{quote(label, limit=60)} ({number}" + (f"; did you mean {close!r}?)" if close else ")")
