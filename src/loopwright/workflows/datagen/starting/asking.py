"""What must be asked because nothing told it, each with what is assumed where nobody answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from loopwright.errors import UsageError
from loopwright.workflows.datagen.starting.known import Known
from loopwright.workflows.datagen.starting.models import FORMS, PLACEHOLDER, TINY, knows, named

ROWS = 500
NOBODY = "later"
"""The answer of those who have not chosen a model yet."""


class Question(NamedTuple):
    """`default` is the answer that is assumed, as `assumed` says; `take` raises UsageError for one that will not do."""

    text: str
    default: str
    assumed: str
    take: Callable[[str], Known]


def next_question(known: Known) -> Question | None:
    """One at a time: what is asked may depend on what was answered."""
    return next(_open(known), None)


def _open(known: Known) -> Iterator[Question]:
    if known.description is None:
        like = f"Rows like those of {known.seeds.name}." if known.seeds else "Rows of a dataset."
        yield Question("What are the rows? One sentence", like, f"description: {like}", lambda said: _described(known, said))
    if known.labels is None:
        text = "Their labels, separated by commas; none: no labels"
        yield Question(text, "none", "no labels", lambda said: _labelled(known, said))
    if known.target is None:
        text = "How many rows are wanted?"
        yield Question(text, str(ROWS), f"{ROWS} rows are wanted", lambda said: _counted(known, said))
    if known.model is None:
        tiny = knows(known.labels or ())
        default, assumed = ("tiny", _WRITES_HERE) if tiny else (NOBODY, _PLACEHOLDER)
        yield Question(f"Which model writes? {FORMS}; {NOBODY}", default, assumed, lambda said: _modelled(known, said))


_WRITES_HERE = "the embedded model `tiny` writes: it knows these labels; see the comment in the recipe"
_PLACEHOLDER = f"no model was named: {PLACEHOLDER['model']} of {PLACEHOLDER['provider']} stands in its place, and wants a key"


def _described(known: Known, said: str) -> Known:
    if not said.strip():
        raise UsageError("say what the rows are, as in: short messages of customers to a bank")
    return replace(known, description=" ".join(said.split()))


def _labelled(known: Known, said: str) -> Known:
    if said.strip().lower() in ("", "none"):
        return replace(known, labels={})
    labels = [part.strip() for part in re.split(r"[,;]", said) if part.strip()]
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise UsageError("give two labels at least, each once, separated by commas; or none")
    return replace(known, labels={label: round(1 / len(labels), 4) for label in labels})


def _counted(known: Known, said: str) -> Known:
    plain = said.replace(",", "").strip()
    if not plain.isdecimal() or not 0 < int(plain) <= 10**7:
        raise UsageError("give a whole number above 0")
    return replace(known, target=int(plain))


def _modelled(known: Known, said: str) -> Known:
    word = said.strip()
    if word == NOBODY:
        return replace(known, model=PLACEHOLDER)
    block = named(word)
    if block == TINY and not knows(known.labels or ()):
        raise UsageError("tiny knows its own little world alone, and these labels are not in it; name another model, or: later")
    return replace(known, model=block)
