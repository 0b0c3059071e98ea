"""The seam: what a classifier of error modes is asked and answers, and which mode a transition is once both ends are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

ErrorMode: TypeAlias = Literal["anchored", "unchanged_correct", "corrected", "overcorrected", "wavering", "perfectionism"]

MODES: tuple[ErrorMode, ...] = ("anchored", "unchanged_correct", "corrected", "overcorrected", "wavering", "perfectionism")


SURE = 0.5
"""An answer is taken to be right where its confidence is at least that."""


class Given(NamedTuple):
    """An answer as it came. `answer` is what the text answers, in a form in which equal answers are equal texts (None: it
    answers nothing); `logprobs` are of its tokens, where there are any; `prompt` is the id of the reprompt that brought it."""

    text: str
    answer: str | None
    logprobs: Sequence[float] | None = None
    prompt: str | None = None


class Predicted(NamedTuple):
    """`confidence`, from 0 to 1, is that the last answer is right."""

    mode: ErrorMode
    confidence: float


class ErrorClassifier(Protocol):
    """A function of its arguments alone. It never sees the reference answer."""

    def predict(self, question: str, answers: Sequence[Given]) -> Predicted:
        """Of the last of these answers, of which there is at least one."""
        ...


def mode(before: bool, after: bool, same: bool) -> ErrorMode:
    """Right or not before and after, and whether the answer stayed the same. A first answer stays what it is."""
    if same:
        return "unchanged_correct" if after else "anchored"
    if before:
        return "perfectionism" if after else "overcorrected"
    return "corrected" if after else "wavering"
