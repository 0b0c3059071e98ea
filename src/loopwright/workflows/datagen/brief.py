"""What follows from a recipe before any run: the schema of its rows, its shares, its validators, its arms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import orjson
from pydantic import JsonValue

from loopwright.llm.prompts import facts as facts_of_prompt
from loopwright.policy import build as build_policy
from loopwright.policy.fixed import Fixed
from loopwright.policy.modifier import chain, innermost
from loopwright.policy.safe_start import SafeStart
from loopwright.quality import build
from loopwright.quality.choosing import Choice, Chosen, Left, choose
from loopwright.quality.gate import Gate
from loopwright.quality.languages import NAMES
from loopwright.quality.row import Row, as_text
from loopwright.quality.validator import Given
from loopwright.quality.validators.judge import CRITERIA
from loopwright.quality.validators.schema import compiled
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.grammar import Grammar, Wanted
from loopwright.workflows.datagen.shapes import common, named_parts, properties, shapes, unfolded
from loopwright.workflows.datagen.shares import Quotas
from loopwright.workflows.datagen.spec import ArmBlock, RecipeBlock

Parameters: TypeAlias = dict[str, JsonValue]

_WAYS: tuple[tuple[str, float, float], ...] = (
    ("conservative", 0.3, 0.8),
    ("balanced", 0.7, 0.95),
    ("creative", 1.2, 1.0),
)
_ASKING = ("judge", "label", "entailment")


class Brief:
    """Worked out when it is asked for. Of a recipe that is not sound only what `checks` looks at may be asked."""

    def __init__(self, recipe: RecipeBlock) -> None:
        self.recipe = recipe

    @cached_property
    def grammar(self) -> Grammar | None:
        return None if self.recipe.grammar is None else Grammar(self.recipe.grammar)

    @cached_property
    def quotas(self) -> Quotas:
        return Quotas(self.recipe.task.labels, self.recipe.target.accepted)

    @property
    def wanted(self) -> Wanted | None:
        """What the grammar is to give, in the shares that the recipe wants."""
        task = self.recipe.task
        return Wanted(task.label, task.labels) if task.labels else None

    @property
    def wanted_label(self) -> str | None:
        """The field that holds a row's label, where shares of labels are wanted."""
        return self.recipe.task.label if self.quotas.rows else None

    @cached_property
    def schema(self) -> Fields:
        """That of the recipe, else that of the grammar, else text and label."""
        given = self.recipe.constraints.fits
        if given is not None:
            return unfolded(given)
        return self.assumed if self.grammar is None else self.grammar.schema()

    @property
    def assumed(self) -> Fields:
        """The schema where nothing is said of it."""
        task = self.recipe.task
        properties: dict[str, Fields] = {task.text: {"type": "string", "minLength": 1}}
        if task.labels:
            properties[task.label] = {"type": "string", "enum": list(task.labels)}
        return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

    @cached_property
    def named(self) -> Mapping[str, Json]:
        """The fields that every row has a place for."""
        return common(self.schema)

    @cached_property
    def label_values(self) -> Mapping[str, Json]:
        """What each wanted label is in a row: itself, or the number or truth value that it writes, where the schema asks for
        one. Labels that no row can have are left out."""
        name, labels = self.recipe.task.label, self.recipe.task.labels
        if self.schema == self.assumed or name not in self.named:
            return {label: label for label in labels}
        parts = named_parts(self.schema)
        fits = [
            compiled({**parts, "type": "object", "properties": properties(shape)}).is_valid for shape in shapes(self.schema)
        ]
        readings = {
            label: [each for each in (label, _scalar(label)) if any(one({name: each}) for one in fits)] for label in labels
        }
        return {label: found[0] for label, found in readings.items() if found}

    @cached_property
    def to_write(self) -> Fields:
        """The schema of what a model writes of a row: the label is given, not written, unless the shape of a row may depend on
        it."""
        named = properties(self.schema)
        label = self.recipe.task.label
        if not self.recipe.task.labels or label not in named or len(named) < 2:
            return self.schema
        required = self.schema.get("required", ())
        return {
            **self.schema,
            "properties": {name: part for name, part in named.items() if name != label},
            "required": [name for name in required if name != label] if isinstance(required, list | tuple) else [],
        }

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The fields that a model writes: of several shapes, those of the first."""
        return tuple(properties(shapes(self.to_write)[0])) or (self.recipe.task.text,)

    @property
    def seeded(self) -> tuple[str, ...]:
        """The fields of a seed that are made use of."""
        text = () if self.text_field is None else (self.text_field,)
        return (*text, self.recipe.task.label) if self.quotas.rows else text

    def unwanted(self, seeds: Sequence[Fields]) -> Counter[str]:
        """How many seeds have a label of which no rows are wanted, by label."""
        if self.wanted_label is None:
            return Counter()
        labels = [Row(seed).claim(self.wanted_label) or "" for seed in seeds]
        return Counter(label for label in labels if not self.quotas.shares.get(label))

    @property
    def facts(self) -> dict[str, str]:
        """What is so of every row, for the prompts."""
        task = self.recipe.task
        said = {"audience": task.audience, "tone": task.tone, "language": ", ".join(task.languages) or None}
        told = {name: fact for name, fact in said.items() if fact is not None}
        told |= {name: str(fact) for name, fact in task.facts.items()}
        if self.recipe.constraints.facts:
            told["to keep to"] = "; ".join(self.recipe.constraints.facts)
        return told

    def told(self, more: Mapping[str, str]) -> str:
        """The facts of some rows as a prompt has them: the label first."""
        return facts_of_prompt({**more, **self.facts})

    # validators

    @property
    def text_field(self) -> str | None:
        """The field that validators look at where nobody says which: None where the rows have none of that name."""
        text = self.recipe.task.text
        return text if text in self.named else None

    @cached_property
    def choice(self) -> Choice:
        """What the constraints that are written as facts come to."""
        return choose(self.recipe.constraints.facts, self.text_field)

    @cached_property
    def validators(self) -> dict[str, JsonValue]:
        """Those of the recipe and those of its facts. Every row is held to the schema."""
        said = self.recipe.validators
        found: dict[str, JsonValue] = {"schema": {}}
        chosen = {name: dict(each.parameters) for name, each in self.of_facts.items()}
        if said == "auto":
            return {**found, **self.told_language, **chosen, "deduplication": {"field": self.text_field}}
        return {**found, **chosen, **said, **self._judge_of_facts}

    @cached_property
    def of_facts(self) -> dict[str, Chosen]:
        """The validators of facts, by names that those of the recipe leave free."""
        said = self.recipe.validators
        return {_free(name, () if said == "auto" else said): each for name, each in self.choice.named().items()}

    @property
    def unchecked(self) -> tuple[Left, ...]:
        """The facts that nothing looks at."""
        return () if self._judge_of_facts else self.choice.left

    @property
    def _judge_of_facts(self) -> dict[str, JsonValue]:
        """The judge of the recipe, where it has one, with what no rule can tell among its criteria."""
        said = self.recipe.validators
        named = {} if said == "auto" else {name: given for name, given in said.items() if name.partition(".")[0] == "judge"}
        name, given = next(iter(named.items()), ("", None))
        given = {"model": given} if isinstance(given, str) else given
        if not self.choice.left or not isinstance(given, dict):
            return {}
        criteria = str(given.get("criteria") or CRITERIA).rstrip(". ")
        facts = "; ".join(left.fact for left in self.choice.left)
        return {name: {**given, "criteria": f"{criteria}. It keeps to all of this: {facts}"}}

    @property
    def names_language(self) -> bool:
        """Whether one of the facts does."""
        return any(each.kind == "language" for each in self.choice.chosen)

    @property
    def told_language(self) -> dict[str, JsonValue]:
        """The validator of the task's languages, where no fact says more."""
        if self.names_language or not self.languages:
            return {}
        return {"language": {"languages": list(self.languages), "field": self.text_field}}

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of the task, where all of them can be told."""
        wanted = self.recipe.task.languages
        return wanted if all(code.partition("-")[0].casefold() in NAMES for code in wanted) else ()

    @property
    def given(self) -> Given:
        grammar, recipe = self.grammar, self.recipe
        labels = tuple(recipe.task.labels)
        slots: dict[str, tuple[str, ...]] = {} if self.wanted_label is None else {self.wanted_label: labels}
        if grammar is not None and recipe.grammar is not None:
            slots |= {rule: found for rule in recipe.grammar.rules if (found := grammar.values(rule))}
        models = tuple(block.id for block in recipe.models)
        novelty = bool(recipe.reward.diversity_weight) or (self.quality or "").partition(".")[0] == "similarity"
        return Given(self.schema, labels, slots, models, recipe.batch_size, novelty)

    def gate(self) -> Gate:
        """Raises SpecError where a validator does not fit."""
        return build(self.validators, self.given)

    @cached_property
    def quality(self) -> str | None:
        """The validator whose score is a row's quality."""
        return self.recipe.reward.quality or self._first("judge")

    @cached_property
    def novelty(self) -> str | None:
        """The validator whose score says how new a row is."""
        return self._first("similarity")

    def _first(self, kind: str) -> str | None:
        return next((name for name in self.validators if name.partition(".")[0] == kind), None)

    # arms

    @property
    def writer(self) -> str | None:
        """The model that writes where an arm names none: the first."""
        return self.recipe.models[0].id if self.recipe.models else None

    @cached_property
    def arms(self) -> tuple[ArmBlock, ...]:
        """Those of the recipe, or the default ones."""
        if self.recipe.arms != "default":
            return tuple(self.recipe.arms)
        found = []
        if self.writer is not None:
            found += _ways("naive")
        if self.grammar is not None:
            slots = self.writer is not None and self.grammar.needs_model
            found += _ways("templater") if slots else [ArmBlock(id="templater", kind="templater")]
        return tuple(found)

    @cached_property
    def indispensable(self) -> Mapping[str, str]:
        """The arms that the policy names, by the place where it does: they are never switched off."""
        policy = build_policy(self.recipe.policy)
        named: dict[str, str] = {}
        for each in chain(policy):
            if isinstance(each, SafeStart):
                named["policy.safe_start.baseline"] = each.baseline
        inner = innermost(policy)
        if isinstance(inner, Fixed):
            named["policy.fixed.arm"] = inner.arm
        return named

    @property
    def asked_for_json(self) -> tuple[str, ...]:
        """The models that validators ask for JSON."""
        asked: list[str | None] = []
        for name, parameters in self.validators.items():
            if name.partition(".")[0] in _ASKING and isinstance(parameters, dict):
                asked.append(str(parameters["model"]) if parameters.get("model") else None)
        return tuple(dict.fromkeys(id for id in asked if id is not None))


def _scalar(label: str) -> Json:
    """The number or truth value that a label writes as rows do (1.5, not 1.50), or else the label."""
    try:
        read: Json = orjson.loads(label)
    except ValueError:
        return label
    return read if isinstance(read, int | float) and as_text(read) == label else label


def _ways(kind: str) -> list[ArmBlock]:
    return [
        ArmBlock(id=f"{kind}.{name}", kind=kind, params={"temperature": temperature, "top_p": top_p})
        for name, temperature, top_p in _WAYS
    ]


def _free(name: str, taken: Collection[str]) -> str:
    """The name, or one beside it that is not taken."""
    kind, _, number = name.partition(".")
    return name if name not in taken else f"{kind}.facts{number}"
