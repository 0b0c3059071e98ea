"""One question on its way: the conversation so far, what each answer came to, and what is kept of it."""

from __future__ import annotations

from typing import NamedTuple

from loopwright.datasets.checking import Checker
from loopwright.learn.error_classifier.protocol import ErrorClassifier, Given, Predicted, mode
from loopwright.llm.messages import Message, Reply
from loopwright.records import Arm, Example, Fields
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.pricing import Tokens, tokens


class Turn(NamedTuple):
    """An answer. `right`, `delta` and `label` are None where nobody knows; `words` are the reprompt that brought it."""

    reply: Reply
    given: Given
    words: str | None
    predicted: Predicted
    right: bool | None
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
            "right": self.right,
            "delta": self.delta,
            "label": self.label,
            "tokens": self.tokens.fields(),
        }


class Conversation:
    """With one model about one question."""

    def __init__(self, example: Example, opening: str, checker: Checker, classifier: ErrorClassifier) -> None:
        self.turns: list[Turn] = []
        self.messages = [Message("user", opening)]
        self._example = example
        self._checker = checker
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

    def take(self, reply: Reply) -> Turn:
        id, words = self._asked or (None, None)
        logprobs = None if reply.logprobs is None else [each.logprob for each in reply.logprobs]
        given = Given(reply.text, self._checker.read(reply.text) if reply.text else None, logprobs, id)
        answers = [*(turn.given for turn in self.turns), given]
        predicted = self._classifier.predict(str(self._example.inputs["question"]), answers)
        right = self._right(reply.text)
        before = self.last.right if self.turns else right
        same = not self.turns or given.answer == self.last.given.answer
        known = right is not None and before is not None
        delta = int(bool(right)) - int(bool(before)) if known else None
        label = mode(bool(before), bool(right), same) if known else None
        self.turns.append(Turn(reply, given, words, predicted, right, delta, label, tokens(words, reply)))
        return self.last

    def _right(self, answer: str) -> bool | None:
        reference = self._example.reference
        return None if reference is None else self._checker.mark(answer, str(reference)).right
