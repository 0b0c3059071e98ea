"""An answer held to a schema is valid JSON that fits it, whatever the network would rather have said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import Rejected
from loopwright.llm.structured import read
from loopwright.llm.tiny.batching import Asked, Batch, Said
from loopwright.llm.tiny.grammar import Grammar
from loopwright.llm.tiny.network import Network, Weights, load
from loopwright.llm.tiny.tokens import MODEL, USER, Tokenizer


@pytest.fixture(scope="module")
def loaded(weights: Path) -> Weights:
    return load(weights)


@pytest.fixture(scope="module")
def network(loaded: Weights) -> Network:
    return Network(loaded)


def held_to(network: Network, loaded: Weights, schema: dict[str, Any], times: int = 8) -> list[tuple[str, Said]]:
    batch: Batch[int] = Batch(network, loaded.vocabulary)
    held = batch.grammars.held(schema)
    said: dict[int, Said] = {}
    for number in range(times):
        batch.join(Asked((USER, 9 + number, MODEL), 10_000, bytes([number]), 1.2, 1.0, (), held), number)
    while len(batch):
        said.update(batch.step())
    decode = Tokenizer(loaded.vocabulary).decode
    return [(decode(said[number].tokens), said[number]) for number in range(times)]


def accepts(schema: dict[str, Any], text: str) -> bool:
    grammar = Grammar(schema)
    return grammar.ended(grammar.follow(grammar.begin, text))


STRING = st.one_of(
    st.just({"type": "string", "maxLength": 12}), st.just({"type": "string", "minLength": 3, "maxLength": 9, "title": "T"})
)
VALUE = st.one_of(
    STRING,
    st.fixed_dictionaries({"enum": st.lists(st.text(max_size=6) | st.integers(-5, 120), min_size=1, max_size=5, unique=True)}),
    st.fixed_dictionaries({"const": st.text(max_size=5) | st.booleans() | st.none()}),
    st.just({"type": "integer", "minimum": 1, "maximum": 5}),
    st.just({"type": "integer"}),
    st.just({"type": "number", "minimum": 0, "maximum": 1}),
    st.just({"type": "number"}),
    st.just({"type": "boolean"}),
    st.just({"type": ["boolean", "null"]}),
    st.just({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    st.builds(lambda item: {"type": "array", "items": item, "minItems": 1, "maxItems": 2}, STRING),
)


@st.composite
def flat(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.text("abc dé\"'", min_size=1, max_size=4), max_size=4, unique=True))
    properties = {name: draw(VALUE) for name in names}
    required = [name for name in names if draw(st.booleans())]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


@given(flat())
def test_what_ends_fits_the_schema(network: Network, loaded: Weights, schema: dict[str, Any]) -> None:
    for text, said in held_to(network, loaded, schema, times=3):
        if said.ending == "end":
            assert orjson.loads(text) == read(schema, text)
        else:
            assert said.ending == "length"


def test_an_answer_that_is_held_to_a_schema_depends_on_its_own_request_alone(network: Network, loaded: Weights) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 20}, "b": {"type": "boolean"}},
    }
    schema["required"] = ["a"]
    many, few = held_to(network, loaded, schema, 30), held_to(network, loaded, schema, 3)
    assert many[:3] == few
    assert len({text for text, _ in many}) > 20


LABEL = {"enum": ["refund", "gift card", 7, 75, None]}
ROW = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "label": LABEL, "n": {"type": "integer"}},
    "required": ["text"],
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"text": "Where is it?", "label": "refund"}', True),
        ('{"text": ""}', True),
        ('{"text": "a", "label": 75, "n": -12}', True),
        ('{"text": "a", "n": 0}', True),
        ('{"text": "a", "label": null}', True),
        ('{"label": "refund"}', False),
        ('{"text": "a", "n": 1.5}', False),
        ('{"text": "a", "n": 01}', False),
        ('{"text": "a", "n": -}', False),
        ('{"n": 1, "text": "a"}', False),
        ('{"text": "a", "label": "re"}', False),
        ('{"text": "a\\n"}', False),
        ('{"text": "a"} ', False),
        ('{"text": "a"', False),
    ],
)
def test_keys_come_in_the_schemas_order_and_optional_ones_may_be_left_out(text: str, fits: bool) -> None:
    assert accepts(ROW, text) is fits


def test_lists_of_objects_and_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}, "maxItems": 2}},
        "required": ["rows"],
        "$defs": {"Row": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}},
    }
    assert accepts(schema, '{"rows": [{"a": 1.25}, {"a": -3}]}')
    assert accepts(schema, '{"rows": []}')
    assert not accepts(schema, '{"rows": [{"a": 1}, {"a": 1}, {"a": 1}]}')


def test_just_an_object_has_any_keys_with_plain_values() -> None:
    assert accepts({"type": "object"}, '{"answer": "85", "sure": true, "n": 1.5}')
    assert not accepts({"type": "object"}, '{"answer": {"n": 1}}')
    assert not accepts({"type": "object"}, "[1]")


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}, r"\$\.a it has `pattern`"),
        ({"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}}, r"\$\.a it has `oneOf`"),
        ({"type": "object", "properties": {"a": {"$ref": "#/elsewhere"}}}, r"\$ref: #/elsewhere"),
        ({"type": "object", "properties": {"a": {"type": "integer", "minimum": 0}}}, "one bound only"),
        ({"type": "object", "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 10**6}}}, "numbers from 0"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, r"\$\.a\[\] it has `a schema without a type`"),
        ({"type": "object", "required": ["b"], "properties": {"a": {"type": "null"}}}, "the required key 'b'"),
        ({"$ref": "#/$defs/N", "$defs": {"N": {"type": "array", "items": {"$ref": "#/$defs/N"}}}}, "more levels"),
        ({"type": "object", "properties": {"a": True}}, r"\$\.a it has True"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_rejected_by_name(schema: dict[str, Any], names: str) -> None:
    with pytest.raises(Rejected, match=names):
        Grammar(schema)
