"""What a template means: text, a number, a structure, and where its holes are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import SpecError
from loopwright.workflows.datagen.grammar.templates import Array, Hole, Object, Plain, Text, holes, levels, read


def test_a_name_in_angle_brackets_is_a_hole_and_in_double_ones_is_text() -> None:
    assert read("Dear <name>, <<name>> is free") == Text(("Dear ", Hole("name"), ", <name> is free"))
    assert read("<größe> cm") == Text((Hole("größe"), " cm"))


@pytest.mark.parametrize("text", ["a < b > c", "<3", "<br/>", "</b>", "a<", "<>", "< name >", "<1st>"])
def test_other_angle_brackets_are_text(text: str) -> None:
    assert read(text) == Plain(text, text)


def test_a_template_that_is_one_name_passes_the_value_on() -> None:
    assert read("<name>") == Hole("name")


@pytest.mark.parametrize(
    ("template", "value"), [("3", 3), ("-0.50", -0.5), ("1e3", 1000.0), ("true", True), ("null", None), (4, 4), (False, False)]
)
def test_numbers_booleans_and_null_keep_their_type_and_their_text(
    template: str | int | bool, value: int | float | None
) -> None:
    content = read(template)
    assert isinstance(content, Plain)
    assert (content.value, type(content.value)) == (value, type(value))
    assert content.text == (template if isinstance(template, str) else json.dumps(template))


def test_specs_with_the_same_digest_mean_the_same() -> None:
    assert repr(read(1.0)) == repr(read(1))
    assert repr(read("1.0")) != repr(read("1"))


@pytest.mark.parametrize("text", ["007", "1.", "+1", " 3", "3\n", "True", "NaN", "1_000", "٣", '"quoted"', ""])
def test_what_json_would_not_read_as_a_number_is_text(text: str) -> None:
    assert read(text) == Plain(text, text)


def test_a_template_that_is_json_is_a_structure() -> None:
    content = read('{"text": "<a>!", "n": <count>, "tags": ["<a>", <b>, 1.5, null], "<<key>>": {}}')
    assert content == Object(
        (
            ("text", Text((Hole("a"), "!"))),
            ("n", Hole("count")),
            ("tags", Array((Text((Hole("a"),)), Hole("b"), Plain(1.5, "1.5"), Plain(None, "null")))),
            ("<key>", Object(())),
        )
    )
    assert list(holes(content)) == ["a", "count", "a", "b"]
    assert levels(content) == 2


def test_line_breaks_and_escapes_within_json_are_what_they_are() -> None:
    assert read('{\n "a": "x\ny \\"<<b>>\\" \\u00e9"\n}') == Object((("a", Plain('x\ny "<b>" é', 'x\ny "<b>" é')),))


@pytest.mark.parametrize("text", ["[laughs] hello <name>", "{name} said", "[", "{", "{}{}", "{a: 1}", "[so-called] news"])
def test_brackets_alone_make_no_structure(text: str) -> None:
    assert isinstance(read(text), Plain | Text)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{"text": "<a>"', "looks like JSON and is none"),
        ("{'text': '<a>'}", "looks like JSON and is none"),
        ('["a", b]', "looks like JSON and is none"),
        ('{"a": 1, "a": 2}', "a key twice"),
        ('{"<a>": 1}', "draws the key"),
        ('{<a>: "1"}', "draws the key"),
        ('{"a": NaN}', "NaN, which JSON does not know"),
        ('{"a": 1e999}', "too large a number"),
        ('{"a": 99999999999999999999}', "too large a number"),
        ("9" * 30, "too large a number"),
        ("9" * 5000, "too large a number"),
        ("[" * 40 + "]" * 40, "too many levels"),
        ("[" * 100_000 + "]" * 100_000, "looks like JSON and is none"),
        ("a\x00b", "cannot have"),
        ('{"a": "\\u0000b"}', "cannot have"),
        ('{"a": "\\ud800"}', "cannot have"),
    ],
)
def test_what_can_mean_nothing_is_refused(template: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(template)
    assert said in str(caught.value)


@given(st.text(alphabet=st.sampled_from('<>{}[]",:ab1\\ \n\x00')))
def test_reading_gives_content_or_says_why_not(template: str) -> None:
    try:
        assert all(name in template for name in holes(read(template)))
    except SpecError as refused:
        assert refused.problems[0].message


_TEXT = st.text(st.characters(exclude_characters="<\x00", codec="utf-8"))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=8,
)


@given(st.lists(_JSON) | st.dictionaries(_TEXT, _JSON))
def test_json_without_holes_is_read_as_itself(value: object) -> None:
    def plain(content: object) -> object:
        match content:
            case Object(pairs):
                return {key: plain(child) for key, child in pairs}
            case Array(items):
                return [plain(child) for child in items]
            case Plain(inner, _):
                return inner
        raise AssertionError(content)

    assert plain(read(json.dumps(value))) == value
