"""The loader reads YAML 1.2 and refuses, with file, line and path, whatever another reader would take for something else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import SpecError
from loopwright.spec.dump import emit
from loopwright.spec.yaml import MAX_BYTES, MAX_DEPTH, parse

SOUND = """\
workflow: toy   # a comment
seed: 7
models:
  - &writer
    id: writer
    provider: scripted
    headers: {X-Org: {env: ORG}, "Y": "on"}
  - {id: judge, provider: openai, temperature: 0.5, limits: {rpm: 500}}
again: *writer
prompt: |
  Two lines,
  the second.
policy: {epsilon_greedy: {epsilon: 0.1}}
"""


def complaints(text: str | bytes) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, "spec.yaml")
    return str(caught.value)


def test_plain_scalars_mean_what_yaml_1_2_says() -> None:
    cases = {
        "010": 10,
        "0o10": 8,
        "0x1F": 31,
        "0b11": "0b11",
        "1_000": "1_000",
        "1:30": "1:30",
        "1e3": 1000.0,
        ".5": 0.5,
        "2026-01-02": "2026-01-02",
        "~": None,
        "null": None,
        "TRUE": True,
        "nan": "nan",
        "=": "=",
        "-7": -7,
        "'yes'": "yes",
        '"12"': "12",
    }
    for text, value in cases.items():
        found = parse(f"a: {text}").data["a"]
        assert found == value
        assert type(found) is type(value)


def test_nothing_is_expanded_from_the_environment() -> None:
    text = "a: $HOME\nb: ${PATH}\nc: ~/x\nd: '%HOME%'\n"
    assert parse(text).data == {"a": "$HOME", "b": "${PATH}", "c": "~/x", "d": "%HOME%"}


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "y", "N"])
def test_a_yaml_1_1_boolean_is_refused_as_value(word: str) -> None:
    assert f"spec.yaml:2: a.b: {word} is a boolean" in complaints(f"a:\n  b: {word}\n")
    assert "true or false, or quotes" in complaints(f"a: [{word}]\n")
    assert parse(f"a: '{word}'").data == {"a": word}


def test_a_yaml_1_1_boolean_is_refused_as_key_but_a_letter_is_a_name() -> None:
    assert "spec.yaml:2: a: on is a boolean" in complaints("a:\n  on: 1\n")
    assert parse("params: {N: 3}\npoint: {x: 1, y: 2}").data == {"params": {"N": 3}, "point": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", "spec.yaml:3: a: is given twice, first on line 1"),
        ("a: {b: 1, 'b': 2}", "spec.yaml:1: a.b: is given twice"),
        ("a:\n- !!python/object/apply:os.system [ls]\n", "spec.yaml:2: a[0]: has a tag"),
        ("a: !!str 1", "has a tag"),
        ("a: !local 1", "has a tag"),
        ("x: &x {a: 1}\nz:\n  <<: *x\n", "spec.yaml:3: z: has a merge key"),
        ("a: 1\n---\nb: 2\n", "spec.yaml:2: holds several documents"),
        ("%YAML 1.1\n---\na: 1\n", "uses a directive"),
        ("%TAG ! tag:example.com,2000:\n---\na: 1\n", "uses a directive"),
        ("a: .nan", "a: is not a finite number"),
        ("a: [1, -.inf]", "a[1]: is not a finite number"),
        ("a: 1e999", "a: is too large a number"),
        ("a: 9223372036854775808", "a: is too large a number"),
        ("a: " + "9" * 10_000, "a: is too large a number"),
        ("1: a", 'quotes around it: "1"'),
        ("null: a", "has a key that is not text"),
        ("? [a, b]\n: 1", "has a key that is not text"),
        ("? " * 400, "has a key that is not text"),
        ("a: *nowhere", "is an alias for an anchor that is not there"),
        ("a: &a [1, *a]", "a[1]: is an alias for a block that contains it"),
        ("a: [1, 2", "is not valid YAML"),
        ("a: 'x", "is not valid YAML"),
        ("\ta: 1", "is not valid YAML"),
        ("a: b: c", "spec.yaml:1: is not valid YAML"),
        ('a: "\\UFFFFFFFF"', "is not valid YAML"),
        ('a: "\\ud800"', "half a surrogate"),
        ("ok: 1\na: \x00", "spec.yaml:2: holds a character"),
        (b"a: 1\nb: \xff\n", "spec.yaml:2: is not UTF-8"),
        ("a: 1".encode("utf-16"), "is not UTF-8"),
        ("#" * (MAX_BYTES + 1), "is larger than a spec may be"),
    ],
)
def test_what_is_refused_says_where_and_why(text: str | bytes, complaint: str) -> None:
    assert complaint in complaints(text)


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = complaints("a: yes\nb: {c: 1, c: 2}\nd: .inf\n")
    assert [line.split(": ")[0] for line in found.splitlines()] == ["spec.yaml:1", "spec.yaml:2", "spec.yaml:3"]


def test_a_flood_of_problems_is_cut_short() -> None:
    assert len(complaints("[" + "no, " * 5000 + "]").splitlines()) == 51


def test_billion_laughs_is_refused() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "expands aliases to more than a spec may hold" in complaints("\n".join(lines))
    assert "expands aliases" in complaints(f"a: &a {'x' * 200_000}\nb: [{', '.join(['*a'] * 9)}]")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_too_deep_is_refused(opening: str) -> None:
    assert "is nested too deep" in complaints(opening * 400)


def test_aliases_do_not_nest_deeper_than_text_may() -> None:
    half = MAX_DEPTH // 2 + 1
    text = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}"
    assert "is nested too deep" in complaints(text)


def test_an_alias_is_a_copy_that_shares_nothing() -> None:
    data = parse(SOUND).data
    assert data["again"] == data["models"][0]
    assert data["again"] is not data["models"][0]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_places_have_lines() -> None:
    document = parse(SOUND, "spec.yaml")
    lines = {"seed": 2, "models[0].provider": 6, "models.judge.limits.rpm": 8, "again": 9, "again.id": 5, "nowhere.at.all": 1}
    assert {path: document.locate(path) for path in lines} == lines
    assert document.locate(("models", 1, "temperature")) == 8
    assert document.locate("models[1].unheard_of") == 8
    assert document.locate("][") == 1


def test_a_document_does_not_print_what_it_holds() -> None:
    assert "hunter2" not in repr(parse("password: hunter2", "spec.yaml"))


def test_an_empty_file_is_null() -> None:
    assert parse("").data is None
    assert parse("# nothing\n").data is None


@given(st.text() | st.text(alphabet="ab:-[]{}*&!%#|>'\"?,\n\t \\0159._~<x=@`"))
def test_any_text_is_a_document_or_a_spec_error(text: str) -> None:
    read_or_refused(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_document_or_a_spec_error(content: bytes) -> None:
    read_or_refused(content)


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_damaged_spec_is_a_document_or_a_spec_error(flips: list[tuple[int, int]]) -> None:
    content = bytearray(SOUND.encode())
    for place, byte in flips:
        content[place] = byte
    read_or_refused(bytes(content))


@given(st.integers(0, len(SOUND)))
def test_a_truncated_spec_is_a_document_or_a_spec_error(length: int) -> None:
    read_or_refused(SOUND[:length])


def read_or_refused(text: str | bytes) -> None:
    try:
        check_plain(parse(text, "spec.yaml").data)
    except SpecError as error:
        assert error.file == "spec.yaml"
        assert error.problems


def check_plain(value: object) -> None:
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            check_plain(child)
        return
    assert value is None or type(value) in (str, int, float, bool)
    assert not isinstance(value, float) or math.isfinite(value)


text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | text
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)


@given(data)
def test_what_is_written_is_read_back(value: object) -> None:
    found = parse(emit(value)).data
    assert found == value
    assert repr(found) == repr(value)


LOADED = [  # words that some reader takes for something else
    "yes",
    "n",
    "010",
    "1:30",
    "null",
    "~",
    "",
    " ",
    "a: b",
    "a #b",
    "- a",
    "*a",
    "&a",
    "<<",
    "a:",
    "1e3",
    ".inf",
    "\x85",
    "\u2028",
]


@pytest.mark.parametrize("word", LOADED)
def test_words_that_mean_something_are_written_in_quotes(word: str) -> None:
    assert parse(emit({word: [word]})).data == {word: [word]}
