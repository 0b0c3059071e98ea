"""Strings come back as they were, wherever they stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loopwright.text.strings import Strings


@given(st.lists(st.one_of(st.text(max_size=9), st.sampled_from(["", "\ud800", "退款", "3.10"]))))
def test_what_was_appended_stands_at_its_place(said: list[str]) -> None:
    held = Strings()
    for text in said:
        held.append(text)
    assert [held[place] for place in range(len(held))] == said


def test_a_short_string_takes_what_it_says_and_little_more() -> None:
    held = Strings()
    before = held.bytes
    for number in range(10_000):
        held.append(f"{number}.3")
    assert (held.bytes - before) / 10_000 < 14
