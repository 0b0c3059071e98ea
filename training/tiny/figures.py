"""What the model can do, in numbers: each of held-out problems and texts, with its interval and the goal it was given.

Requests are those that workflows make: the prompts of the package, and a schema where the answer is JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np

from loopwright.llm.messages import Message, Request, chat
from loopwright.llm.prompts import Reprompt, render, reprompts
from loopwright.llm.tiny.tokens import pieces
from loopwright.measure.intervals import Interval, of_mean
from training.tiny import judging, problems, writing
from training.tiny.answers import Answer, Speaker
from training.tiny.desk import Wish
from training.tiny.figure import Figure, auroc, course, mean_of, share
from training.tiny.intent_check import IntentCheck
from training.tiny.judging import Judged
from training.tiny.problems import Problem
from training.tiny.writing import Written

TEMPERATURES = (0.0, 0.3, 0.7, 1.0, 1.5)
WARM = 0.7


class Gain(NamedTuple):
    """What a reprompt, or a style of them, makes of first answers: shares of all that it fixes, breaks and leaves."""

    name: str
    style: str
    holdout: bool
    fixed: float
    broken: float
    net: float
    interval: Interval
    tokens: float
    n: int


class Evaluation:
    """All of one model, on draws of one seed. Every figure is of `n` cases."""

    def __init__(self, speaker: Speaker, n: int = 1500, seed: int = 1) -> None:
        self.speaker, self.n, self.seed = speaker, n, seed

    def _random(self, of: str) -> Random:
        return Random(f"evaluation {self.seed} {of}")

    def _ask(self, talks: Sequence[Talk], temperature: float) -> list[Answer]:
        return self.speaker.ask(
            [
                Request(talk.messages, temperature, seed=1_000_000 * self.seed + number, schema=talk.schema, logprobs=True)
                for number, talk in enumerate(talks)
            ]
        )

    def arithmetic(self) -> list[Figure]:
        """Right answers by temperature, with steps and directly, and how well log-probabilities tell right from wrong."""
        random = self._random("problems")
        drawn = [problems.draw(random, evaluation=True) for _ in range(self.n)]
        return [*self._solved("solve_steps", drawn), self._retold(), *self._solved("solve", drawn)]

    def _retold(self) -> Figure:
        random = self._random("retold")
        drawn = [problems.retold(random) for _ in range(self.n)]
        said = self._ask([_talk("solve_steps", {"question": problem.question}) for problem in drawn], 0.0)
        right = [_number(answer.text) == problem.answer for answer, problem in zip(said, drawn, strict=True)]
        return share("right answers with steps to problems told as none of its training are, temperature 0", right)

    def _solved(self, job: str, drawn: Sequence[Problem]) -> list[Figure]:
        how, goal = ("with steps", ">= 0.90") if job == "solve_steps" else ("directly", "<= 0.65")
        talks = [_talk(job, {"question": problem.question}) for problem in drawn]
        rights, sure = {}, {}
        for temperature in TEMPERATURES:
            said = self._ask(talks, temperature)
            right = [_number(answer.text) == problem.answer for answer, problem in zip(said, drawn, strict=True)]
            rights[temperature] = right
            sure[temperature] = [
                (passed, answer.mean_logprob) for passed, answer in zip(right, said, strict=True) if answer.text
            ]
        figures = [
            share(f"right answers {how}, temperature {temperature:g}", right, "" if temperature else goal)
            for temperature, right in rights.items()
        ]
        worked = job == "solve_steps"
        for temperature in (WARM, 1.0):
            name = f"AUROC of the mean log-probability of answers, right against wrong {how}, temperature {temperature:g}"
            goal = ">= 0.75" if worked and temperature == WARM else ""
            passes, scores = zip(*sure[temperature], strict=True)
            figures.append(auroc(name, passes, scores, goal))
        refused = share(f"refused, {how}", [not answer.text for answer in said])
        figures.append(refused)
        if not worked:
            return figures
        return [
            *figures,
            course("accuracy from the lowest temperature to the highest, with steps", figures[: len(TEMPERATURES)], -1),
        ]

    def second_chances(self) -> list[Gain]:
        """Of every reprompt, on the same first answers, given with steps."""
        random = self._random("second chances")
        drawn = [problems.draw(random, evaluation=True) for _ in range(self.n)]
        first = [_talk("solve_steps", {"question": problem.question}) for problem in drawn]
        answers = [answer.text for answer in self._ask(first, WARM)]
        was = np.array([_number(text) == problem.answer for text, problem in zip(answers, drawn, strict=True)])
        self.before = float(was.mean())
        changes, gains = {}, []
        for entry in reprompts():
            said = self._ask([talk.again(text, entry.text) for talk, text in zip(first, answers, strict=True)], WARM)
            now = np.array([_number(answer.text) == problem.answer for answer, problem in zip(said, drawn, strict=True)])
            changes[entry] = Change(was, now, float(np.mean([len(answer.tokens) for answer in said])))
            gains.append(_gain(entry.id, entry.style, entry.holdout, [changes[entry]]))
        return [*_by_style(changes), *gains]

    def utterances(self) -> list[Figure]:
        """Whether they have the intent that was asked for, and how varied they are, at equal numbers."""
        check, random = IntentCheck(self.seed), self._random("utterances")
        figures: list[Figure] = []
        lengths: list[bool] = []
        made = [_fill_or_row(random) for _ in range(self.n)]
        talks = [_talk(one.job, one.slots, _row_schema(one)) for one in made]
        varied = []
        for temperature in TEMPERATURES[1:]:
            texts = [_text(answer.text) for answer in self._ask(talks, temperature)]
            if temperature == WARM:
                lengths = [_fits(one.wish, text) for one, text in zip(made, texts, strict=True) if one.wish.words]
            faithful = check.agrees(texts, [one.wish.intent for one in made])
            name = f"utterances that show their intent, temperature {temperature:g}"
            figures.append(share(name, faithful, ">= 0.90" if temperature == WARM else ""))
            parts = [_distinct(texts[start : start + 100]) for start in range(0, self.n - 99, 100)]
            varied.append(mean_of(f"distinct pairs of words per pair, 100 utterances, temperature {temperature:g}", parts))
        rise = course("distinct pairs from the lowest temperature to the highest", varied, 1)
        kept = share(f"of those asked for a length, the share that keeps it, temperature {WARM}", lengths)
        return [*figures, *varied, rise, kept]

    def judging(self) -> list[Figure]:
        """Labels, scores and what follows from what, at temperature 0."""
        figures = []
        for reasoned in (False, True):
            random = self._random(f"classify {reasoned}")
            made = [judging.classified(random, reasoned, evaluation=True) for _ in range(self.n)]
            right = [_field(answer.text, "label") == one.truth for one, answer in zip(made, self._judged(made), strict=True)]
            how = "with a reason first" if reasoned else "the label alone"
            figures.append(share(f"right labels among 2 to 8, {how}", right, ">= 0.85"))
        random = self._random("judge")
        made = [judging.scored(random, evaluation=True) for _ in range(self.n)]
        scores = [float(_field(answer.text, "score") or 0) for answer in self._judged(made)]
        good = [one.truth == 5 for one in made]
        figures.append(auroc("AUROC of the judge's score, right label and tone against the rest", good, scores, ">= 0.80"))
        random = self._random("entails")
        made = [judging.entailed(random, evaluation=True) for _ in range(self.n)]
        said = self._judged(made)
        follows = [bool(one.truth) for one in made]
        figures.append(auroc("AUROC of 'follows from'", follows, [_belief(answer) for answer in said], ">= 0.80"))
        decided = [_field(answer.text, "follows") == one.truth for one, answer in zip(made, said, strict=True)]
        return [*figures, share("right verdicts on 'follows from'", decided)]

    def _judged(self, made: Sequence[Judged]) -> list[Answer]:
        return self._ask([_talk(one.job, one.slots, _verdict_schema(one)) for one in made], 0.0)


class Talk(NamedTuple):
    messages: tuple[Message, ...]
    schema: dict[str, Any] | None = None

    def again(self, answer: str, reprompt: str) -> Talk:
        return Talk((*self.messages, Message("assistant", answer), Message("user", reprompt)))


def _talk(job: str, slots: dict[str, str], schema: dict[str, Any] | None = None) -> Talk:
    return Talk(chat(render(job, **slots)), schema)


def _row_schema(made: Written) -> dict[str, Any] | None:
    keys = json.loads(f"[{made.slots['keys']}]") if made.job == "write_row" else []
    return _object({key: {"type": "string"} for key in keys}) if keys else None


def _verdict_schema(made: Judged) -> dict[str, Any]:
    if made.job == "judge":
        return _object({"reason": {"type": "string"}, "score": {"type": "integer", "minimum": 1, "maximum": 5}})
    if made.job == "entails":
        return _object({"reason": {"type": "string"}, "follows": {"type": "boolean"}})
    reason = {"reason": {"type": "string"}} if made.job == "classify_reason" else {}
    return _object({**reason, "label": {"enum": made.slots["labels"].split(", ")}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _fits(wish: Wish, text: str) -> bool:
    return wish.words is not None and wish.words[0] <= len(text.split()) <= wish.words[1]


class Change(NamedTuple):
    was: np.ndarray[Any, np.dtype[np.bool_]]
    now: np.ndarray[Any, np.dtype[np.bool_]]
    tokens: float


def _by_style(changes: dict[Reprompt, Change]) -> list[Gain]:
    """Of each style, of those that a policy may train with and of those kept for the end."""
    kinds = sorted({(entry.holdout, entry.style) for entry in changes})
    return [
        _gain(
            style,
            style,
            holdout,
            [change for entry, change in changes.items() if (entry.holdout, entry.style) == (holdout, style)],
        )
        for holdout, style in kinds
    ]


def _gain(name: str, style: str, holdout: bool, changes: Sequence[Change]) -> Gain:
    """The net gain of a problem is its mean over the reprompts: problems are what was drawn, and each counts once."""
    fixed = np.mean([~change.was & change.now for change in changes], axis=0)
    broken = np.mean([change.was & ~change.now for change in changes], axis=0)
    net = fixed - broken
    scaled = (net + 1) / 2
    low, high = of_mean(len(net), float(scaled.sum()), float((scaled**2).sum()))
    tokens = float(np.mean([change.tokens for change in changes]))
    interval = Interval(2 * low - 1, 2 * high - 1)
    return Gain(name, style, holdout, float(fixed.mean()), float(broken.mean()), float(net.mean()), interval, tokens, len(net))


def of_styles(gains: Sequence[Gain]) -> list[Figure]:
    """The best style must help and the worst must harm."""
    styles = [gain for gain in gains if gain.name == gain.style and not gain.holdout]
    best, worst = max(styles, key=lambda gain: gain.net), min(styles, key=lambda gain: gain.net)
    return [
        Figure(
            f"net gain of the best style of reprompts, {best.name}",
            best.net,
            best.interval,
            best.n,
            "> 0",
            best.interval.low > 0,
        ),
        Figure(f"net gain of the worst, {worst.name}", worst.net, worst.interval, worst.n, "< 0", worst.interval.high < 0),
    ]


def _fill_or_row(random: Random) -> Written:
    return writing.row(random) if random.random() < 0.5 else writing.sentence(random)


def _number(text: str) -> int | None:
    found = re.search(r"Answer: (\d+)$", text)
    return int(found[1]) if found else None


def _text(said: str) -> str:
    """The utterance in a row, or the piece as it is."""
    try:
        row = json.loads(said)
    except ValueError:
        return said
    return str(next((value for key, value in row.items() if key in writing.TEXT_KEYS), "")) if isinstance(row, dict) else said


def _field(said: str, name: str) -> Any:
    try:
        return json.loads(said).get(name)
    except (ValueError, AttributeError):
        return None


def _belief(answer: Answer) -> float:
    """How sure it is that it follows: the probability of its last word, or of the other one."""
    for word, logprob in zip(reversed(answer.tokens), reversed(answer.logprobs), strict=True):
        if word in (" true", " false"):
            sure = float(np.exp(logprob))
            return sure if word == " true" else 1 - sure
    return 0.5


def _distinct(texts: Iterable[str]) -> float:
    pairs = [pair for text in texts for words in [[piece.strip() for piece in pieces(text)]] for pair in pairwise(words)]
    return len(set(pairs)) / max(1, len(pairs))
