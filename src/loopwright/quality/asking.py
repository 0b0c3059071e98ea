"""How a validator asks a model: which text of a row it shows, how it reads the verdict. Only what fits the schema counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from loopwright.errors import BadAnswer, CallError
from loopwright.llm import structured
from loopwright.llm.messages import Reply
from loopwright.llm.quoting import quote
from loopwright.quality.row import Row, Ruling, as_text
from loopwright.quality.validator import Asker
from loopwright.records import Fields, Json

Verdict: TypeAlias = dict[str, Any]


def answer_schema(**properties: Fields) -> Fields:
    """The schema of an object with exactly these keys, in this order."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def verdict(asker: Asker, model: str, prompt: str, schema: Fields) -> Verdict | Ruling:
    """What the model answered; a failed ruling where it gave no verdict of that schema."""
    try:
        reply = await asker(model, prompt, schema)
        return _refused(model, reply) or _read(schema, reply)
    except CallError as error:
        return Ruling(False, reason=f"{model} gave no verdict: {error.kind}: {quote(str(error))}")


def _refused(model: str, reply: Reply) -> Ruling | None:
    if reply.refusal is None and reply.finish != "refusal":
        return None
    said = quote(reply.refusal or reply.text, limit=120)
    return Ruling(False, reason=f"{model} refused to give a verdict{said and ': ' + said}")


def _read(schema: Fields, reply: Reply) -> Verdict:
    found = structured.read(schema, reply.text, reply.finish)
    if not isinstance(found, dict):
        raise BadAnswer("the answer is no JSON object", charged=True)
    return found


def shown(row: Row, field: str | None) -> str | None:
    """The text of a row as a model is shown it: the named field; or else all of the row but what its facts say already."""
    if field is not None:
        return row.text(field)
    own = {name: value for name, value in row.data.items() if row.facts.get(name) != value}
    left: Mapping[str, Json] = own or row.data
    return as_text(next(iter(left.values())) if len(left) == 1 else left)


def told(row: Row, names: tuple[str, ...] | None, hidden: frozenset[str] = frozenset({"arm", "model"})) -> dict[str, str]:
    """The facts that a model is told: those named; or else all short ones, but not which way of writing the row comes from."""
    if names is not None:
        claims = {name: row.claim(name) for name in names}
        return {name: claim for name, claim in claims.items() if claim is not None}
    return {name: as_text(value) for name, value in row.facts.items() if name not in hidden and _short(value)}


def _short(value: Json) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) <= 200


def one_line(said: object) -> str:
    return quote(str(said), limit=160)
