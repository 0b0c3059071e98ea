"""Laws that hold for every grammar: what passes the check can be drawn, fits the derived schema and the depth budget."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.grammar import Draft, Grammar
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock

_NAMES = ("row", "a", "b", "c", "d")
_HOLE = st.sampled_from([f"<{name}>" for name in _NAMES])
_WORDS = st.sampled_from(["x", "hello ", '"', "\n", "{", "<<a>>", "12", ""])
_SCALARS: st.SearchStrategy[Any] = st.sampled_from([1, 2.5, True, False, "null", "1.50", "refund", "", "a b"])
_WRITTEN = st.lists(_WORDS | _HOLE, max_size=4).map("".join)
_QUOTED = _WRITTEN.map(json.dumps)
_JSON = st.recursive(
    _QUOTED | _HOLE | st.sampled_from(["1", "-2.5", "true", "null"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["k", "l", "<<m>>"]), inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in pairs.items()) + "}"
        )
    ),
    max_leaves=5,
)
_PROMPTS = _WRITTEN.filter(bool).map(lambda prompt: {"llm_fill": {"prompt": prompt}})
_ALTERNATIVES = (
    _SCALARS
    | _WRITTEN
    | _JSON
    | _PROMPTS
    | st.builds(lambda text, weight: {"template": text, "weight": weight}, _JSON, st.floats(0, 5))
)
_BLOCKS = st.fixed_dictionaries(
    {
        "start": st.just("row"),
        "rules": st.fixed_dictionaries({name: st.lists(_ALTERNATIVES, min_size=1, max_size=4) for name in _NAMES}),
        "row_values": st.lists(st.sampled_from(_NAMES), max_size=2),
        "max_depth": st.integers(1, 12),
    }
)


def _mended(block: dict[str, Any]) -> GrammarBlock:
    """Every rule can end, and every rule is used."""
    rules = {name: [*alternatives, f"end of {name}"] for name, alternatives in block["rules"].items()}
    rules["row"] = [*rules["row"], "".join(f"<{name}>" for name in _NAMES[1:])]
    return GrammarBlock.model_validate({**block, "rules": rules}, strict=False)


def _answered(draft: Draft) -> Any:
    answers: dict[int, str] = {}
    while asks := draft.ready(answers):
        answers |= {ask.slot: f'"{ask.rule}"\n{ask.prompt[:20]}' for ask in asks}
    return draft.filled(answers)


@pytest.mark.slow
@given(_BLOCKS, st.integers(0, 2**32))
def test_every_row_fits_the_derived_schema(block: dict[str, Any], seed: int) -> None:
    grammar = Grammar(_mended(block))
    assume(not grammar.check())
    fits = jsonschema_rs.validator_for(grammar.schema())
    for number in range(5):
        row = _answered(grammar.draw(Keyed(seed, number)))
        fits.validate(row)
    for name in _NAMES[1:]:
        for text in (grammar.values(name) or ("anything",))[:5]:
            fits.validate(_answered(grammar.draw(Keyed(seed), {name: text})))


@given(_BLOCKS, st.integers(0, 2**32))
def test_a_check_says_what_is_wrong_or_the_grammar_can_be_drawn_from(block: dict[str, Any], seed: int) -> None:
    grammar = Grammar(GrammarBlock.model_validate(block, strict=False))
    problems = grammar.check()
    assert all(problem.path.startswith("grammar.") and problem.message for problem in problems)
    if not problems:
        json.dumps(_answered(grammar.draw(Keyed(seed))))


@given(_BLOCKS, st.integers(0, 2**32))
def test_the_same_key_draws_the_same_row(block: dict[str, Any], seed: int) -> None:
    one, other = Grammar(_mended(block)), Grammar(_mended(block))
    assume(not one.check())
    first, second = one.draw(Keyed(seed, 3)), other.draw(Keyed(seed, 3))
    assert (first.path, _answered(first)) == (second.path, _answered(second))


_BRACKETED = st.lists(_HOLE, max_size=3).map(lambda holes: f"({''.join(holes)})")


@given(
    st.fixed_dictionaries({name: st.lists(_BRACKETED, min_size=1, max_size=4) for name in _NAMES}),
    st.integers(1, 10),
    st.integers(0, 2**32),
)
def test_no_draw_is_deeper_than_its_budget(rules: dict[str, list[str]], depth: int, seed: int) -> None:
    ending = {name: [*alternatives, "()"] for name, alternatives in rules.items()}
    ending["row"].append("(<a><b><c><d>)")
    grammar = Grammar(GrammarBlock.model_validate({"start": "row", "rules": ending, "max_depth": depth}, strict=False))
    assert grammar.check() == []
    for number in range(5):
        text = str(grammar.draw(Keyed(seed, number)).filled({}))
        assert _deepest(text) <= depth


def _deepest(text: str) -> int:
    level = deepest = 0
    for bracket in text:
        level += 1 if bracket == "(" else -1
        deepest = max(deepest, level)
    return deepest


def too_large(text: str) -> bool:
    """Whether it is a number that is refused, as the tests of templates see."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and not -(2**63) <= value < 2**64


@given(st.text(st.characters(exclude_characters="<\x00", codec="utf-8")))
@example("1E30")
def test_text_of_any_kind_survives_in_a_structure(text: str) -> None:
    assume(text.lstrip()[:1] not in ("{", "["))
    assume(not too_large(text))
    rules = {"row": ['{"text": "<said>", "more": "(<said>)"}'], "said": [text]}
    grammar = Grammar(GrammarBlock.model_validate({"start": "row", "rules": rules}, strict=False))
    assert grammar.draw(Keyed(1)).filled({}) == {"text": text, "more": f"({text})"}
