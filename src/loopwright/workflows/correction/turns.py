"""One question on its way: the conversation so far, what each answer came to, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple, TypeAlias

from loopwright.learn.error_classifier.protocol import ErrorClassifier, Given, Predicted
from loopwright.learn.error_classifier.protocol import mode as error_mode
from loopwright.llm.messages import Message, Reply
from loopwright.records import Arm, Fields
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.marking import Mark
from loopwright.workflows.correction.pricing import Tokens, tokens

Read: TypeAlias = Callable[[str], str | None]
"""What a text answers, so that equal answers are equal texts."""


class Turn(NamedTuple):
    """An answer. What nobody knows of `mark`, `delta` and `label` is None; `words` are the reprompt that brought it."""

    reply: Reply
    given: Given
    words: str | None
    predicted: Predicted
    mark: Mark
    delta: int | None
    label: str | None
    tokens: Tokens

    def fields(self) -> Fields:
        """As it is stored."""
        return {
            "answer": self.reply.text or self.reply.refusal or "",
            "said": self.given.answer,
            "prompt_id": self.given.prompt,
            "prompt_text": self.words,
            "error_mode": self.predicted.mode,
            "confidence": self.predicted.confidence,
            "right": self.mark.right,
            "by": self.mark.by,
            "delta": self.delta,
            "label": self.label,
            "tokens": self.tokens.fields(),
            "nano_usd": self.reply.nano_usd,
            "logprobs": _outline(self.given.logprobs),
        }


def _outline(logprobs: Sequence[float] | None) -> Fields | None:
    return {"mean": fmean(logprobs), "least": min(logprobs)} if logprobs else None


class Conversation:
    """With one model about one question."""

    def __init__(self, question: str, opening: str, read: Read, classifier: ErrorClassifier) -> None:
        self.turns: list[Turn] = []
        self.messages = [Message("user", opening)]
        self._question = question
        self._read = read
        self._classifier = classifier
        self._asked: tuple[str, str] | None = None

    @property
    def last(self) -> Turn:
        return self.turns[-1]

    def ask_again(self, arm: Arm) -> None:
        answer = self.last.reply.text or self.last.reply.refusal or "(no answer)"
        words = bank.wording(arm, self.last.given.answer or answer)
        self.messages += [Message("assistant", answer), Message("user", words)]
        self._asked = (arm.name, words)

    def take(self, reply: Reply, mark: Mark) -> Turn:
        id, words = self._asked or (None, None)
        logprobs = None if reply.logprobs is None else [each.logprob for each in reply.logprobs]
        given = Given(reply.text, self._read(reply.text) if reply.text else None, logprobs, id)
        answers = [*(turn.given for turn in self.turns), given]
        predicted = self._classifier.predict(self._question, answers)
        right = mark.right
        before = self.last.mark.right if self.turns else right
        same = not self.turns or given.answer == self.last.given.answer
        known = right is not None and before is not None
        delta = int(bool(right)) - int(bool(before)) if known else None
        label = error_mode(bool(before), bool(right), same) if known else None
        self.turns.append(Turn(reply, given, words, predicted, mark, delta, label, tokens(words, reply)))
        return self.last
