"""Answers that several real models gave to the same questions, as if one had revised its own: `replay-proxy`.

The first answer is that of one model, an answer to a reprompt that of another, by a hash of the reprompt's words. So texts and
changes are real, in both directions, and yet it is no self-correction: whoever answers second has not seen the first answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from loopwright.errors import Problem, Rejected, SpecError
from loopwright.llm.messages import Reply, Request, Usage
from loopwright.llm.prompts import recognise
from loopwright.llm.quoting import quote
from loopwright.llm.structured import Ability
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context


class ReplayProxy:
    """`cassette` is a file of JSON lines with `question` and, by the name of each model, its `solution`; `model` answers first.
    Usage counts words between spaces, since nobody counted tokens."""

    ability: ClassVar[Ability] = "prompt"

    def __init__(self, block: ModelBlock, context: Context) -> None:
        file = (context.folder / Path(block.cassette or "").expanduser()).resolve()
        self._place = f"models[{block.id}]"
        self._first = block.name
        self._answers = self._read(file)
        models = {model for answers in self._answers.values() for model in answers}
        if self._first not in models:
            known = f"one of {', '.join(sorted(models))}"
            raise SpecError([Problem(f"{self._place}.model", f"{file} has no answers of {self._first!r}", known)])
        self._others = sorted(models - {self._first}) or [self._first]

    async def complete(self, request: Request) -> Reply:
        opening, last = request.messages[0].content, request.messages[-1].content
        asked = recognise(opening)
        question = opening if asked is None else asked.slots.get("question", opening)
        answers = self._answers.get(question.strip())
        if answers is None:
            raise Rejected(f"replay-proxy has no answers to {quote(question, limit=80)!r}")
        model = self._first if len(request.messages) == 1 else self._other(last)
        text = answers.get(model) or answers[next(iter(answers))]
        words = sum(len(message.content.split()) for message in request.messages)
        return Reply(text, f"replay-proxy:{model}", usage=Usage(words, len(text.split())))

    def _other(self, words: str) -> str:
        return self._others[blake2b(words.encode(), digest_size=8).digest()[0] % len(self._others)]

    def _read(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        try:
            rows = [orjson.loads(line) for line in file.read_bytes().splitlines() if line.strip()]
            return {str(row["question"]).strip(): _solutions(row) for row in rows}
        except OSError as error:
            why = error.strerror or "it cannot be read"
        except (ValueError, KeyError, TypeError) as error:
            why = f"it is no file of questions with solutions: {quote(repr(error), limit=120)}"
        raise SpecError([Problem(f"{self._place}.cassette", f"{file}: {why}")])


def _solutions(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: said["solution"] for name, said in row.items() if isinstance(said, dict) and said.get("solution")}
