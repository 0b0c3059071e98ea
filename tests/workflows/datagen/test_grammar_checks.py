"""What is wrong with a grammar is said at its place in the spec, once, and with what would mend it."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.errors import Problem, SpecError
from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.grammar import Grammar, Wanted
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock

_KEY = Keyed(1)


def _grammar(rules: dict[str, list[Any]], **more: Any) -> Grammar:
    return Grammar(GrammarBlock.model_validate({"start": "row", "rules": rules, **more}, strict=False))


def _said(problems: list[Problem]) -> list[str]:
    return str(SpecError(problems)).splitlines()


def _wrong(rules: dict[str, list[Any]], **more: Any) -> list[str]:
    return _said(_grammar(rules, **more).check())


def _fill(prompt: str) -> dict[str, Any]:
    return {"llm_fill": {"prompt": prompt}}


def _off(template: str) -> dict[str, Any]:
    return {"template": template, "weight": 0}


def test_a_sound_grammar_has_no_problems() -> None:
    rules: dict[str, list[Any]] = {
        "row": ['{"text": "<message>", "label": "<label>"}'],
        "message": [_fill("About <label>."), "<greeting>, my <label>"],
        "greeting": ["hi", "<greeting> there"],
        "label": ["a", "b"],
    }
    assert _wrong(rules) == []


def test_a_placeholder_that_no_rule_defines() -> None:
    assert _wrong({"row": ["<mesage>", _fill("About <x>")], "message": ["a"]}) == [
        "grammar.rules.row[0]: <mesage> is no rule; expected a rule of that name, or <<mesage>> for the text <mesage>; "
        "did you mean 'message'?",
        "grammar.rules.row[1]: <x> is no rule; expected a rule of that name, or <<x>> for the text <x>",
    ]


def test_a_start_or_row_value_that_is_no_rule() -> None:
    assert _wrong({"rows": ["a"]}, row_values=("rws",)) == [
        "grammar.start: names a rule that is not there: 'row'; expected one of 'rows'; did you mean 'rows'?",
        "grammar.row_values[0]: names a rule that is not there: 'rws'; expected one of 'rows'; did you mean 'rows'?",
    ]


def test_a_rule_that_cannot_be_referred_to() -> None:
    assert _wrong({"row": ["a"], "1st name": ["b"]}) == [
        'grammar.rules["1st name"]: is no name for a rule; expected letters, digits, _ and -, the first a letter or _'
    ]


def test_a_rule_that_nothing_leads_to() -> None:
    assert _wrong({"row": ["a"], "label": ["<kind>"], "kind": ["b"]}) == [
        "grammar.rules.label: is never used: nothing leads to it from 'row'; expected <label> in a template, or no such rule",
        "grammar.rules.kind: is never used: nothing leads to it from 'row'; expected <kind> in a template, or no such rule",
    ]
    assert _wrong({"row": ["a"], "label": ["<kind>"], "kind": ["b"]}, row_values=("label",)) == []


def test_rules_that_never_end() -> None:
    assert _wrong({"row": ["<a>", "x"], "a": ["(<b>)", _off("way out")], "b": ["<a>", "<c>"], "c": ["<b>"], "d": ["<a>"]}) == [
        "grammar.rules.d: is never used: nothing leads to it from 'row'; expected <d> in a template, or no such rule",
        *(
            f"grammar.rules.{name}: never ends: each of its alternatives leads back to it; expected an alternative that ends"
            for name in "abc"
        ),
    ]


def test_a_prompt_that_asks_for_itself_never_ends() -> None:
    assert "never ends" in _wrong({"row": [_fill("Continue: <row>")]})[0]


@pytest.mark.parametrize(
    ("alternatives", "said"),
    [
        ([], "grammar.rules.row: has no alternatives; expected at least one"),
        ([_off("a"), _off("b")], "grammar.rules.row: has only weights of 0: nothing can be drawn; expected a weight above 0"),
        (['{"a": '], "grammar.rules.row[0]: looks like JSON and is none: expecting value; expected JSON, as in"),
        ([_fill("a\x00")], "grammar.rules.row[0]: holds a character that text cannot have"),
    ],
)
def test_a_rule_that_can_give_nothing(alternatives: list[Any], said: str) -> None:
    (problem,) = _wrong({"row": alternatives})
    assert problem.startswith(said)


def test_values_of_a_row_that_need_one_another() -> None:
    assert _wrong({"row": ["<a>"], "a": ["<b>", "x"], "b": ["<c>"], "c": ["<a>", "y"]}, row_values=("a", "b")) == [
        "grammar.rules.a: has one value per row, and cannot be drawn before 'b', which needs it; "
        "expected values of a row that do not need one another",
        "grammar.rules.b: has one value per row, and cannot be drawn before 'a', which needs it; "
        "expected values of a row that do not need one another",
    ]


def test_a_depth_budget_that_leaves_no_row() -> None:
    rules: dict[str, list[Any]] = {"row": ["<a>"], "a": ["<b>", "<row>"], "b": ["x"]}
    assert _wrong(rules, max_depth=2) == [
        "grammar.max_depth: leaves no row: the shortest has 3 rules within one another; expected at least 3"
    ]
    assert _wrong(rules, max_depth=3) == []


def test_rules_whose_shortest_rows_are_out_of_all_proportion() -> None:
    doubling: dict[str, list[Any]] = {f"r{number}": [f"<r{number + 1}>" * 2] for number in range(30)}
    assert _wrong({"row": ["<r0>"], **doubling, "r30": ["x"]})[0].startswith(
        "grammar.rules.r17: is too long: its shortest derivations have up to 16,383 parts"
    )


def test_structures_too_deep_to_be_kept() -> None:
    rules: dict[str, list[Any]] = {"row": ['{"a": [{"b": [<row>]}]}', "null"]}
    assert _wrong(rules, max_depth=60) == [
        "grammar.max_depth: lets rows have up to 240 objects and arrays within one another, and 200 can be kept; "
        "expected a lower one"
    ]
    assert _wrong(rules, max_depth=40) == []


def test_wanted_shares_that_the_grammar_cannot_meet() -> None:
    grammar = _grammar(
        {"row": ["<label>"], "label": ["refund", _off("account"), "<more>", "<more> now"], "more": ["delivery", 3]}
    )
    assert (
        _said(grammar.check(Wanted("label", {"refund": 0.5, "delivery": 0.2, "3": 0.1, "delivery now": 0.2, "lost": 0.0})))
        == []
    )
    assert _said(grammar.check(Wanted("label", {"account": 0.5, "refnd": 0.5}))) == [
        "task.labels.account: is never drawn: the rule 'label' of the grammar cannot give it; "
        "expected one of 'refund', 'delivery', '3', 'delivery now', '3 now'",
        "task.labels.refnd: is never drawn: the rule 'label' of the grammar cannot give it; "
        "expected one of 'refund', 'delivery', '3', 'delivery now', '3 now'; did you mean 'refund'?",
    ]
    assert _said(grammar.check(Wanted("labels", {"refund": 1.0}))) == [
        "grammar.rules: has no rule 'labels', and task.labels gives its shares; "
        "expected a rule 'labels' that gives refund, and <labels> in the row; did you mean 'label'?"
    ]


def test_a_label_that_a_model_writes_can_be_any() -> None:
    grammar = _grammar({"row": ["<label>"], "label": ["refund", _fill("A label.")]})
    assert grammar.check(Wanted("label", {"whatever": 1.0})) == []
    assert grammar.values("label") is None
    assert grammar.draw(_KEY, {"label": "whatever"}).filled({}) == "whatever"


def test_a_start_that_cannot_be_a_row_where_an_object_is_asked_for() -> None:
    grammar = _grammar({"row": ["<one>", "[1]", '{"a": 1}'], "one": ["some <two>", 3], "two": ["x"]})
    assert grammar.check(schema={"type": "array"}) == []
    assert _said(grammar.check(schema={"type": "object"})) == [
        f"grammar.rules.{place}: makes a row that is {kind}, and the schema asks for an object; "
        'expected JSON, as in {"text": "<message>"}'
        for place, kind in [("row[1]", "an array"), ("one[0]", "text"), ("one[1]", "a whole number")]
    ]


@pytest.mark.slow
def test_thousands_of_rules_and_alternatives_are_checked() -> None:
    chain: dict[str, list[Any]] = {f"r{number}": ["x", f'{{"a": <r{number + 1}>}}'] for number in range(2000)}
    grammar = _grammar({"row": ["<r0>", "<word>"], **chain, "r2000": ["x"], "word": [f"w{number}" for number in range(20_000)]})
    assert grammar.check(Wanted("word", {"w19999": 1.0}), {"type": "array"}) == []
    assert grammar.check(Wanted("word", {"w20000": 1.0}))[0].nearest
    assert grammar.schema()["$defs"].keys() == {f"r{number}" for number in range(1, 1999)}
