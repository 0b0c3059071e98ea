"""Drawing rows: values inserted as values, one value per row where it says so, slots, the depth budget, the path."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from scipy.stats import chi2_contingency, chisquare

from loopwright.errors import SpecError
from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.grammar import Draft, Grammar
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock


def _grammar(rules: dict[str, list[Any]], **more: Any) -> Grammar:
    grammar = Grammar(GrammarBlock.model_validate({"start": next(iter(rules)), "rules": rules, **more}, strict=False))
    assert grammar.check() == []
    return grammar


def _draft(grammar: Grammar, number: int = 0, **fixed: str) -> Draft:
    return grammar.draw(Keyed(7, number, 0, "row"), fixed)


def _row(grammar: Grammar, number: int = 0, **fixed: str) -> Any:
    return _draft(grammar, number, **fixed).filled({})


def _weighted(**weights: float) -> list[Any]:
    return [{"template": text, "weight": weight} for text, weight in weights.items()]


def _fill(prompt: str) -> dict[str, Any]:
    return {"llm_fill": {"prompt": prompt}}


def test_quotes_and_line_breaks_survive_in_a_structure() -> None:
    said = 'She said "no",\nthen \\left {"a": 1}.'
    grammar = _grammar({"row": ['{"text": "<said>", "again": ["(<said>)", <said>]}'], "said": [said]})
    assert _row(grammar) == {"text": said, "again": [f"({said})", said]}


def test_without_quotes_the_value_is_inserted_and_in_quotes_its_text() -> None:
    rules: dict[str, list[Any]] = {
        "row": [
            '{"n": <n>, "text": "<n>", "price": "<p> EUR", "p": <p>, "ok": <ok>, "none": <none>, "who": <who>, "json": "<who>"}'
        ],
        "n": [3],
        "p": ["1.50"],
        "ok": [True],
        "none": ["null"],
        "who": ['{"name": "<name>"}'],
        "name": ["Zoë"],
    }
    row = _row(_grammar(rules))
    assert row == {
        "n": 3, "text": "3", "price": "1.50 EUR", "p": 1.5, "ok": True, "none": None, "who": {"name": "Zoë"},
        "json": '{"name":"Zoë"}',
    }  # fmt: skip
    assert type(row["n"]) is int
    assert row["ok"] is True


def test_a_row_can_be_text_or_a_number() -> None:
    assert _row(_grammar({"row": ["<a>, <a>"], "a": ["x"]})) == "x, x"
    assert _row(_grammar({"row": ["<a>"], "a": [5]})) == 5


def test_every_occurrence_is_a_draw_of_its_own() -> None:
    grammar = _grammar({"row": ["<a> <a>"], "a": _weighted(x=0.2, y=0.5, z=0.3)})
    pairs = Counter(_row(grammar, number) for number in range(6000))
    table = [[pairs[f"{one} {other}"] for other in "xyz"] for one in "xyz"]
    assert chi2_contingency(table).pvalue > 0.01
    assert chisquare([sum(row) for row in table], [1200, 3000, 1800]).pvalue > 0.01


def test_weights_are_met_within_chance() -> None:
    weights = {"a": 3.0, "b": 0.5, "c": 0.0, "d": 1e-3, "e": 6.499}
    grammar = _grammar({"row": _weighted(**weights)})
    seen = Counter(_row(grammar, number) for number in range(20_000))
    drawn = [name for name, weight in weights.items() if weight]
    assert chisquare([seen[name] for name in drawn], [weights[name] * 2000 for name in drawn]).pvalue > 0.01
    assert seen["c"] == 0


@pytest.mark.parametrize("scale", [1e-320, 5e307])
def test_only_the_proportion_of_weights_counts(scale: float) -> None:
    grammar = _grammar({"row": _weighted(a=scale, b=3 * scale)})
    seen = Counter(_row(grammar, number) for number in range(4000))
    assert chisquare([seen["a"], seen["b"]], [1000, 3000]).pvalue > 0.01


def test_a_listed_name_has_one_value_per_row() -> None:
    rules: dict[str, list[Any]] = {"row": ["<a><b><a>"], "b": ["<a>"], "a": ["x", "y", "z"]}
    grammar = _grammar(rules, row_values=("a",))
    rows = {_row(grammar, number) for number in range(50)}
    assert rows == {"xxx", "yyy", "zzz"}
    assert _draft(grammar).facts({}) == {"a": _row(grammar)[0]}


def test_a_name_in_a_prompt_has_one_value_per_row() -> None:
    rules: dict[str, list[Any]] = {
        "row": ['{"text": "<message>", "label": "<label>"}'],
        "message": [_fill("About <label>."), "my <label>"],
        "label": ["refund", "delivery"],
    }
    grammar = _grammar(rules)
    assert grammar.row_values == ("label",)
    assert grammar.needs_model
    for number in range(30):
        draft = _draft(grammar, number)
        label = draft.facts({})["label"]
        asked = {ask.slot: ask.prompt for ask in draft.ready({})}
        assert list(asked.values()) in ([], [f"About {label}."])
        answers = dict.fromkeys(asked, 'so\n"many"')
        text = 'so\n"many"' if asked else f"my {label}"
        assert draft.filled(answers) == {"text": text, "label": label}
        assert draft.ready(answers) == []


def test_values_that_need_others_are_drawn_after_them() -> None:
    rules: dict[str, list[Any]] = {
        "row": [_fill("<city>, <country>")],
        "city": ["city of <country>"],
        "country": ["Chile", "Ghana", "Japan"],
    }
    grammar = _grammar(rules)
    assert grammar.row_values == ("country", "city")
    for number in range(20):
        draft = _draft(grammar, number)
        country = draft.facts({})["country"]
        assert draft.ready({})[0].prompt == f"city of {country}, {country}"


def test_a_rule_within_its_own_value_is_a_draw_of_its_own() -> None:
    grammar = _grammar({"row": ["<sum> = <sum>"], "sum": [1, 2, "<sum>+<sum>"]}, row_values=("sum",))
    rows = [_row(grammar, number) for number in range(200)]
    assert all(left == right for left, right in (row.split(" = ") for row in rows))
    assert any(len(set(row.split(" = ")[0].split("+"))) > 1 for row in rows)


def test_a_slot_whose_prompt_needs_an_answer_waits_for_it() -> None:
    rules: dict[str, list[Any]] = {
        "row": ['{"title": "<title>", "text": "<story>", "both": "<title>: <story>"}'],
        "story": [_fill("Tell <title>.")],
        "title": [_fill("A title.")],
    }
    draft = _draft(_grammar(rules, row_values=("story",)))
    (first,) = draft.ready({})
    assert (first.rule, first.prompt) == ("title", "A title.")
    (second,) = draft.ready({first.slot: "Rain"})
    assert (second.rule, second.prompt) == ("story", "Tell Rain.")
    answers = {first.slot: "Rain", second.slot: "It rained."}
    assert draft.ready(answers) == []
    assert draft.filled(answers) == {"title": "Rain", "text": "It rained.", "both": "Rain: It rained."}
    assert draft.facts(answers) == {"title": "Rain", "story": "It rained."}


def test_a_model_is_not_asked_for_what_the_row_does_not_use() -> None:
    rules: dict[str, list[Any]] = {"row": ["plain", "<aside>"], "aside": [_fill("Something.")]}
    grammar = _grammar(rules, row_values=("aside",))
    drafts = [_draft(grammar, number) for number in range(40)]
    assert {len(draft.slots) for draft in drafts} == {0, 1}
    plain = next(draft for draft in drafts if not draft.slots)
    assert plain.filled({}) == "plain"
    assert plain.facts({}) == {}


def test_a_slot_within_json_that_is_text_is_filled_too() -> None:
    rules: dict[str, list[Any]] = {
        "row": ['{"json": "<who>!"}'],
        "who": ['{"name": "<name>", "n": [<n>]}'],
        "name": [_fill("A name.")],
        "n": [1],
    }
    draft = _draft(_grammar(rules))
    assert draft.filled({draft.ready({})[0].slot: 'J"'}) == {"json": '{"name":"J\\"","n":[1]}!'}


def test_a_value_can_be_fixed_from_outside() -> None:
    rules: dict[str, list[Any]] = {
        "row": ['{"label": "<label>", "stars": <stars>, "text": "<label> <label>"}'],
        "label": ["refund", "delivery"],
        "stars": [1, 2, 3],
    }
    grammar = _grammar(rules)
    for number in range(10):
        draft = _draft(grammar, number, label="delivery", stars="2")
        assert draft.filled({}) == {"label": "delivery", "stars": 2, "text": "delivery delivery"}
        assert draft.facts({}) == {"label": "delivery", "stars": 2}
    with pytest.raises(ValueError, match="cannot give 'refnd'"):
        _draft(grammar, label="refnd")
    with pytest.raises(ValueError, match="'lable'"):
        _draft(grammar, lable="refund")


def test_only_what_a_rule_can_give_can_be_fixed() -> None:
    many = [*range(1000)]
    grammar = _grammar({"row": ["[<a>, <b>]"], "a": ["x", '{"k": 1}'], "b": [*many, "<b>"]})
    assert _row(grammar, a="x", b="999") == ["x", 999]
    for name, text in (("a", "y"), ("b", "1000")):
        with pytest.raises(ValueError, match="cannot give"):
            grammar.draw(Keyed(7), {name: text})


def test_fixing_one_value_leaves_the_weights_of_the_others() -> None:
    rules: dict[str, list[Any]] = {"row": ["<a> <b>"], "a": ["x", "y"], "b": _weighted(u=1, v=3)}
    grammar = _grammar(rules, row_values=("a",))
    seen = Counter(_row(grammar, number, a="x") for number in range(4000))
    assert chisquare([seen["x u"], seen["x v"]], [1000, 3000]).pvalue > 0.01


def test_rules_that_lead_to_themselves_end_within_the_depth_budget() -> None:
    rules: dict[str, list[Any]] = {"tree": [{"template": "(<tree><tree>)", "weight": 1000}, "(<leaf>)"], "leaf": ["(x)"]}
    rows = [_row(_grammar(rules, max_depth=8), number) for number in range(20)]
    assert max(_nesting(row) for row in rows) == 8
    assert all(row.count("x") <= 2**6 for row in rows)


def _nesting(text: str) -> int:
    deepest = level = 0
    for character in text:
        level += {"(": 1, ")": -1}.get(character, 0)
        deepest = max(deepest, level)
    return deepest


def test_a_row_that_would_grow_without_bound_is_ended_by_its_shortest_way() -> None:
    rules: dict[str, list[Any]] = {"tree": [{"template": "<tree><tree>", "weight": 1000}, "x"]}
    assert 5_000 < len(_row(_grammar(rules, max_depth=100))) < 20_000


def test_the_path_tells_the_choices_where_there_were_any() -> None:
    rules: dict[str, list[Any]] = {
        "row": ["<a>: <b>"],
        "a": ["x", "y"],
        "b": ["only <c>"],
        "c": [{"template": "-", "weight": 0}, "u", "v"],
    }
    grammar = _grammar(rules)
    for number in range(10):
        draft = _draft(grammar, number)
        a, c = str(draft.filled({})).split(": only ")
        assert draft.path == f"a.{'xy'.index(a)} c.{'-uv'.index(c)}"


def test_the_same_key_draws_the_same_row_and_another_key_another() -> None:
    grammar = _grammar({"row": ["<a><a><a><a><a><a>"], "a": [str(digit) for digit in range(10)]})
    again = _grammar({"row": ["<a><a><a><a><a><a>"], "a": [str(digit) for digit in range(10)]})
    rows = [_row(grammar, number) for number in range(100)]
    assert rows == [_row(again, number) for number in range(100)]
    assert len(set(rows)) == 100


def test_a_grammar_that_is_not_sound_is_not_drawn_from() -> None:
    grammar = Grammar(GrammarBlock.model_validate({"start": "row", "rules": {"row": ["<row>"]}}, strict=False))
    with pytest.raises(SpecError, match="never ends"):
        grammar.draw(Keyed(1))
