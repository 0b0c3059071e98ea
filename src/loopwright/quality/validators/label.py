"""Does the text show the label that the row claims? By words that are typical of each label, or by a model."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from loopwright.llm import prompts
from loopwright.quality.asking import Verdict, answer_schema, one_line, shown, verdict
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Asker, Asks, Given, Judges, Parameters, TextField, Unfit, known_model, missing
from loopwright.quality.validators.judge import Judge, judged

_CRITERIA = "The text shows the label that the item claims: a reader who saw the text alone would give it this label."


class Label(Parameters):
    """The claim is the row's field of that name, or else its fact. Give `keywords`, or a `model` to ask."""

    cost: ClassVar[int] = 70

    model: Annotated[str | None, Field(description="the id of the model that is asked")] = None
    keywords: Annotated[dict[str, tuple[str, ...]] | None, Field(description="for each label, words that show it")] = None
    label: Annotated[str, Field(min_length=1, description="the name under which a row claims its label")] = "label"
    labels: Annotated[tuple[str, ...], Field(description="those to choose from; default: the recipe's")] = ()
    prompt: Annotated[Literal["classify", "classify_reason", "judge"], Field(description="how the model is asked")] = "classify"
    field: TextField = None

    @model_validator(mode="after")
    def _one_way(self) -> Label:
        if (self.model is None) == (self.keywords is None):
            raise ValueError("wants either keywords or a model to ask")
        if self.keywords is not None and not all(self.keywords.values()):
            raise ValueError("has a label without keywords")
        return self

    def fitted(self, given: Given) -> Judges | Asks:
        if self.keywords is not None:
            return ByKeywords.model_validate(self.model_dump())
        known_model(self.model or "", given)
        if self.prompt == "judge":
            return AskedToJudge.model_validate(self.model_dump())
        labels = self.labels or given.labels
        if len(labels) < 2:
            raise Unfit("has no labels to choose from: give them here or as the recipe's labels", "labels")
        return AskedToClassify.model_validate({**self.model_dump(), "labels": labels})


class ByKeywords(Label):
    cost: ClassVar[int] = 30

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {label: _any_of(words) for label, words in (self.keywords or {}).items()}

    def judge(self, row: Row) -> Ruling:
        claim, text = row.claim(self.label), _text(row, self)
        if claim is None or text is None:
            return missing(self.label if claim is None else self.field)
        if claim not in self._patterns:
            return Ruling(False, reason=f"no keywords are given for the label {one_line(claim)!r}")
        hits = {label: len(set(pattern.findall(text.casefold()))) for label, pattern in self._patterns.items()}
        own, most = hits[claim], max(hits, key=lambda label: hits[label])
        if own == 0:
            return Ruling(False, 0.0, f"holds no word that is typical of {claim}")
        if hits[most] > own:
            return Ruling(False, own / sum(hits.values()), f"shows {most} rather than {claim}")
        return Ruling(True, own / sum(hits.values()))


class AskedToClassify(Label):
    async def ask(self, row: Row, asker: Asker) -> Ruling:
        claim, text = row.claim(self.label), _text(row, self)
        if claim is None or text is None:
            return missing(self.label if claim is None else self.field)
        if claim not in self.labels:
            return Ruling(False, reason=f"the label {one_line(claim)!r} is none of {', '.join(self.labels)}")
        label = {"enum": list(self.labels)}
        reason = {"reason": {"type": "string"}} if self.prompt == "classify_reason" else {}
        prompt = prompts.render(self.prompt, labels=", ".join(self.labels), text=text)
        said = await verdict(asker, self.model or "", prompt, answer_schema(**reason, label=label))
        return said if isinstance(said, Ruling) else _compared(claim, said)


class AskedToJudge(Label):
    async def ask(self, row: Row, asker: Asker) -> Ruling:
        if row.claim(self.label) is None:
            return missing(self.label)
        shown_alone = Row({"text": text}) if (text := _text(row, self)) is not None else None
        if shown_alone is None:
            return missing(self.field)
        claimed = Row(shown_alone.data, {self.label: row.claim(self.label)}, row.place)
        return await judged(claimed, asker, Judge(model=self.model or "", criteria=_CRITERIA, threshold=0.5, field="text"))


def _compared(claim: str, said: Verdict) -> Ruling:
    found = said["label"]
    if found == claim:
        return Ruling(True, 1.0, one_line(said["reason"]) if "reason" in said else None)
    because = f": {one_line(said['reason'])}" if "reason" in said else ""
    return Ruling(False, 0.0, f"reads like {found}, not {claim}{because}")


def _text(row: Row, by: Label) -> str | None:
    """The text without the label that it is to show."""
    if by.field is not None:
        return row.text(by.field)
    return shown(Row({name: value for name, value in row.data.items() if name != by.label}), None)


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words and phrases, and the beginnings of words where a keyword ends in *."""
    parts = [re.escape(word.casefold().rstrip("*")) + ("" if word.endswith("*") else r"(?!\w)") for word in words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})")
