"""The models that can be served by name: the embedded one, a script, or a list of answers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import orjson

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.llm.http import Http
from loopwright.llm.messages import Reply, Request
from loopwright.llm.provider import Provider
from loopwright.llm.providers import Context, build
from loopwright.spec.blocks import ModelBlock

_CALLED = "answer"
_TINY = "the embedded model: it knows its own little world and refuses everything else"


class Chosen(NamedTuple):
    """A model to serve, what it is called, and what it is."""

    provider: Provider
    name: str
    about: str


def chosen(given: str, http: Http) -> Chosen:
    """The model that `tiny`, `scripted:FILE.py`, `scripted:FILE.py:FUNCTION` or `scripted:FILE.json` names."""
    kind, _, rest = given.partition(":")
    if given == "tiny":
        tiny = build(ModelBlock(id="tiny", provider="tiny"), Context(http))
        return Chosen(tiny, "tiny", getattr(tiny, "about", _TINY))
    if kind != "scripted" or not rest:
        near = nearest(kind, ("tiny", "scripted"))
        hint = f"; did you mean {'scripted:FILE' if near == 'scripted' else near}?" if near else ""
        raise UsageError(f"no model {given!r} can be served: tiny or scripted:FILE{hint}")
    name, _, function = rest.partition(":")
    file = Path(name)
    if not file.is_file():
        raise UsageError(f"the script {name} is not there")
    if file.suffix == ".py":
        function = function or _CALLED
        block = ModelBlock(id="scripted", provider="scripted", script=f"{file.stem}:{function}")
        return Chosen(build(block, Context(http, folder=file.parent)), file.stem, f"the function {function} of {name}")
    answers = _answers(file)
    return Chosen(InRounds(answers, Context(http)), file.stem, f"{len(answers)} answers of {name} in turn, again and again")


def _answers(file: Path) -> list[str]:
    try:
        answers = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"the script {file} cannot be read: {error}") from error
    if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) for answer in answers):
        raise UsageError(f"the script {file} is neither a Python file nor a JSON list of texts")
    return answers


class InRounds:
    """Answers of a list in turn, and when they are used up from the first one again."""

    def __init__(self, answers: list[str], context: Context) -> None:
        self._block = ModelBlock(id="scripted", provider="scripted", script=answers)
        self._context = context
        self._left = 0

    async def complete(self, request: Request) -> Reply:
        if not self._left:
            self._round = build(self._block, self._context)
            self._left = len(self._block.script or ())
        self._left -= 1
        return await self._round.complete(request)
