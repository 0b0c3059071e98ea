"""A request for a chat completion as the real service reads it: what it means, or the error that it would answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, cast

import orjson

from loopwright.llm.messages import Message, Request, Role
from loopwright.llm.practice.bodies import Wrong


class Chat(NamedTuple):
    """What was asked. `top` is `top_logprobs`."""

    document: Mapping[str, Any]
    model: str
    request: Request
    n: int
    top: int


class _Range(NamedTuple):
    kind: str
    low: float
    high: float


_NUMBERS: Mapping[str, _Range] = {
    "temperature": _Range("decimal", 0, 2),
    "top_p": _Range("decimal", 0, 1),
    "frequency_penalty": _Range("decimal", -2, 2),
    "presence_penalty": _Range("decimal", -2, 2),
    "n": _Range("integer", 1, 128),
    "max_tokens": _Range("integer", 1, 2**31 - 1),
    "max_completion_tokens": _Range("integer", 1, 2**31 - 1),
    "top_logprobs": _Range("integer", 0, 20),
    "seed": _Range("integer", -(2**63), 2**63 - 1),
}
_FLAGS = ("stream", "logprobs")
_READ = ("model", "messages", "stop", "response_format", "stream_options")
_UNREAD = (
    "logit_bias",
    "metadata",
    "modalities",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "store",
    "tool_choice",
    "user",
    "verbosity",
)
"""Allowed, and without effect on these models."""
_LACKING = ("tools", "functions", "function_call", "audio", "web_search_options")
_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_DEEPEST = 100
_FORMATS = ("json_object", "json_schema", "text")


def read(body: bytes, names: Sequence[str]) -> Chat:
    """The request, for one of the models of those names."""
    document = _document(body)
    model = _model(document, names)
    for name in document:
        _known(name)
    numbers = {name: _number(name, document[name], bounds) for name, bounds in _NUMBERS.items() if name in document}
    flags = {name: _flag(name, document[name]) for name in _FLAGS if name in document}
    _together(document, flags)
    messages = _messages(document.get("messages"))
    kind, schema = _format(document.get("response_format"), messages)
    top_p = numbers.get("top_p")
    request = Request(
        messages,
        temperature=numbers.get("temperature"),
        top_p=None if top_p is None else max(top_p, 1e-6),
        max_output_tokens=cast("int | None", numbers.get("max_completion_tokens", numbers.get("max_tokens"))),
        stop=_stop(document.get("stop")),
        seed=int(numbers["seed"]) % 2**63 if "seed" in numbers else None,
        schema=schema,
        logprobs=flags.get("logprobs", False),
        json_object=kind == "json_object",
    )
    return Chat(document, model, request, int(numbers.get("n", 1)), int(numbers.get("top_logprobs", 0)))


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Wrong("We could not parse the JSON body of your request: the body must be one JSON object.")
    return {name: value for name, value in document.items() if value is not None}


def _model(document: Mapping[str, Any], names: Sequence[str]) -> str:
    model = document.get("model")
    if model is None:
        raise Wrong("you must provide a model parameter")
    if not isinstance(model, str):
        _mistyped("model", "a string", model)
    return named(model, names)


def named(model: str, names: Sequence[str]) -> str:
    """The name, if it is one of a model here."""
    if model not in names:
        here = ", ".join(f"`{name}`" for name in names)
        message = f"The model `{model}` does not exist or you do not have access to it. This server has {here}."
        raise Wrong(message, "model_not_found", status=404)
    return model


def _known(name: str) -> None:
    if name in _LACKING:
        raise Wrong(f"Unsupported parameter: '{name}' is not supported with this model.", "unsupported_parameter", name)
    if name not in _NUMBERS and name not in _FLAGS and name not in _READ and name not in _UNREAD:
        raise Wrong(f"Unknown parameter: '{name}'.", "unknown_parameter", name)


def _number(name: str, value: Any, bounds: _Range) -> float:
    if type(value) is not int and not (bounds.kind == "decimal" and type(value) is float):
        _mistyped(name, f"{'an' if bounds.kind == 'integer' else 'a'} {bounds.kind}", value)
    low = value < bounds.low
    if low or value > bounds.high:
        side, sign, limit = ("below minimum", ">=", bounds.low) if low else ("above maximum", "<=", bounds.high)
        raise Wrong(
            f"Invalid '{name}': {bounds.kind} {side} value. Expected a value {sign} {limit}, but got {value} instead.",
            f"{bounds.kind}_{'below_min' if low else 'above_max'}_value",
            name,
        )
    return cast("float", value)


def _flag(name: str, value: Any) -> bool:
    if type(value) is not bool:
        _mistyped(name, "a boolean", value)
    return bool(value)


def _mistyped(name: str, expected: str, value: Any) -> NoReturn:
    kinds = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal", list: "an array", type(None): "null"}
    got = kinds.get(type(value), "an object")
    raise Wrong(f"Invalid type for '{name}': expected {expected}, but got {got} instead.", "invalid_type", name)


def _together(document: Mapping[str, Any], flags: Mapping[str, bool]) -> None:
    """What may not be said together, or not alone."""
    if "max_tokens" in document and "max_completion_tokens" in document:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise Wrong(message, "invalid_parameter_combination", "max_tokens")
    if "top_logprobs" in document and not flags.get("logprobs"):
        raise Wrong("'top_logprobs' is only allowed when 'logprobs' is true.", "invalid_value", "top_logprobs")
    if "stream_options" in document:
        if not flags.get("stream"):
            raise Wrong("The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options")
        if not isinstance(document["stream_options"], dict):
            _mistyped("stream_options", "an object", document["stream_options"])


def _stop(given: Any) -> tuple[str, ...]:
    if given is None or given == []:
        return ()
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        _mistyped("stop", "a string or an array of strings", given)
    if len(stops) > 4:
        message = f"expected an array with maximum length 4, but got an array with length {len(stops)} instead."
        raise Wrong(f"Invalid 'stop': array too long; {message}", "array_above_max_length", "stop")
    return tuple(stop for stop in stops if stop)


def _messages(given: Any) -> tuple[Message, ...]:
    if given is None:
        raise Wrong("Missing required parameter: 'messages'.", "missing_required_parameter", "messages")
    if not isinstance(given, list):
        _mistyped("messages", "an array of objects", given)
    if not given:
        raise Wrong("Invalid 'messages': empty array; at least one message is expected.", "empty_array", "messages")
    return tuple(_message(f"messages[{place}]", message) for place, message in enumerate(given))


def _message(place: str, given: Any) -> Message:
    if not isinstance(given, dict):
        _mistyped(place, "an object", given)
    role = given.get("role")
    if role is None:
        raise Wrong(f"Missing required parameter: '{place}.role'.", "missing_required_parameter", f"{place}.role")
    if role not in _ROLES:
        supported = ", ".join(f"'{each}'" for each in _ROLES)
        raise Wrong(f"Invalid value: '{role}'. Supported values are: {supported}.", "invalid_value", f"{place}.role")
    if role in ("tool", "function"):
        message = f"Invalid parameter: messages with role '{role}' must be a response to a preceding message with 'tool_calls'."
        raise Wrong(message, param=f"{place}.role")
    content = given.get("content")
    if content is None and role == "assistant":
        content = given.get("refusal") or ""
    return Message(cast("Role", "system" if role == "developer" else role), _content(f"{place}.content", content))


def _content(place: str, given: Any) -> str:
    if isinstance(given, str):
        return given
    if not isinstance(given, list):
        _mistyped(place, "a string or an array of objects", given)
    return "".join(_part(f"{place}[{number}]", part) for number, part in enumerate(given))


def _part(place: str, given: Any) -> str:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in ("text", "refusal"):
        message = f"Invalid content type: {kind!r} is not supported by this model, which reads text."
        raise Wrong(message, "unsupported_value", f"{place}.type")
    text = given.get(kind)
    if not isinstance(text, str):
        _mistyped(f"{place}.{kind}", "a string", text)
    return str(text)


def _format(given: Any, messages: Sequence[Message]) -> tuple[str, Mapping[str, Any] | None]:
    """The kind of answer, and the schema that it is to fit."""
    if given is None:
        return "text", None
    if not isinstance(given, dict):
        _mistyped("response_format", "an object", given)
    kind = given.get("type")
    if kind not in _FORMATS:
        supported = ", ".join(f"'{each}'" for each in _FORMATS)
        raise Wrong(f"Invalid value: '{kind}'. Supported values are: {supported}.", "invalid_value", "response_format.type")
    if kind == "json_object" and not any("json" in message.content.lower() for message in messages):
        message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        raise Wrong(message, param="messages")
    return kind, _schema(given.get("json_schema")) if kind == "json_schema" else None


def _schema(given: Any) -> Mapping[str, Any]:
    for part in ("", ".name"):
        if not isinstance(given, dict) or (part and not isinstance(given.get("name"), str)):
            place = f"response_format.json_schema{part}"
            raise Wrong(f"Missing required parameter: '{place}'.", "missing_required_parameter", place)
    schema = given.get("schema", {})
    if not isinstance(schema, dict):
        _mistyped("response_format.json_schema.schema", "an object", schema)
    if given.get("strict") is True:
        _strict(schema, (), given["name"])
    return cast("Mapping[str, Any]", schema)


def _strict(schema: Any, path: tuple[str, ...], name: str) -> None:
    """A strict schema closes its objects and requires all that is in them."""
    if len(path) > _DEEPEST:
        message = f"Invalid schema for response_format '{name}': it is nested more than {_DEEPEST} levels deep."
        raise Wrong(message, "invalid_json_schema", "response_format")
    if isinstance(schema, list):
        for place, part in enumerate(schema):
            _strict(part, (*path, str(place)), name)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("properties"), dict) and schema.get("type", "object") == "object":
        missing = sorted(set(schema["properties"]) - set(schema.get("required") or ()))
        complaint = (
            "'additionalProperties' is required to be supplied and to be false"
            if schema.get("additionalProperties") is not False
            else f"'required' is required to name every key in properties; it lacks {missing[0]!r}"
            if missing
            else None
        )
        if complaint:
            where = f"In context=({', '.join(map(repr, path))}), {complaint}."
            raise Wrong(f"Invalid schema for response_format '{name}': {where}", "invalid_json_schema", "response_format")
    for key, part in schema.items():
        if key not in ("enum", "const", "default", "examples"):
            _strict(part, (*path, key), name)
