"""Nothing that a model wrote can steer a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.cli.text import line, plain, plain_json

ATTACKS = [
    "\x1b[2J\x1b[H",  # clear the screen
    "\x1b]0;title\x07",  # OSC: set the title
    "\x1b]8;;http://example.invalid\x1b\\link\x1b]8;;\x1b\\",  # OSC: a link that is not what it says
    "\x9b31m",  # CSI in one C1 byte
    "safe\roverwritten",
    "back\x08space",
    "\u202egnp.exe",  # bidi override
    "\u2066isolated\u2069",
    "a\u2028b",
    "\U000e0041hidden",
    "\ud800",
]


def harmless(text: str) -> bool:
    kept = "\n\t\u200c\u200d"
    return all(
        character in kept or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in text
    ) and not (set(text) & set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_control_characters_become_visible(attack: str) -> None:
    assert harmless(plain(attack))
    assert "\\" in plain(attack)


@given(st.text(st.characters()))
def test_plain_text_is_harmless_whatever_came_in(text: str) -> None:
    assert harmless(plain(text))
    assert "\n" not in line(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_stays_the_same_data(value: object) -> None:
    shown = plain_json(json.dumps(value, ensure_ascii=False))
    assert harmless(shown)
    assert json.loads(shown) == value


@given(st.text(st.characters()), st.integers(1, 40))
def test_a_line_is_cut_to_its_width(text: str, width: int) -> None:
    assert len(line(text, width)) <= width
