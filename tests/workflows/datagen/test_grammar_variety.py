"""How many different texts a grammar can give is never told too low, and told exactly where derivations read differently."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.workflows.datagen.conftest import Desk

from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.grammar import Grammar
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock

ROW = '{"text": "<text>", "label": "<label>"}'
BOTH: dict[str, list[object]] = {
    "row": [ROW],
    "label": ["a", "b", "c"],
    "text": ["<x> and <y>", "neither"],
    "x": [1, 2],
    "y": [3, 4],
}
ONE: dict[str, list[object]] = {name: options for name, options in BOTH.items() if name != "y"}


def _grammar(rules: dict[str, list[object]], *row_values: str, max_depth: int = 32) -> Grammar:
    block = {"start": "row", "rules": rules, "row_values": row_values, "max_depth": max_depth}
    return Grammar(GrammarBlock.model_validate(block, strict=False))


@pytest.mark.parametrize(
    ("grammar", "field", "texts"),
    [
        (_grammar(BOTH), "text", 5),
        (_grammar(BOTH), "label", 3),
        (_grammar(BOTH), None, 15),
        (_grammar(BOTH), "text.inner", 15),
        (_grammar({**BOTH, "x": [1, {"template": 2, "weight": 0}]}), "text", 3),
        (_grammar({**ONE, "text": ["<x><x> <label>"]}), "text", 12),
        (_grammar({**BOTH, "text": ["<x><x> <label>", "<y>"]}, "x", "label"), "text", 8),
        (_grammar({**ONE, "text": ["<x><x> <label>"], "label": ["a<x>", "b"]}, "x", "label"), "text", 4),
        (_grammar({**BOTH, "row": ["<one>", ROW], "one": ['{"text": "only <y>"}']}), "text", 7),
        (_grammar({**BOTH, "row": ["<one>", ROW], "one": ['{"title": "no text"}']}), "text", 5),
        (_grammar({"row": ['{"text": "<text>"}'], "text": ["a<text>", "b<text>", "."]}, max_depth=4), "text", 7),
        (_grammar({"row": ['{"text": "<text><text>"}'], "text": ["a<text>", "b<text>", "."]}, "text", max_depth=3), "text", 7),
        (_grammar({"row": ['{"text": "<text>"}'], "text": ["(<text><text>)", "."]}, max_depth=100), "text", 1000),
    ],
)
def test_texts_are_counted_by_field_with_one_value_per_row_and_within_the_depth(
    grammar: Grammar, field: str | None, texts: int
) -> None:
    assert not grammar.check()
    assert grammar.variety(field, 1000, {}) == texts


def test_a_rule_that_is_given_its_value_has_as_many_as_it_is_given() -> None:
    grammar = _grammar({**ONE, "text": ["<x> <label> <label>"]})
    assert grammar.variety("text", 1000, {"label": 2}) == 4


@pytest.mark.parametrize("sets", [4, 12])
def test_a_count_stays_cheap_with_many_values_per_row_that_a_text_may_hold_or_not(sets: int) -> None:
    names = [f"n{number}" for number in range(sets)]
    rules: dict[str, list[object]] = {name: ["a"] for name in names}
    rules |= {f"m{name}": [f"<{name}>", "-"] for name in names}
    text = "".join(f"<m{name}>" for name in names)
    grammar = _grammar({"row": [f'{{"text": "{text}"}}'], **rules}, *names)
    assert grammar.variety("text", 10**6, {}) >= 2**sets


NAMES = ("a", "b", "c")
ALTERNATIVES = st.lists(st.sampled_from(["x", "y ", "", *(f"<{name}>" for name in NAMES)]), max_size=3).map("".join)
RULES = st.fixed_dictionaries({name: st.lists(ALTERNATIVES, min_size=1, max_size=2) for name in NAMES})


@given(RULES, st.lists(st.sampled_from(NAMES), max_size=2), st.integers(2, 5), st.integers(0, 2**32))
def test_no_grammar_gives_more_texts_than_are_counted(
    rules: dict[str, list[str]], row_values: list[str], depth: int, seed: int
) -> None:
    ending: dict[str, list[object]] = {name: [*alternatives, name] for name, alternatives in rules.items()}
    grammar = _grammar({"row": ['{"text": "<a> <b> <c> <a>"}'], **ending}, *row_values, max_depth=depth)
    assume(not grammar.check())
    drawn = {str(grammar.draw(Keyed(seed, number)).filled({})) for number in range(60)}
    assert len(drawn) <= grammar.variety("text", 1000, {})


RECIPE = """
task: {labels: {refund: 0.5, delivery: 0.5}}
grammar:
  start: row
  rules:
    row: ['{"text": "<ask> about my <label>", "label": "<label>"}']
    ask: [a question, I need help]
    label: [refund, delivery, account]
  row_values: [label]
"""
WARNING = (
    "warning: the grammar gives at most 4 different texts of 'text', deduplication takes each once, and target.accepted is "
)


def test_a_target_that_the_grammar_cannot_reach_is_told_before_the_run(desk: Desk) -> None:
    assert f"{WARNING}5: a run ends short of it" in desk.check(f"{RECIPE}target: {{accepted: 5}}\n").err
    assert desk.run(f"{RECIPE}target: {{accepted: 5}}\nvalidators: {{deduplication: {{field: text, near: null}}}}\n").code == 4
    assert len(desk.rows()) == 4


@pytest.mark.parametrize(
    "more",
    [
        "target: {accepted: 4}\n",
        "target: {accepted: 5}\nvalidators: {deduplication: {field: text, exact: false}}\n",
        "target: {accepted: 5}\nvalidators: {length: {min_words: 1}}\n",
        'target: {accepted: 5}\nmodels: [{id: writer, provider: scripted, script: ["x"]}]\n',
    ],
    ids=["enough texts", "near duplicates alone", "no duplicates looked for", "a model writes, too"],
)
def test_where_more_is_possible_or_not_certain_nothing_is_told(desk: Desk, more: str) -> None:
    ended = desk.check(f"{RECIPE}{more}")
    assert ended.code == 0
    assert "the grammar gives at most" not in ended.err
