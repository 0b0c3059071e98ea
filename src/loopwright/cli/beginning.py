"""`new datagen`: what a user has becomes a recipe; what it does not tell is asked, assumed, or talked over with a model."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import typer

from loopwright.cli.screen import Screen
from loopwright.cli.text import line, plain
from loopwright.errors import UsageError
from loopwright.runs import new
from loopwright.runs.new import Given
from loopwright.workflows.datagen.starting.asking import next_question
from loopwright.workflows.datagen.starting.known import Known
from loopwright.workflows.datagen.starting.writing import recipe

_GO_ON = "Ask nothing more: assume what is sensible, and give the whole recipe."


def begin(given: Given, place: Path, yes: bool, force: bool, screen: Screen) -> None:
    new.refuse_to_replace(place, force)
    known = _told(new.known(given), screen)
    if yes:
        known, said = new.assumed(known)
        for each in said:
            screen.tell(each)
        known = replace(known, said=(*known.said, *said))
    else:
        known = _asked(known, screen)
    new.write(recipe(known, place), place)
    _wrote(place, screen)


def talk(given: Given, place: Path, yes: bool, force: bool, screen: Screen) -> None:
    """The model that is to write holds the conversation."""
    if given.model is None:
        raise UsageError("--chat needs a model that holds the conversation: --model openai:gpt-4o-mini, or a spec")
    new.refuse_to_replace(place, force)
    if not yes:
        _someone()

    def listen(said: str) -> str:
        if yes:
            return _GO_ON
        screen.error(plain(said))
        return str(typer.prompt("you", err=True))

    text = new.talked_over(_told(new.known(given), screen), place, listen)
    new.write(text, place)
    _wrote(place, screen)


def _told(known: Known, screen: Screen) -> Known:
    for said in known.said:
        screen.tell(said)
    return known


def _asked(known: Known, screen: Screen) -> Known:
    while question := next_question(known):
        _someone()
        answer = typer.prompt(line(question.text), default=question.default, err=True)
        try:
            known = question.take(str(answer))
        except UsageError as error:
            screen.error(str(error))
    return known


def _someone() -> None:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to answer questions: add --yes to have the rest assumed")


def _wrote(place: Path, screen: Screen) -> None:
    screen.result(str(place))
    screen.tell(f"next: loopwright check {place}, loopwright run {place}")
