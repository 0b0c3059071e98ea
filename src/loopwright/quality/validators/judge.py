"""A model judges rows on an anchored scale from 1 to 5, which becomes 0 to 1. Rows that are not drawn are not failed by it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.llm import prompts
from loopwright.quality.asking import answer_schema, one_line, shown, told, verdict
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Asker, Given, Parameters, TextField, known_model, missing

SCHEMA = answer_schema(reason={"type": "string"}, score={"type": "integer", "minimum": 1, "maximum": 5})
CRITERIA = "It reads as if a real person had written it, and it is what it claims to be."


class Judge(Parameters):
    cost: ClassVar[int] = 90

    model: Annotated[str, Field(description="the id of the model that judges")]
    criteria: Annotated[str, Field(min_length=1, description="what makes a good row")] = CRITERIA
    threshold: Annotated[float, Field(ge=0, le=1, description="the least score that passes; a 4 of 5 is 0.75")] = 0.7
    sample: Annotated[float, Field(gt=0, le=1, description="the share of the rows that is judged")] = 1.0
    field: TextField = None
    facts: Annotated[
        tuple[str, ...] | None, Field(description="the facts that the judge is told; default: all but the arm")
    ] = None

    def fitted(self, given: Given) -> Judge:
        known_model(self.model, given)
        return self

    async def ask(self, row: Row, asker: Asker) -> Ruling:
        if row.draw("judge").random() >= self.sample:
            return Ruling(True, reason="not drawn to be judged")
        return await judged(row, asker, self)


async def judged(row: Row, asker: Asker, by: Judge) -> Ruling:
    text = shown(row, by.field)
    if text is None:
        return missing(by.field)
    facts = prompts.facts(told(row, by.facts))
    prompt = prompts.render("judge", criteria=by.criteria, facts=facts, text=text)
    said = await verdict(asker, by.model, prompt, SCHEMA)
    if isinstance(said, Ruling):
        return said
    score = (int(said["score"]) - 1) / 4
    if score >= by.threshold:
        return Ruling(True, score, one_line(said["reason"]))
    return Ruling(False, score, f"{int(said['score'])} of 5: {one_line(said['reason'])}")
