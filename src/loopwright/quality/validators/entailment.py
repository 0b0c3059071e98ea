"""Does the hypothesis follow from the premise? Asked of a model, of an NLI model, or read off the slots of the grammar.

Premise and hypothesis are templates: `<name>` stands for what the row says of itself under that name.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field, field_validator, model_validator

from loopwright.llm import prompts
from loopwright.quality import nli
from loopwright.quality.asking import answer_schema, one_line, verdict
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Asker, Asks, Given, Judges, Parameters, Unfit, known_model, missing

SCHEMA = answer_schema(reason={"type": "string"}, follows={"type": "boolean"})
_NAME = re.compile(r"<([^<>\s]+)>")


class Entailment(Parameters):
    """Asked of `model` where one is named, of the NLI model in the folder `nli` where one is given, otherwise by rule: which
    value of a slot does the hypothesis speak of? A rule that cannot tell lets the row pass."""

    cost: ClassVar[int] = 70

    premise: Annotated[str, Field(min_length=1)]
    hypothesis: Annotated[str, Field(min_length=1)]
    model: Annotated[str | None, Field(description="the id of the model that is asked")] = None
    nli: Annotated[str | None, Field(description="the folder of a cross-encoder for natural language inference")] = None
    threshold: Annotated[float, Field(gt=0, le=1, description="nli: the least probability of entailment")] = 0.5
    values: Annotated[
        dict[str, tuple[str, ...]], Field(default_factory=dict, description="by rule: what each <name> of the premise can be")
    ]

    @field_validator("premise", "hypothesis")
    @classmethod
    def _names_something(cls, template: str) -> str:
        if not _NAME.search(template):
            raise ValueError("names no field of the row: write it as <field>")
        return template

    @model_validator(mode="after")
    def _one_way(self) -> Entailment:
        if self.model is not None and self.nli is not None:
            raise ValueError("wants a model or an NLI model, not both")
        return self

    def fitted(self, given: Given) -> Judges | Asks:
        if self.model is not None:
            known_model(self.model, given)
            return AskedEntailment.model_validate(self.model_dump())
        if self.nli is not None:
            return NliEntailment.model_validate(self.model_dump())
        known = {**given.slots, **({"label": given.labels} if given.labels else {}), **self.values}
        if all(len(known.get(name, ())) < 2 for name in names_in(self.premise)):  # it would pass every row
            named = ", ".join(names_in(self.premise))
            raise Unfit(f"tells by rule which value of {named} a text speaks of, and knows no two: give values or a model")
        return RuledEntailment.model_validate({**self.model_dump(), "values": known})


class RuledEntailment(Entailment):
    cost: ClassVar[int] = 30

    def judge(self, row: Row) -> Ruling:
        hypothesis = _filled(self.hypothesis, row)
        if isinstance(hypothesis, Ruling):
            return hypothesis
        rulings = [self._of(name, row, _spaced(hypothesis)) for name in names_in(self.premise)]
        failed = [ruling for ruling in rulings if not ruling.passed]
        told = [ruling for ruling in rulings if ruling.score is not None]
        return [*failed, *told, *rulings][0]

    def _of(self, name: str, row: Row, spoken: str) -> Ruling:
        claim = row.claim(name)
        if claim is None:
            return missing(name)
        if _speaks(spoken, claim):
            return Ruling(True, 1.0)
        other = next((value for value in self.values.get(name, ()) if value != claim and _speaks(spoken, value)), None)
        if other is None:
            return Ruling(True, reason=f"speaks of no {name} by name, so no rule can tell")
        return Ruling(False, 0.0, f"speaks of {one_line(other)}, not of {one_line(claim)}")


class AskedEntailment(Entailment):
    async def ask(self, row: Row, asker: Asker) -> Ruling:
        pair = _pair(self, row)
        if isinstance(pair, Ruling):
            return pair
        prompt = prompts.render("entails", premise=pair.premise, hypothesis=pair.hypothesis)
        said = await verdict(asker, self.model or "", prompt, SCHEMA)
        if isinstance(said, Ruling):
            return said
        if said["follows"]:
            return Ruling(True, 1.0, one_line(said["reason"]))
        return Ruling(False, 0.0, f"does not follow: {one_line(said['reason'])}")


class NliEntailment(Entailment):
    cost: ClassVar[int] = 65

    nli: str

    def load(self) -> None:
        nli.loaded(self.nli)

    def judge(self, row: Row) -> Ruling:
        pair = _pair(self, row)
        if isinstance(pair, Ruling):
            return pair
        probability = round(nli.entails(self.nli, pair.premise, pair.hypothesis), 4)
        if probability >= self.threshold:
            return Ruling(True, probability)
        return Ruling(False, probability, f"follows with probability {probability:.2f}, at least {self.threshold:g}")


class _Pair(NamedTuple):
    premise: str
    hypothesis: str


def _pair(templates: Entailment, row: Row) -> _Pair | Ruling:
    premise, hypothesis = _filled(templates.premise, row), _filled(templates.hypothesis, row)
    if isinstance(premise, Ruling):
        return premise
    return hypothesis if isinstance(hypothesis, Ruling) else _Pair(premise, hypothesis)


def names_in(template: str) -> list[str]:
    """What it wants to know of a row."""
    return _NAME.findall(template)


def _filled(template: str, row: Row) -> str | Ruling:
    claims = {name: row.claim(name) for name in names_in(template)}
    absent = next((name for name, claim in claims.items() if claim is None), None)
    if absent is not None:
        return missing(absent)
    return _NAME.sub(lambda name: claims[name[1]] or "", template)


def _speaks(spoken: str, value: str) -> bool:
    """Whether the value stands there in words of its own; `_` and `-` in names are spaces."""
    plain = _spaced(value).strip()
    if not plain:
        return False
    return re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", spoken) is not None


def _spaced(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.casefold())
