"""What can be seen of an answer without knowing the right one: how it is built, what its numbers are, how sure the model was,
and how far the answers before agree. Every feature is a number with a name; texts are never kept."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from loopwright.learn.error_classifier.protocol import Given
from loopwright.learn.error_classifier.sums import Equation, equations, numbers

_WORD = re.compile(r"\w+")
_CONSTANTS = frozenset({1.0, 2.0, 7.0, 10.0, 12.0, 24.0, 30.0, 60.0, 100.0, 365.0, 0.5})
"""Numbers that a solution may bring along: days, months, minutes, per cent, halves."""
_LARGEST = 1e18
"""Answers beyond it are no numbers but digits in a row; what is infinite has no mean."""
_UNSURE = re.compile(r"\b(?:maybe|perhaps|probably|not sure|cannot|can't|unclear|unknown|i think|guess)\b", re.I)

Features = dict[str, float]


def of_answer(question: str, given: Given) -> Features:
    """Of one answer alone."""
    return _of_text(question, given.text, given.answer) | _of_surety(given)


@lru_cache(4096)
def _of_text(question: str, text: str, said_last: str | None) -> Features:
    """Kept, since an answer is looked at again with every one that follows."""
    asked, said, steps = numbers(question), numbers(text), equations(text)
    answer = _number(said_last)
    found: Features = {
        "question words": math.log1p(len(_WORD.findall(question))),
        "question numbers": float(min(12, len(asked))),
        "question has a share": float(bool(re.search(r"%|percent|\bhalf\b|\bthird\b|\d/\d", question, re.I))),
        "question has a rate": float(bool(re.search(r"\b(?:each|every|per|times|twice)\b", question, re.I))),
        "words": math.log1p(len(_WORD.findall(text))),
        "lines": math.log1p(text.count("\n")),
        "unsure words": float(bool(_UNSURE.search(text))),
        "question's numbers used": _share(set(asked), set(said)),
        "steps": math.log1p(len(steps)),
        "steps per number asked": min(3.0, len(steps) / max(1, len(asked))),
        "no steps": float(not steps),
        "wrong steps": _mean([not step.holds for step in steps]),
        "steps with numbers from nowhere": _mean(_from_nowhere(steps, asked)),
        "repeated steps": 1.0 - len(set(steps)) / len(steps) if steps else 0.0,
        "no answer": float(said_last is None),
        "answer is a number": float(answer is not None),
    }
    return found | _of_number(answer, asked, steps)


def of_agreement(answers: Sequence[Given]) -> Features:
    """Of the last answer among those before it."""
    last, before = answers[-1], [each.answer for each in answers[:-1]]
    agree = sum(each == last.answer for each in before)
    most = max((before.count(each) for each in before if each != last.answer), default=0)
    return {
        "answers before": math.log1p(len(before)),
        "share that agrees": agree / len(before) if before else 0.0,
        "agree": math.log1p(agree),
        "agree on another": math.log1p(most),
        "same as the one before": float(bool(before) and before[-1] == last.answer),
        "different answers": math.log1p(len({*before, last.answer})),
    }


def _of_number(answer: float | None, asked: Sequence[float], steps: Sequence[Equation]) -> Features:
    answer = 0.0 if answer is None else max(-_LARGEST, min(_LARGEST, answer))
    results = [step.result for step in steps]
    return {
        "answer's size": math.copysign(math.log1p(abs(answer)), answer),
        "answer is whole": float(answer == int(answer)) if math.isfinite(answer) else 0.0,
        "answer is below 0": float(answer < 0),
        "answer stands in the question": float(answer in asked),
        "answer is the last result": float(bool(results) and _close(results[-1], answer)),
        "answer beyond the largest number asked": max(-4.0, min(8.0, _log(answer) - _log(max(asked, default=0.0)))),
    }


def _of_surety(given: Given) -> Features:
    logs = [max(-20.0, each) for each in given.logprobs] if given.logprobs else []
    return {
        "tokens' odds are known": float(bool(logs)),
        "mean log-probability": _mean(logs),
        "least log-probability": min(logs, default=0.0),
        "chance of the least likely token": math.exp(min(logs)) if logs else 0.0,
    }


def _from_nowhere(steps: Sequence[Equation], asked: Sequence[float]) -> list[bool]:
    """Of each step, whether it takes a number that neither the question nor an earlier step has given."""
    known = {*asked, *_CONSTANTS}
    strange = []
    for step in steps:
        strange.append(any(not any(_close(each, other) for other in known) for each in step.operands))
        known.add(step.result)
    return strange


def _number(answer: str | None) -> float | None:
    found = numbers(answer) if answer is not None else ()
    return found[-1] if found else None


def _share(wanted: set[float], among: set[float]) -> float:
    return len(wanted & among) / len(wanted) if wanted else 1.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _log(value: float) -> float:
    return math.log1p(abs(value))


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6)
