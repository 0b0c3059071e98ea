"""Answers that must fit a JSON Schema: how to ask an endpoint for one, by what it can do, and how to read what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import orjson

from loopwright.errors import BadAnswer, UsageError
from loopwright.llm.messages import Finish, Message, Request
from loopwright.llm.quoting import quote
from loopwright.records import Json

Ability: TypeAlias = Literal["json_schema", "json_object", "prompt"]
"""What an endpoint does for structured answers: enforces a schema, enforces JSON, or only reads the prompt."""

SCHEMA_FOLLOWS = "Answer with one JSON value that fits this JSON Schema, and with nothing else:\n"

_WEAKER: dict[Ability, Ability] = {"json_schema": "json_object", "json_object": "prompt"}
_LONGEST_REPAIR = 64 * 2**10
_FENCE = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)```", re.S)
_DEEPEST = 200
# Possessive, and never without a match once a quote is open: the time is linear in the text, whatever a model says.
_MARKS = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)|[\[{]|[\]}]|\.\.\.', re.S)


def weaker(ability: Ability) -> Ability | None:
    """What to try when an endpoint turns out not to have `ability`."""
    return _WEAKER.get(ability)


def shape(request: Request, ability: Ability) -> Request:
    """The request as an endpoint of that ability is sent it."""
    if request.schema is None or ability == "json_schema":
        return request
    wanted = f"{SCHEMA_FOLLOWS}{_canonical(request.schema).decode()}"
    json_object = ability == "json_object" and request.schema.get("type") == "object"
    return replace(request, messages=_with(request.messages, wanted), schema=None, json_object=json_object)


def _with(messages: tuple[Message, ...], wanted: str) -> tuple[Message, ...]:
    """The wish goes where it is read last: to the end of the last message, when that is the user's."""
    if messages and messages[-1].role == "user":
        return (*messages[:-1], Message("user", f"{messages[-1].content}\n\n{wanted}"))
    return (*messages, Message("user", wanted))


def read(schema: Mapping[str, Json], text: str, finish: Finish = "stop", least: Mapping[str, Json] | None = None) -> Json:
    """The JSON value in an answer, whole and fitting `schema`, or where none does, fitting `least`.

    What was cut short is never completed: an answer whose brackets do not close is no answer.
    """
    complaint, of_use = None, None
    candidates = [text] if finish == "length" else list(dict.fromkeys(_candidates(text)))
    for load in (_strict, _repaired):
        for candidate in candidates:
            loaded = load(candidate)
            if loaded is None:
                continue
            problem = misfit(schema, loaded.value)
            if problem is None:
                return loaded.value
            complaint = complaint or problem
            if of_use is None and least is not None and misfit(least, loaded.value) is None:
                of_use = loaded
    if of_use is not None:
        return of_use.value
    raise _bad(text, finish, complaint)


def _bad(text: str, finish: Finish, complaint: str | None) -> BadAnswer:
    if finish == "length":
        return BadAnswer("the answer was cut at max_output_tokens before its JSON was complete; raise it", charged=True)
    if complaint is not None:
        return BadAnswer(f"the answer does not fit the schema: {complaint}", charged=True)
    return BadAnswer(f"the answer holds no complete JSON value: {quote(text, limit=120)!r}", charged=True)


class _Loaded(NamedTuple):
    value: Json


def _strict(text: str) -> _Loaded | None:
    try:
        return _Loaded(orjson.loads(text))
    except ValueError:
        return None


def _repaired(text: str) -> _Loaded | None:
    """Quotes, commas and comments put right. Only a text whose brackets close is repaired, so nothing is made up."""
    if len(text) > _LONGEST_REPAIR or not _closed(text):
        return None
    from json_repair import repair_json  # noqa: PLC0415 - rarely needed

    try:
        value = repair_json(text, return_objects=True, skip_json_loads=True)
        return _Loaded(orjson.loads(orjson.dumps(value))) if isinstance(value, (dict, list)) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _closed(text: str) -> bool:
    return _spans(text)[:1] == [text.strip()]


def _candidates(text: str) -> Iterator[str]:
    """Where the answer may be: the whole, then fenced blocks, then bracketed spans; the last said first."""
    yield text
    yield from (str(block) for block in reversed(_FENCE.findall(text)))
    yield from reversed(_spans(text))


def _spans(text: str) -> list[str]:
    """The outermost bracketed stretches, but for those that have a `...` in place of data; none if one does not close."""
    found: list[str] = []
    depth, start, elided = 0, 0, False
    for mark in _MARKS.finditer(text):
        sign = mark.group()[0]
        if sign in "{[":
            start, elided = (mark.start(), False) if depth == 0 else (start, elided)
            depth += 1
            if depth > _DEEPEST:
                return []
        elif sign == ".":
            elided = True
        elif sign in "]}" and depth > 0:
            depth -= 1
            if depth == 0 and not elided:
                found.append(text[start : mark.end()])
    return [] if depth else found


class _Fits(NamedTuple):
    validator: Any
    optional_nulls: bool
    schema: Mapping[str, Any]


