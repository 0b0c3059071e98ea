"""On a real terminal: the display is redrawn, colours can be turned off, and nothing that a run holds can steer it."""

from __future__ import annotations

from typing import Any

import pytest

# The fixtures of the neighbouring conftest, by their shape.
Here = Any
Terminals = Any

SLOW = "items: 40\nwindow: 4\nsleep_s: 0.1\n"
EVIL = 'items: 12\nwindow: 4\narms: {"evil\\e]0;owned\\a\\e[2J\\u202e": 10, "wi[bold]de": 1000}\n'


@pytest.mark.slow
def test_the_display_is_redrawn_and_ends_with_the_result(here: Here, terminal: Terminals) -> None:
    here.spec("toy.yaml", SLOW)
    shown = terminal("run", "toy.yaml")
    shown.until(r"[1-9]\d* of 40, 4 in flight")
    assert shown.end() == 0
    for said in ("█", "to go", "accepted", "narrow", "pulls", "runs/toy-", "done: all items are settled", "\x1b[1A"):
        assert said in shown.shown


@pytest.mark.slow
def test_ctrl_c_is_answered_above_the_display(here: Here, terminal: Terminals) -> None:
    here.spec("toy.yaml", SLOW)
    shown = terminal("run", "toy.yaml")
    shown.until(r"[1-9]\d* of 40, 4 in flight")
    shown.type("\x03")
    shown.until("stopping: ")
    assert shown.end() == 130
    assert "loopwright runs resume " in shown.shown


@pytest.mark.slow
def test_no_color_is_obeyed(here: Here, terminal: Terminals) -> None:
    here.spec("toy.yaml", SLOW)
    shown = terminal("run", "toy.yaml", NO_COLOR="1")
    assert shown.end() == 0
    for colour in ("\x1b[3", "\x1b[4", "\x1b[9", "36m", "31m"):
        assert colour not in shown.shown


@pytest.mark.slow
def test_a_dumb_terminal_gets_lines(here: Here, terminal: Terminals) -> None:
    here.spec("toy.yaml", SLOW)
    shown = terminal("run", "toy.yaml", TERM="dumb")
    assert shown.end() == 0
    assert "\x1b" not in shown.shown
    assert " of 40 trials, " in shown.shown


@pytest.mark.slow
def test_control_characters_never_reach_a_terminal(here: Here, terminal: Terminals) -> None:
    here.spec("toy.yaml", EVIL)
    for words in (
        ["run", "toy.yaml"],
        ["policy", "show", "toy"],
        ["runs", "show", "toy"],
        ["runs", "export", "toy", "--what", "decisions"],
    ):
        shown = terminal(*words)
        assert shown.end() == 0
        for attack in ("\x1b]0;", "\x07", "\x1b[2J", "\u202e"):
            assert attack not in shown.shown
        assert "owned" in shown.shown
    assert "wi[bold]de" in shown.shown


def test_nor_a_pipe_that_shows_text_or_json(here: Here) -> None:
    here.spec("toy.yaml", EVIL)
    ended = here.call("run", "toy.yaml")
    assert "\\x1b]0;owned" in ended.out
    data = here.call("policy", "show", "toy", "--json")
    for text in (ended.out, ended.err, data.out):
        assert not set(text) & set("\x1b\x07\u202e")
    assert any("\x1b]0;owned\x07" in row["arm"] for row in data.lines[0]["arms"])


def test_mistakes_are_shown_without_their_control_characters(here: Here) -> None:
    (here.folder / "bad.yaml").write_text('workflow: toy\n"it\\e[31mems": 3\n')
    ended = here.call("check", "bad.yaml")
    assert ended.code == 2
    assert "\x1b" not in ended.err


@pytest.mark.slow
def test_delete_asks_on_a_terminal(here: Here, terminal: Terminals) -> None:
    here.spec("toy.yaml", "items: 4\n")
    here.call("run", "toy.yaml", "--quiet")
    asked = terminal("runs", "delete", "toy")
    asked.until(r"\[y/N\]")
    asked.type("n\n")
    assert asked.end() == 1
    asked = terminal("runs", "delete", "toy")
    asked.until(r"\[y/N\]")
    asked.type("y\n")
    assert asked.end() == 0
    assert here.call("runs", "list").out == ""
