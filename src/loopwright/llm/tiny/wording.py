"""From what the network says to what a reply says: its own words, or the fields that a schema or a signature asked for.

The network has one way to answer each kind of prompt. Where other keys or marks are wanted, its answer is taken apart and
put together anew; what it said is not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import Any, Literal, NamedTuple

import orjson

from loopwright.errors import BadAnswer, Rejected
from loopwright.llm import structured
from loopwright.llm.quoting import quote

_REASONS = frozenset(
    ("reason", "reasons", "reasoning", "rationale", "explanation", "justification", "thought", "thoughts", "steps", "working")
)
_ANSWER = re.compile(r"(.*?)\s*\bAnswer: (-?\d+)\.?\s*", re.S)
_MARKED = re.compile(r"\[\[ ## (\w+) ## \]\]\n?(.*?)(?=\n*\[\[ ## \w+ ## \]\]|\Z)", re.S)
PROBABILITY = "probability"
_TEXT = {"type": "string", "maxLength": 240}


class Fields(NamedTuple):
    """What an answer holds: a number worked out in prose, a piece of text, or JSON with these properties."""

    kind: Literal["worked", "text", "json"]
    properties: Mapping[str, Any]

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "object", "properties": dict(self.properties), "required": list(self.properties)}


class Wording(NamedTuple):
    """The schema that the network is held to, and what becomes of its text: None where that cannot be put as asked."""

    held: Mapping[str, Any] | None
    said: Callable[[str], str | None]


class Draw(NamedTuple):
    """A row as it is put, and how likely the network was to say just that."""

    row: str
    probability: float


def told(draws: Sequence[Draw]) -> str:
    """The rows as JSON, each with its probability, to four digits."""
    return dumps({"rows": [{**orjson.loads(draw.row), PROBABILITY: float(f"{draw.probability:.4g}")} for draw in draws]})


def one_of(schema: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The schema of one row, of a schema of rows with their probabilities."""
    whole = schema or {}
    item = whole.get("properties", {}).get("rows", {}).get("items")
    if not isinstance(item, Mapping):
        return None
    properties = {name: part for name, part in item.get("properties", {}).items() if name != PROBABILITY}
    required = [name for name in item.get("required", ()) if name != PROBABILITY]
    return {**item, "properties": properties, "required": required, "$defs": whole.get("$defs", {})}


class Answered(NamedTuple):
    """A number, and how it was worked out."""

    reason: str
    answer: int

    @classmethod
    def of(cls, text: str) -> Answered | None:
        found = _ANSWER.fullmatch(text)
        return cls(found[1], int(found[2])) if found else None

    @classmethod
    def of_json(cls, text: str) -> Answered | None:
        """Of an answer that was put into fields, by keys or by marks."""
        fields: Any = dict(_MARKED.findall(text))
        if not fields:
            try:
                fields = orjson.loads(text)
            except ValueError:
                return None
        if not isinstance(fields, dict):
            return None
        reason = next((str(value) for name, value in fields.items() if is_reason(name)), "")
        numbers = [re.fullmatch(r"\s*(-?\d{1,6})\s*", str(value)) for name, value in fields.items() if not is_reason(name)]
        return next((cls(reason.strip(), int(number[1])) for number in numbers if number), None)

    def said(self) -> str:
        return f"{self.reason} Answer: {self.answer}".strip()


def is_reason(name: str) -> bool:
    return name.lower() in _REASONS


def native(job: str, labels: Sequence[str] = (), keys: Sequence[str] = (), count: int = 1) -> Fields:
    """What the network's answer to a job holds."""
    if job == "fill_slot":
        return Fields("text", {"text": _TEXT})
    row = dict.fromkeys(keys, _TEXT)
    label = {"enum": list(labels)}
    listed = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": count}
    rows = {"type": "array", "items": Fields("json", row).schema, "minItems": count, "maxItems": count}
    known: dict[str, Mapping[str, Any]] = {
        "classify": {"label": label},
        "classify_reason": {"reason": _TEXT, "label": label},
        "judge": {"reason": _TEXT, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
        "entails": {"reason": _TEXT, "follows": {"type": "boolean"}},
        "write_row": row,
        "write_rows": {"rows": rows},
        "plan": dict.fromkeys(("facets", "personas", "tones", "formats"), listed),
    }
    worked = {"reason": _TEXT, "answer": {"type": "integer"}}
    return Fields("json", known[job]) if job in known else Fields("worked", worked)


def worded(fields: Fields, schema: Mapping[str, Any] | None) -> Wording:
    """As the schema wants it; as the network puts it, where there is none."""
    if schema is None:
        return Wording(None, lambda text: text)
    wanted = schema.get("properties")
    if schema.get("type", "object") != "object" or "$ref" in schema:
        raise Rejected("the embedded model answers with objects alone: the schema must be of `type: object`")
    if not wanted:
        return renamed(fields, {name: name for name in fields.properties}, dumps)
    if fields.kind == "json" and set(wanted) == set(fields.properties):
        ordered = {name: wanted[name] for name in fields.properties}
        return Wording({**schema, "properties": ordered}, lambda text: text)
    names = matched(fields, wanted, schema.get("required", ()))
    like = {own: wanted[name] for name, own in names.items()}
    return renamed(fields, names, lambda values: _fitting(schema, values), like, schema.get("$defs"))


def renamed(
    fields: Fields,
    names: Mapping[str, str],
    put: Callable[[Mapping[str, Any]], str | None],
    like: Mapping[str, Any] | None = None,
    defs: Mapping[str, Any] | None = None,
) -> Wording:
    """Takes the answer apart and gives its parts by other names to `put`. `like` says what the parts must be like."""
    held = None
    if fields.kind == "json":
        held = {**Fields("json", {**fields.properties, **(like or {})}).schema, "$defs": defs or {}}

    def said(text: str) -> str | None:
        values = _values(fields, text)
        return None if values is None else put({name: values[own] for name, own in names.items()})

    return Wording(held, said)


def _values(fields: Fields, text: str) -> Mapping[str, Any] | None:
    if fields.kind == "text":
        return {"text": text}
    if fields.kind == "worked":
        answered = Answered.of(text)
        return None if answered is None else answered._asdict()
    try:
        values = orjson.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) and set(values) == set(fields.properties) else None


def _fitting(schema: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
    """The values as JSON, numbers also as strings where the schema wants these; None where they do not fit."""
    as_text = {name: value if isinstance(value, bool) else str(value) for name, value in values.items()}
    for candidate in (values, as_text):
        text = dumps(candidate)
        try:
            structured.read(schema, text)
        except BadAnswer:
            continue
        return text
    return None


def matched(fields: Fields, wanted: Sequence[str] | Mapping[str, Any], required: Sequence[str]) -> dict[str, str]:
    """Which of the network's fields each wanted one is given: by its name, as a reason, or as the one other thing there is."""
    left = [own for own in fields.properties if own not in wanted and not is_reason(own)]
    names = {}
    for name in wanted:
        if name in fields.properties:
            names[name] = name
        elif is_reason(name) and "reason" in fields.properties:
            names[name] = "reason"
        elif not is_reason(name) and len(left) == 1:
            names[name] = left.pop()
        elif name in required:
            has = ", ".join(f"`{own}`" for own in fields.properties)
            raise Rejected(f"the embedded model cannot fill the key {quote(name, limit=60)!r}: its answer to this has {has}")
    return names
