"""The `grammar:` block as it is written, and where its mistakes are shown."""

from __future__ import annotations

import json

import pytest

from loopwright.errors import SpecError
from loopwright.spec.blocks import RunSpec
from loopwright.spec.load import validate
from loopwright.spec.yaml import parse
from loopwright.workflows.datagen.grammar.blocks import Alternative, GrammarBlock, LlmFill


class Recipe(RunSpec):
    grammar: GrammarBlock


def _read(grammar: str) -> GrammarBlock:
    return validate(parse(f"workflow: datagen\ngrammar:\n{grammar}"), Recipe).grammar


def _mistakes(grammar: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        _read(grammar)
    return [line.removeprefix("<text>:") for line in str(caught.value).splitlines()]


def test_alternatives_are_templates_slots_or_bare_values() -> None:
    block = _read("""
  start: row
  row_values: [b]
  rules:
    row:
      - {template: '{"a": "<a>"}', weight: 2}
      - {llm_fill: {prompt: About <b>.}, weight: 0.5}
      - hello
    a: [1, 2.5, true, "3"]
""")
    assert block.rules["row"] == (
        Alternative(template='{"a": "<a>"}', weight=2.0),
        Alternative(llm_fill=LlmFill(prompt="About <b>."), weight=0.5),
        Alternative(template="hello"),
    )
    assert [alternative.template for alternative in block.rules["a"]] == [1, 2.5, True, "3"]
    assert [type(alternative.template) for alternative in block.rules["a"]] == [int, float, bool, str]
    assert block.row_values == ("b",)


@pytest.mark.parametrize(
    ("alternative", "said"),
    [
        ("{template: a, weight: -1}", "5: grammar.rules.row[0].weight: does not fit; expected at least 0"),
        ("{template: a, weihgt: 1}", "5: grammar.rules.row[0].weihgt: is not a known key; did you mean 'weight'?"),
        ("{template: {text: <a>}}", "5: grammar.rules.row[0].template: is not text; put quotes around JSON"),
        ("{weight: 1}", "5: grammar.rules.row[0]: needs a template or an llm_fill"),
        ("{template: a, llm_fill: {prompt: b}}", "5: grammar.rules.row[0]: has both a template and an llm_fill"),
        ("{llm_fill: {prompt: ''}}", "5: grammar.rules.row[0].llm_fill.prompt: does not fit; expected at least 1 characters"),
        ("{llm_fill: {promt: b}}", "5: grammar.rules.row[0].llm_fill.promt: is not a known key; did you mean 'prompt'?"),
        ("[a]", "5: grammar.rules.row[0]: is a list; expected a mapping"),
    ],
)
def test_a_mistake_is_shown_at_its_place(alternative: str, said: str) -> None:
    shown = _mistakes(f"  start: row\n  rules:\n    row: [{alternative}]\n")
    assert any(line.startswith(said) for line in shown), shown


def test_a_depth_beyond_what_can_be_drawn_is_refused() -> None:
    assert _mistakes("  start: row\n  max_depth: 101\n  rules: {row: [a]}\n") == [
        "4: grammar.max_depth: does not fit; expected at most 100"
    ]


def test_editors_are_told_of_the_short_forms() -> None:
    described = json.dumps(GrammarBlock.model_json_schema()["$defs"]["Alternative"]["anyOf"])
    assert '"string", "number", "boolean"' in described
    assert '"llm_fill"' in described
