"""What the practice server answers: text and JSON that are functions of the request, in the two wire formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import orjson

from loopwright.llm.structured import SCHEMA_FOLLOWS

_WORDS = """
amber basin cedar delta ember fjord grove haven inlet juniper kelp lagoon meadow north orchard pine quarry
river summit tundra umber valley willow yarrow zephyr arch bridge canal dock estate forge garden harbour
island jetty keep lane mill nook oasis path quay ridge shore tower upland vista wharf yard zone anchor beacon
cove dune eddy ford gate heath islet knoll ledge mesa pond reef
""".split()  # noqa: SIM905 - one word per line says nothing more


class Asked(NamedTuple):
    """A request as the server understands it. `schema` is the one that its answer should fit, however it was given."""

    document: Mapping[str, Any]
    messages: tuple[Mapping[str, Any], ...]
    schema: Mapping[str, Any] | None
    seed: bytes

    @property
    def prompt(self) -> str:
        """What was said last."""
        return str(self.messages[-1].get("content", "")) if self.messages else ""


class Said(NamedTuple):
    text: str
    words: int
    cut: bool


Answer: TypeAlias = Callable[[Asked], str]
"""What stands in for the built-in answers: the text to say, from what was asked."""


def understand(body: bytes) -> Asked | None:
    """The request, None when it is not one."""
    try:
        document = orjson.loads(body)
    except ValueError:
        return None
    messages = document.get("messages") if isinstance(document, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return None
    return Asked(document, tuple(messages), _schema(document, messages), blake2b(body, digest_size=32).digest())


def _schema(document: Mapping[str, Any], messages: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    asked = document.get("response_format")
    if isinstance(asked, dict) and isinstance(asked.get("json_schema"), dict):
        return _mapping(asked["json_schema"].get("schema"))
    config = document.get("output_config")
    if isinstance(config, dict) and isinstance(config.get("format"), dict):
        return _mapping(config["format"].get("schema"))
    last = messages[-1].get("content") if messages else None
    if isinstance(last, str) and SCHEMA_FOLLOWS in last:
        try:
            return _mapping(orjson.loads(last.rpartition(SCHEMA_FOLLOWS)[2]))
        except ValueError:
            return None
    return {"type": "object", "properties": {"answer": {"type": "string"}}} if asked == {"type": "json_object"} else None


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def say(asked: Asked, answer: Answer | None) -> Said:
    """The answer, cut at the number of words that the request allows: a word counts as a token here."""
    if answer is not None:
        text = answer(asked)
    elif asked.schema is not None:
        text = orjson.dumps(fitting(asked.schema, asked.seed)).decode()
    else:
        text = _sentence(asked.seed)
    document = asked.document
    most = document.get("max_tokens") or document.get("max_completion_tokens")
    words = text.count(" ") + 1
    if isinstance(most, int) and words > most:
        return Said(" ".join(text.split(" ")[:most]), most, True)
    return Said(text, words, False)


def _sentence(seed: bytes) -> str:
    return " ".join([_WORDS[byte & 63] for byte in seed[: 6 + (seed[31] & 15)]])


def fitting(schema: Any, seed: bytes, root: Any = None, depth: int = 0) -> Any:  # noqa: PLR0911 - one line per kind of schema
    """A value that fits a simple schema, drawn from `seed`. Patterns, formats and negations are not understood."""
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > 20:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][seed[0] % len(schema["enum"])]
    if "$ref" in schema:
        return fitting(_referred(str(schema["$ref"]), root), seed, root, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return fitting(schema[key][0], seed, root, depth + 1)
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        parts = schema.get("properties", {})
        return {name: fitting(part, _deeper(seed, name), root, depth + 1) for name, part in parts.items()}
    if kind == "array":
        number = max(int(schema.get("minItems", 0)), min(int(schema.get("maxItems", 3)), 1 + seed[0] % 3))
        return [fitting(schema.get("items", {}), _deeper(seed, str(i)), root, depth + 1) for i in range(number)]
    return _scalar(schema, kind, seed)


def _scalar(schema: Mapping[str, Any], kind: str, seed: bytes) -> Any:
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        high = max(low, schema.get("maximum", schema.get("exclusiveMaximum", low + 101) - 1))
        share = int.from_bytes(seed[:4], "big")
        return int(low) + share % (int(high - low) + 1) if kind == "integer" else low + (high - low) * (share / 2**32)
    if kind == "boolean":
        return seed[0] % 2 == 0
    if kind == "null":
        return None
    text = _sentence(seed)
    return text.ljust(int(schema.get("minLength", 0)), "x")[: int(schema.get("maxLength", len(text) + 1024))]


def _deeper(seed: bytes, name: str) -> bytes:
    return blake2b(name.encode(), key=seed, digest_size=32).digest()


def _referred(reference: str, root: Any) -> Any:
    target = root
    for part in reference.removeprefix("#/").split("/"):
        target = target.get(part) if isinstance(target, dict) else None
    return target


def _prompt_tokens(asked: Asked) -> int:
    return 1 + sum(len(message.get("content") or "") for message in asked.messages) // 4


def chat_completion(asked: Asked, said: Said) -> dict[str, Any]:
    """The answer as a chat completion."""
    into = _prompt_tokens(asked)
    message = {"role": "assistant", "content": said.text, "refusal": None}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "length" if said.cut else "stop"}
    if asked.document.get("logprobs"):
        tokens = said.text.split(" ")[: said.words]
        choice["logprobs"] = {"content": [{"token": word, "logprob": -len(word) / 10} for word in tokens]}
    return {
        "id": f"practice-{asked.seed[:8].hex()}",
        "object": "chat.completion",
        "created": 0,
        "model": asked.document.get("model"),
        "choices": [choice],
        "usage": {"prompt_tokens": into, "completion_tokens": said.words, "total_tokens": into + said.words},
    }


def message(asked: Asked, said: Said) -> dict[str, Any]:
    """The answer as a message of the Messages API."""
    return {
        "id": f"practice-{asked.seed[:8].hex()}",
        "type": "message",
        "role": "assistant",
        "model": asked.document.get("model"),
        "content": [{"type": "text", "text": said.text}],
        "stop_reason": "max_tokens" if said.cut else "end_turn",
        "usage": {"input_tokens": _prompt_tokens(asked), "output_tokens": said.words},
    }
