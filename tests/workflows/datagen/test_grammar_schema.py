"""The schema that follows from a grammar."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.grammar import Grammar
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock

_TEXT = {"type": "string"}


def _grammar(rules: dict[str, list[Any]], **more: Any) -> Grammar:
    return Grammar(GrammarBlock.model_validate({"start": "row", "rules": rules, **more}, strict=False))


def _schema(rules: dict[str, list[Any]]) -> Any:
    return _grammar(rules).schema()


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _of(*values: Any) -> dict[str, Any]:
    kind = {str: "string", int: "integer", float: "number"}[type(values[0])]
    return {"type": kind, "enum": [*values]}


def _fill(prompt: str) -> dict[str, Any]:
    return {"llm_fill": {"prompt": prompt}}


def test_labels_are_an_enumeration_and_written_text_is_any_text() -> None:
    rules: dict[str, list[Any]] = {
        "row": ['{"text": "<message>", "label": "<label>", "note": "<note>"}'],
        "message": [_fill("About <label>."), "hello"],
        "label": ["refund", {"template": "never", "weight": 0}, "<other>"],
        "other": ["delivery", "refund"],
        "note": ["for <label>", "none"],
    }
    assert _schema(rules) == _object(text=_TEXT, label=_of("refund", "delivery"), note=_TEXT)


@pytest.mark.parametrize(
    ("values", "bare", "quoted"),
    [
        ([1, 2], _of(1, 2), _of("1", "2")),
        ([1, "2.5"], {"type": "number", "enum": [1, 2.5]}, _of("1", "2.5")),
        ([True, False], {"type": "boolean"}, _of("true", "false")),
        ([True], {"type": "boolean", "enum": [True]}, _of("true")),
        (["null", "a"], {"anyOf": [{"type": "null"}, _of("a")]}, _of("null", "a")),
        ([*range(300)], {"type": "integer"}, _TEXT),
        (["[]", "a"], {"anyOf": [{"type": "array", "minItems": 0, "maxItems": 0}, _of("a")]}, _TEXT),
    ],
)
def test_a_value_has_the_types_of_its_alternatives_and_in_quotes_it_is_text(values: list[Any], bare: Any, quoted: Any) -> None:
    assert _schema({"row": ['{"a": <a>, "b": "<a>"}'], "a": values}) == _object(a=bare, b=quoted)


def test_objects_with_the_same_keys_become_one_and_others_stand_side_by_side() -> None:
    assert _schema({"row": ['{"a": 1, "b": "x"}', '{"b": "<b>!", "a": 2.5}'], "b": ["y"]}) == _object(
        a={"type": "number", "enum": [1, 2.5]}, b=_TEXT
    )
    assert _schema({"row": ['{"a": 1}', '{"b": 1}']}) == {"anyOf": [_object(a=_of(1)), _object(b=_of(1))]}


def test_arrays_have_the_lengths_and_items_of_their_templates() -> None:
    assert _schema({"row": ['["x", 1]', '["y"]', "[]"]}) == {
        "type": "array",
        "items": {"anyOf": [_of("x", "y"), _of(1)]},
        "minItems": 0,
        "maxItems": 2,
    }


def test_a_structure_that_leads_to_itself_stands_by_its_name() -> None:
    schema = _schema({"row": ['{"größe": <größe>}'], "größe": ['{"left": <größe>, "n": <n>}', "null"], "n": [1]})
    assert jsonschema_rs.is_valid(schema, {"größe": {"left": {"left": None, "n": 1}, "n": 1}})
    assert not jsonschema_rs.is_valid(schema, {"größe": {"left": {"left": 5, "n": 1}, "n": 1}})
    assert schema["$defs"].keys() == {"größe"}


def test_a_row_that_leads_to_itself_is_an_object_at_its_root() -> None:
    schema = _schema({"row": ['{"next": <next>}'], "next": ["<row>", "null"]})
    assert schema["type"] == "object"
    assert jsonschema_rs.is_valid(schema, {"next": {"next": {"next": None}}})
    assert not jsonschema_rs.is_valid(schema, {"next": {"next": {}}})


def test_structures_that_occur_over_and_over_are_written_once() -> None:
    doubling: dict[str, list[Any]] = {f"r{number}": [f'{{"a": <r{number + 1}>, "b": <r{number + 1}>}}'] for number in range(10)}
    grammar = _grammar({"row": ["<r0>"], **doubling, "r10": ["[1]"]})
    assert len(str(grammar.schema())) < 5000
    assert jsonschema_rs.is_valid(grammar.schema(), grammar.draw(Keyed(1)).filled({}))