def misfit(schema: Mapping[str, Json], value: Any) -> str | None:
    """What is wrong with the value, None when it fits. Nulls that a strict schema forced out of the model are taken away."""
    fits = _compiled(_canonical(schema))
    found = next(fits.validator.iter_errors(value), None)
    if found is None:
        return None
    if fits.optional_nulls:
        _drop_nulls(fits.schema, value, fits.schema)
        if fits.validator.is_valid(value):
            return None
    where = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found.instance_path)
    return f"at {quote(where, limit=120)}: {quote(found.message, limit=160)}"


def _drop_nulls(schema: Any, value: Any, root: Mapping[str, Any]) -> None:
    for part in _meanings(schema, root):
        if isinstance(value, list):
            for item in value:
                _drop_nulls(part.get("items"), item, root)
        properties = part.get("properties")
        if not isinstance(value, dict) or not isinstance(properties, dict):
            continue
        for name in [name for name in value if name in properties]:
            if value[name] is None and name not in part.get("required", ()):
                del value[name]
            else:
                _drop_nulls(properties[name], value[name], root)


def _meanings(schema: Any, root: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The object schemas that a schema may stand for: itself, what it refers to, its alternatives."""
    if not isinstance(schema, dict):
        return []
    referred = schema.get("$ref")
    if isinstance(referred, str) and referred.startswith("#/"):
        target: Any = root
        for part in referred[2:].split("/"):
            target = target.get(part) if isinstance(target, dict) else None
        return [target] if isinstance(target, dict) else []
    return [schema, *(part for branch in schema.get("anyOf", ()) for part in _meanings(branch, root))]


def _canonical(schema: Mapping[str, Json]) -> bytes:
    return orjson.dumps(schema)


@lru_cache(maxsize=256)
def _compiled(canonical: bytes) -> _Fits:
    import jsonschema_rs  # noqa: PLC0415 - needed by structured answers alone

    schema = orjson.loads(canonical)
    try:
        validator = jsonschema_rs.validator_for(schema, retriever=_no_retrieval)
    except ValueError as error:
        raise UsageError(f"the answer schema is not a usable JSON Schema: {quote(str(error))}") from None
    return _Fits(validator, strict_form(schema).schema != schema, schema)


def _no_retrieval(uri: str) -> Any:
    raise ValueError(f"{uri} is outside the schema; schemas are not fetched")


class StrictForm(NamedTuple):
    """A schema as strict endpoints want it, and whether it could be made so."""

    schema: Mapping[str, Any]
    strict: bool


class _OpenObject(Exception):
    """An object whose keys are not all named has no strict form."""


@lru_cache(maxsize=256)
def _strict_form(canonical: bytes) -> StrictForm:
    schema = orjson.loads(canonical)
    try:
        return StrictForm(_tightened(orjson.loads(canonical)), True)
    except _OpenObject:
        return StrictForm(schema, False)


def strict_form(schema: Mapping[str, Json]) -> StrictForm:
    """Every object closed and every property required, an optional one by way of null; `read` takes such nulls away."""
    return _strict_form(_canonical(schema))


def _tightened(node: Any) -> Any:
    if isinstance(node, list):
        return [_tightened(part) for part in node]
    if not isinstance(node, dict):
        return node
    named = ("properties", "$defs", "definitions")
    done = {
        key: {name: _tightened(part) for name, part in value.items()}
        if key in named and isinstance(value, dict)
        else value
        if key in ("enum", "const", "default", "examples", "required")
        else _tightened(value)
        for key, value in node.items()
        if key != "default"
    }
    return _closed_object(done) if done.get("type") == "object" or "properties" in done else done


def _closed_object(node: dict[str, Any]) -> dict[str, Any]:
    properties = node.get("properties")
    if not properties or node.get("additionalProperties", False) is not False:
        raise _OpenObject
    required = set(node.get("required", ()))
    return {
        **node,
        "properties": {name: part if name in required else _nullable(part) for name, part in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def _nullable(node: Any) -> Any:
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return node
    return {"anyOf": [node, {"type": "null"}]}


@lru_cache(maxsize=256)
def _openai_format(canonical: bytes) -> bytes:
    form = _strict_form(canonical)
    wanted = {"name": "answer", "strict": form.strict, "schema": form.schema}
    return orjson.dumps({"type": "json_schema", "json_schema": wanted})


def openai_format(schema: Mapping[str, Json]) -> orjson.Fragment:
    """The `response_format` of a chat completion that asks for this schema."""
    return orjson.Fragment(_openai_format(_canonical(schema)))


@lru_cache(maxsize=256)
def _anthropic_format(canonical: bytes) -> bytes:
    return orjson.dumps({"format": {"type": "json_schema", "schema": cast(Any, _strict_form(canonical).schema)}})


def anthropic_format(schema: Mapping[str, Json]) -> orjson.Fragment:
    """The `output_config` of a message that asks for this schema."""
    return orjson.Fragment(_anthropic_format(_canonical(schema)))
