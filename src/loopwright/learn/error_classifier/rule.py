"""The classifier that needs no training: how surely the model said its least likely word, and whether its answers agree.

It is a rule, not calibrated: its confidence orders answers, and says little as a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from loopwright.learn.error_classifier.protocol import SURE, Given, Predicted, mode


class Rule:
    def predict(self, question: str, answers: Sequence[Given]) -> Predicted:
        """Of the last answer. An answer is taken to be right where its confidence is at least one half."""
        now = _confidence(answers)
        if len(answers) == 1:
            return Predicted(mode(now >= SURE, now >= SURE, same=True), now)
        before = _confidence(answers[:-1])
        same = answers[-1].answer == answers[-2].answer
        return Predicted(mode(before >= SURE, now >= SURE, same), now)


def _confidence(answers: Sequence[Given]) -> float:
    """The mean of what the log-probabilities say and what the agreement does, as far as there is either."""
    last = answers[-1]
    if last.answer is None:
        return 0.0
    signs = []
    if last.logprobs:
        signs.append(math.exp(min(0.0, *last.logprobs)))
    if len(answers) > 1 or not signs:
        signs.append(sum(each.answer == last.answer for each in answers) / (len(answers) + 1))
    return math.fsum(signs) / len(signs)
