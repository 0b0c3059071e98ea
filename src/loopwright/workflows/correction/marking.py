"""Whether an answer is right: by the reference, else by a model that judges where the spec says so, else nobody knows."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple, TypeAlias

from loopwright.datasets.checking import Checker
from loopwright.llm.messages import Reply, Request, chat
from loopwright.llm.prompts import facts, render
from loopwright.loop.trial import Trial
from loopwright.quality.asking import answer_schema, verdict
from loopwright.quality.row import Ruling
from loopwright.records import Example, Fields

By: TypeAlias = Literal["reference", "judge"]

SCHEMA = answer_schema(reason={"type": "string"}, score={"type": "integer", "minimum": 1, "maximum": 5})
CRITERIA = "The answer to the question is right."
RIGHT = 4
"""Of 5: it is what it claims to be, with a small flaw at most."""


class Mark(NamedTuple):
    """None is unknown."""

    right: bool | None
    by: By | None


async def mark(answer: str, trial: Trial, example: Example, checker: Checker, judge: str | None) -> Mark:
    if example.reference is not None:
        return Mark(checker.mark(answer, str(example.reference)).right, "reference")
    if judge is None or not answer:
        return Mark(None, None)
    prompt = render("judge", criteria=CRITERIA, facts=facts({"question": str(example.inputs["question"])}), text=answer)
    said = await verdict(partial(_ask, trial), judge, prompt, SCHEMA)
    return Mark(None, None) if isinstance(said, Ruling) else Mark(int(said["score"]) >= RIGHT, "judge")


async def _ask(trial: Trial, model: str, prompt: str, schema: Fields) -> Reply:
    return await trial.ask(model, Request(chat(prompt), temperature=0.0, schema=schema, purpose="judge"))
