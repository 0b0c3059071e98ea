"""Constraints written as facts: what each becomes, or that nothing was found for it; nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from loopwright.quality import build
from loopwright.quality.choosing import Left, choose
from loopwright.quality.row import Row
from loopwright.quality.validator import Given, Judges
from loopwright.quality.validators.regex import Regex

LENGTHS: dict[str, dict[str, int]] = {
    "at most two sentences": {"max_sentences": 2},
    "At most 2 sentences.": {"max_sentences": 2},
    "no more than one hundred characters": {"max_characters": 100},
    "under 280 characters": {"max_characters": 279},
    "max. 280 chars": {"max_characters": 280},
    "a maximum of 3 sentences": {"max_sentences": 3},
    "1,000 characters or less": {"max_characters": 1000},
    "Each message should be at most 30 words long": {"max_words": 30},
    "up to a dozen words": {"max_words": 12},
    "The message must not exceed 50 words": {"max_words": 50},
    "keep it under 50 words": {"max_words": 49},
    "should not be longer than two sentences": {"max_sentences": 2},
    "10 to 20 words": {"min_words": 10, "max_words": 20},
    "between ten and twenty words": {"min_words": 10, "max_words": 20},
    "10-20 words": {"min_words": 10, "max_words": 20},
    "2 or 3 sentences": {"min_sentences": 2, "max_sentences": 3},
    "at least five words": {"min_words": 5},
    "50+ words": {"min_words": 50},
    "twenty-five words or more": {"min_words": 25},
    "more than three words": {"min_words": 4},
    "exactly one sentence": {"min_sentences": 1, "max_sentences": 1},
    "a single sentence": {"min_sentences": 1, "max_sentences": 1},
    "about 50 words": {"min_words": 40, "max_words": 60},
}
LANGUAGES = {
    "in German": ["de"],
    "German only": ["de"],
    "The text must be in english": ["en"],
    "written in English or French": ["en", "fr"],
    "language: Polish": ["pl"],
}
OTHERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "valid JSON": [("format", {"name": "json"})],
    "must be an e-mail address": [("format", {"name": "email"})],
    "an ISO date": [("format", {"name": "date"})],
    "a number": [("format", {"name": "number"})],
    "all different": [("deduplication", {})],
    "no duplicates": [("deduplication", {})],
    "no exact duplicates": [("deduplication", {"near": None})],
    "one sentence, 10-20 words": [
        ("length", {"min_sentences": 1, "max_sentences": 1}),
        ("length", {"min_words": 10, "max_words": 20}),
    ],
}
PATTERNS: dict[str, tuple[str, str]] = {
    "no personal names": ("I spoke to your staff in Berlin.", "I spoke to Jennifer."),
    "no names of people": ("The doctor came.", "Dr. Weber came."),
    "no links": ("See the page of e.g. 3.5 stars", "See www.example.org"),
    "no web addresses": ("write to me@mail.example.com", "it is at shop.example.co.uk."),
    "no URLs, e-mail addresses or phone numbers": ("Call me tomorrow at 5", "call +49 30 1234567"),
    "must not contain digits": ("three", "3"),
    "don't use emojis": ("fine :)", "fine 🙂"),
    "without exclamation marks or hashtags": ("fine, issue #1", "so #happy"),
    "avoid Markdown": ("2 * 3 * 4", "this is **bold**"),
    "no placeholders": ("a list [1]", "Dear [name]"),
    "no HTML": ("a < b and c > d", "a <b>bold</b> one"),
    "no all-caps words": ("The USA", "I am ANGRY"),
    "no prices": ("it was expensive", "it was 5 €"),
    'must mention "refund"': ("My Refund, please", "My refunds"),
    'contains the words "please" and "thanks"': ("Please, and thanks", "please"),
    'must mention "refund" or "money back"': ("I want my money  back: refund", "I want it back"),
    "never mention 'lawsuit'": ("law suits me", "a Lawsuit follows"),
    "never says 'urgent'": ("as urgently as can be", "Urgent!"),
    "it never contains emojis": ("fine :)", "fine 🙂"),
    'does not use the words "very", "really" or "just"': ("justice", "it is just so"),
    'starts with "Dear"': (" Dear shop", "My dear"),
    'ends with "C++ (2.0)"': ("I know C++ (2.0)", "I know C++ (200)"),
    "ends with a question mark": ("Where? ", "Where? Here"),
    "is a question": ("Where is it?", "It is here."),
    "not a question": ("It is here.", "Where is it?"),
    "all lowercase": ("i am fine", "I am fine"),
    "on one line": ("one", "one\ntwo"),
    "starts with a capital letter": ("Élan", "élan"),
}
LEFT: dict[str, str] = {
    "no profanity": "no validator was found that can tell",
    "friendly and polite": "no validator was found that can tell",
    "suitable for children": "no validator was found that can tell",
    "in Klingon": "Klingon is none of the languages that can be told",
    "in simple English": "no validator was found that can tell",
    "not in English": "no validator was found that can tell",
    "no words longer than 10 characters": "no validator was found that can tell",
    "no more than one question": "no validator was found that can tell",
    "20 to 10 words": "no validator was found that can tell",
    "fewer than 0 words": "no validator was found that can tell",
    'the word "refund" is optional': "no validator was found that can tell",
    "": "no validator was found that can tell",
}


@pytest.mark.parametrize("fact", LENGTHS)
def test_amounts_become_lengths(fact: str) -> None:
    choice = choose([fact])
    assert [(one.kind, one.parameters) for one in choice.chosen] == [("length", LENGTHS[fact])] and not choice.left
    assert choice.chosen[0].why.startswith((f'"{fact}": at ', f'"{fact}": exactly '))


@pytest.mark.parametrize("fact", LANGUAGES)
def test_languages_are_read(fact: str) -> None:
    choice = choose([fact])
    assert [(one.kind, one.parameters) for one in choice.chosen] == [("language", {"languages": LANGUAGES[fact]})]


@pytest.mark.parametrize("fact", OTHERS)
def test_forms_and_repetitions_are_read(fact: str) -> None:
    assert [(one.kind, one.parameters) for one in choose([fact]).chosen] == OTHERS[fact]


@pytest.mark.parametrize("fact", PATTERNS)
def test_what_a_text_may_or_may_not_say_becomes_a_pattern_that_tells_it(fact: str) -> None:
    choice = choose([fact])
    assert not choice.left and {one.kind for one in choice.chosen} == {"regex"}
    keeps, breaks = PATTERNS[fact]
    rulings = [[_judged(one.parameters, text) for one in choice.chosen] for text in (keeps, breaks)]
    assert all(ruling.passed for ruling in rulings[0])
    assert [ruling.reason for ruling in rulings[1] if not ruling.passed and ruling.reason]


def _judged(parameters: dict[str, Any], text: str) -> Any:
    validator = Regex(**parameters)
    assert isinstance(validator, Judges)
    return validator.judge(Row({"text": text}))


@pytest.mark.parametrize("fact", LEFT)
def test_what_is_not_understood_is_said_to_be_left(fact: str) -> None:
    choice = choose([fact])
    assert not choice.chosen
    assert [one.fact for one in choice.left] == [fact] and LEFT[fact] in choice.left[0].why


def test_of_a_fact_in_parts_those_that_can_be_read_are_and_the_others_are_named() -> None:
    choice = choose(["between 10 and 20 words and no links, but polite"])
    assert [(one.kind, one.parameters.get("min_words")) for one in choice.chosen] == [("length", 10), ("regex", None)]
    assert choice.chosen[1].why.endswith(": a text that holds a web address fails")
    assert choice.left == (Left("polite", "no validator was found that can tell"),)


def test_what_is_chosen_can_be_built_under_names_of_its_own() -> None:
    choice = choose([*LENGTHS, *LANGUAGES, *OTHERS, *PATTERNS, *LEFT], field="text")
    gate = build(choice.validators(), Given())
    assert len(gate.order) == len(choice.chosen) and {"length", "length.2", "regex.9"} < set(gate.order)


@drawn(st.text(st.characters(), max_size=80) | st.text("no-at most 25words,andorin\"'English ", max_size=80))
def test_no_fact_is_too_odd(fact: str) -> None:
    choice = choose([fact])
    assert choice.chosen or choice.left
    build(choice.validators(), Given())
