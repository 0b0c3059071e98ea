"""Facts that no text can keep to together are told, and none that some text keeps to."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from loopwright.quality import build
from loopwright.quality.choosing import choose
from loopwright.quality.clashing import clashes
from loopwright.quality.validator import Given
from loopwright.quality.validators.format import Format
from loopwright.quality.validators.length import Length

CLASH = [
    ("at most two sentences", "at least three sentences"),
    ("about 50 words", "under 40 words"),
    ("at least 50 words", "at most 49 characters"),
    ("in German", "in English or French"),
    ("is a question", "no question marks"),
    ("starts with a capital letter", "all lowercase"),
    ('must mention "refund"', 'never mention "refund"'),
    ("an ISO date", "valid JSON"),
]
AGREE = [
    ("at most two sentences", "at least two sentences"),
    ("at least 50 words", "at most two sentences"),
    ("in German", "in German or French"),
    ("is a question", "no exclamation marks"),
    ("no links", "no question marks"),
    ('must mention "refund"', 'never mention "lawsuit"'),
    ("a number", "valid JSON"),
    ("all different", "in German"),
]


def _clash(*facts: str) -> list[str]:
    gate = build(choose(facts, field="text").validators(), Given())
    return [clash.why for clash in clashes(gate.validators)]


@pytest.mark.parametrize("facts", CLASH)
def test_facts_that_contradict_each_other_are_told_in_either_order(facts: tuple[str, str]) -> None:
    one, other = facts
    assert len(_clash(one, other)) == len(_clash(other, one)) == 1


@pytest.mark.parametrize("facts", AGREE)
def test_facts_that_some_text_keeps_to_are_not(facts: tuple[str, str]) -> None:
    assert not _clash(*facts)


def test_no_fact_contradicts_itself() -> None:
    for fact in {fact for pair in (*CLASH, *AGREE) for fact in pair}:
        assert not _clash(fact, fact), fact


BOUNDS = st.sampled_from(["min_words", "max_words", "min_characters", "max_characters", "min_sentences", "max_sentences"])
LENGTHS = st.builds(lambda name, bound: Length(**{name: bound}), BOUNDS, st.integers(0, 6))


@drawn(LENGTHS, LENGTHS, st.text(st.sampled_from("aB1 .!。あ\n…-_"), max_size=12))
def test_no_text_has_lengths_that_clash(one: Length, other: Length, text: str) -> None:
    assert not (one.against(other) and one.rule(text).passed and other.rule(text).passed)


TEXTS = {
    "email": "me@example.org",
    "url": "http://example.org",
    "json": '{"a": 1}',
    "number": "1.5",
    "integer": "7",
    "date": "2025-01-31",
    "time": "23:59:59",
    "datetime": "2025-01-31T23:59:59Z",
    "uuid": "12345678-1234-1234-1234-123456789012",
}


@pytest.mark.parametrize("pair", [*product(TEXTS, TEXTS)], ids=" ".join)
def test_no_text_is_of_forms_that_clash(pair: Any) -> None:
    one, other = (Format(name=name) for name in pair)
    passed = [text for text in TEXTS.values() if one.rule(text).passed and other.rule(text).passed]
    assert bool(one.against(other)) == (not passed)
