"""An answer is read whole and fitting, or not at all, whatever the endpoint can do."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import BadAnswer, UsageError
from loopwright.llm.messages import Message, Request, chat, wire_form
from loopwright.llm.structured import SCHEMA_FOLLOWS, Ability, openai_format, read, shape, strict_form, weaker

PAIR: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer", "maximum": 9}, "b": {"type": "array", "items": {"type": "string"}}},
    "required": ["a"],
}


def test_each_ability_has_a_weaker_one_until_the_prompt() -> None:
    chain: list[Ability | None] = ["json_schema"]
    while chain[-1] is not None:
        chain.append(weaker(chain[-1]))
    assert chain == ["json_schema", "json_object", "prompt", None]


def test_a_request_without_a_schema_is_sent_as_it_is() -> None:
    request = Request(chat("hi"))
    assert shape(request, "prompt") is request


def test_the_schema_goes_where_the_endpoint_can_see_it() -> None:
    request = Request((Message("system", "s"), Message("user", "hi")), temperature=0.5, schema=PAIR)
    assert shape(request, "json_schema") is request
    for ability in ("json_object", "prompt"):
        shaped = shape(request, ability)
        assert shaped.schema is None
        assert shaped.json_object is (ability == "json_object")
        assert (shaped.messages[0], shaped.temperature) == (Message("system", "s"), 0.5)
        said, _, schema = shaped.messages[1].content.partition(SCHEMA_FOLLOWS)
        assert said == "hi\n\n"
        assert orjson.loads(schema) == PAIR
        assert wire_form(shaped) != wire_form(request)


def test_json_object_is_not_asked_for_what_is_no_object() -> None:
    assert not shape(Request(chat("hi"), schema={"type": "array"}), "json_object").json_object


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (' \n{"a": 1}\n', {"a": 1}),
        ('Sure!\n```json\n{"a": 1}\n```\nAnything else?', {"a": 1}),
        ('```\n{"a": 1}\n```', {"a": 1}),
        ('Thinking {"a": 1} ... no: {"a": 2}', {"a": 2}),
        ("{'a': 1, 'b': ['x',]}", {"a": 1, "b": ["x"]}),
        ('{"a": 1, /* why */ "b": []}', {"a": 1, "b": []}),
        ('{"a": 1, "b": ["with ] bracket"]}', {"a": 1, "b": ["with ] bracket"]}),
        ('{"a": 1, "b": null}', {"a": 1}),
    ],
)
def test_what_can_be_read_safely_is_read(text: str, value: object) -> None:
    assert read(PAIR, text) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "b": ["x", "y', "no complete JSON"),
        ('An example: {"a": 1}. Mine: {"a": 2, "b": [', "no complete JSON"),
        ('{"a": 1, "b": ["x", ...]}', "no complete JSON"),
        ('{"a": 10}', r"\$\.a: 10 is greater than the maximum of 9"),
        ('{"a": 1, "b": ["x", 2]}', r"\$\.b\[1\]"),
        ('{"b": []}', '"a" is a required property'),
        ('{"a": NaN}', "a"),
        ('{"a": 1e999}', "a"),
        ("I would rather not.", "no complete JSON"),
        ("", "no complete JSON"),
        ("[1, 2]", "not of type"),
    ],
)
def test_what_cannot_be_read_whole_is_an_error_that_says_why(text: str, says: str) -> None:
    with pytest.raises(BadAnswer, match=says) as caught:
        read(PAIR, text)
    assert caught.value.charged


def test_a_cut_answer_says_that_it_was_cut() -> None:
    with pytest.raises(BadAnswer, match="cut at max_output_tokens"):
        read(PAIR, 'first {"a": 1} then {"a": 2, "b"', "length")
    assert read(PAIR, '{"a": 1}', "length") == {"a": 1}


@given(st.integers(1, 200))
def test_no_part_of_an_answer_is_taken_for_the_whole(cut: int) -> None:
    whole = '{"a": 3, "b": ["one", "two {", "three \\" ]"], "c": {"d": [1, 2, {"e": null}], "f": "g"}}'
    if cut < len(whole):
        with pytest.raises(BadAnswer):
            read(PAIR, whole[:cut])


@given(st.text(alphabet='{}[]",:.ab1 \n`\\', max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read(PAIR, text)
    except BadAnswer:
        return
    assert isinstance(value, dict)


def test_long_nonsense_is_refused_quickly() -> None:
    for text in ('"\\' * 200_000, "{" * 200_000, '{"a": ' * 50_000, "[" * 100_000 + "]" * 100_000):
        with pytest.raises(BadAnswer):
            read(PAIR, text)


def test_a_schema_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not a usable JSON Schema"):
        read({"type": "nonsense"}, "{}")
    with pytest.raises(UsageError, match="not fetched"):
        read({"$ref": "http://127.0.0.1:1/schema"}, "{}")


def test_the_strict_form_names_every_key_and_reading_takes_its_nulls_away() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"must": {"$ref": "#/$defs/item"}, "may": {"type": "string", "default": "x"}},
        "required": ["must"],
        "$defs": {"item": {"type": "object", "properties": {"inner": {"type": "integer"}}}},
    }
    form = strict_form(schema)
    assert form.strict
    assert form.schema == {
        "type": "object",
        "properties": {"must": {"$ref": "#/$defs/item"}, "may": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["must", "may"],
        "additionalProperties": False,
        "$defs": {
            "item": {
                "type": "object",
                "properties": {"inner": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                "required": ["inner"],
                "additionalProperties": False,
            }
        },
    }
    assert read(schema, '{"must": {"inner": null}, "may": null}') == {"must": {}}


def test_what_is_of_use_is_kept_where_nothing_fits_better_and_nothing_is_made_whole() -> None:
    row: dict[str, Any] = {
        "type": "object",
        "properties": {"n": {"type": "integer", "maximum": 5}, "note": {"type": "string"}},
        "required": ["n"],
    }
    schema: dict[str, Any] = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}, "required": ["rows"]}
    least: dict[str, Any] = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"type": "object"}}},
        "required": ["rows"],
    }
    assert read(schema, '{"rows": [{"n": 9}, {"n": 1, "note": null}]}', "stop", least) == {"rows": [{"n": 9}, {"n": 1}]}
    assert read(schema, '{"rows": [{"n": 9}]} or rather {"rows": [{"n": 5}]}', "stop", least) == {"rows": [{"n": 5}]}
    for text in ('{"rows": [{"n": 9}, 5]}', '{"rows": [{"n": 9}, {"n": 1'):
        with pytest.raises(BadAnswer):
            read(schema, text, "stop", least)


def test_a_map_has_no_strict_form_and_is_sent_as_it_is() -> None:
    schema: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert strict_form(schema) == (schema, False)
    sent = orjson.loads(orjson.dumps(openai_format(schema)))
    assert sent == {"type": "json_schema", "json_schema": {"name": "answer", "strict": False, "schema": schema}}
