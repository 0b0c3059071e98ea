"""What the model can do, in numbers: each of held-out problems and texts, with its interval and the goal it was given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from loopwright.llm.prompts import Reprompt, reprompts
from loopwright.llm.tiny.form import form
from loopwright.llm.tiny.tokens import pieces
from loopwright.measure.intervals import Interval, of_mean, wilson
from training.tiny import judging, problems, writing
from training.tiny.answers import Answer, Speaker
from training.tiny.examples import asked
from training.tiny.intent_check import IntentCheck
from training.tiny.judging import Judged

TEMPERATURES = (0.0, 0.3, 0.7, 1.0, 1.5)
WARM = 0.7


@dataclass(frozen=True, slots=True)
class Figure:
    """`met` is None where nothing was asked of it."""

    name: str
    value: float
    interval: Interval
    n: int
    goal: str = ""
    met: bool | None = None


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

    def arithmetic(self) -> list[Figure]:
        """Right answers by temperature, with steps and directly, and how well log-probabilities tell right from wrong."""
        random = self._random("problems")
        drawn = [problems.draw(random, evaluation=True) for _ in range(self.n)]
        figures = []
        for kind, goal in (("steps", ">= 0.90"), ("direct", "<= 0.65")):
            prompts = [(asked(kind, problem.question),) for problem in drawn]
            shares = []
            for temperature in TEMPERATURES:
                said = self.speaker.ask(prompts, temperature, f"{kind} {temperature}")
                right = [_number(answer.text) == problem.answer for answer, problem in zip(said, drawn, strict=True)]
                name = f"right answers, {_KINDS[kind]}, temperature {temperature:g}"
                figures.append(_share(name, right, goal if temperature == 0 else ""))
                shares.append(sum(right) / self.n)
                if temperature in (WARM, 1.0):
                    name = (
                        f"AUROC of the mean log-probability, right against wrong, {_KINDS[kind]}, temperature {temperature:g}"
                    )
                    goal_here = ">= 0.75" if kind == "steps" and temperature == WARM else ""
                    figures.append(_auroc(name, right, [answer.mean_logprob for answer in said], goal_here))
            falls = all(later <= before + 0.005 for before, later in pairwise(shares))
            if kind == "steps":
                ends = Interval(shares[-1], shares[0])
                figures.append(
                    Figure(
                        "accuracy falls with temperature, with steps", shares[0] - shares[-1], ends, self.n, "falling", falls
                    )
                )
        return figures

    def second_chances(self) -> list[Gain]:
        """Of every reprompt, on the same first answers, given with steps."""
        random = self._random("second chances")
        drawn = [problems.draw(random, evaluation=True) for _ in range(self.n)]
        questions = [asked("steps", problem.question) for problem in drawn]
        first = [answer.text for answer in self.speaker.ask([(question,) for question in questions], WARM, "first")]
        was = np.array([_number(text) == problem.answer for text, problem in zip(first, drawn, strict=True)])
        self.before = float(was.mean())
        changes, gains = {}, []
        for entry in reprompts():
            prompts = [(question, text, entry.text) for question, text in zip(questions, first, strict=True)]
            said = self.speaker.ask(prompts, WARM, f"again {entry.id}")
            now = np.array([_number(answer.text) == problem.answer for answer, problem in zip(said, drawn, strict=True)])
            changes[entry] = Change(was, now, float(np.mean([len(answer.tokens) for answer in said])))
            gains.append(_gain(entry.id, entry.style, entry.holdout, [changes[entry]]))
        return [*_by_style(changes), *gains]

    def utterances(self) -> list[Figure]:
        """Whether they have the intent that was asked for, and how varied they are, at equal numbers."""
        check, random, figures = IntentCheck(self.seed), self._random("utterances"), []
        made = [_fill_or_row(random) for _ in range(self.n)]
        prompts = [(form(one.job, one.slots),) for one in made]
        varied = []
        for temperature in TEMPERATURES[1:]:
            said = self.speaker.ask(prompts, temperature, f"utterances {temperature}")
            texts = [_text(answer.text) for answer in said]
            faithful = check.agrees(texts, [one.wish.intent for one in made])
            name = f"utterances that show their intent, temperature {temperature:g}"
            figures.append(_share(name, faithful, ">= 0.90" if temperature == WARM else ""))
            parts = [_distinct(texts[start : start + 100]) for start in range(0, self.n - 99, 100)]
            varied.append(_mean_figure(f"distinct pairs of words per pair, 100 utterances, temperature {temperature:g}", parts))
        rises = all(later.value > before.value for before, later in pairwise(varied))
        ends = Interval(varied[0].value, varied[-1].value)
        rise = Figure("distinct pairs rise with temperature", ends.high - ends.low, ends, self.n, "rising", rises)
        lengths = [
            one.wish.words[0] <= len(text.split()) <= one.wish.words[1]
            for one, text in zip(made, self._texts(prompts), strict=True)
            if one.wish.words
        ]
        return [
            *figures,
            *varied,
            rise,
            _share(f"of those asked for a length, the share that keeps it, temperature {WARM}", lengths),
        ]

    def _texts(self, prompts: Sequence[Sequence[str]]) -> list[str]:
        return [_text(answer.text) for answer in self.speaker.ask(prompts, WARM, f"utterances {WARM}")]

    def judging(self) -> list[Figure]:
        """Labels, scores and what follows from what, at temperature 0."""
        figures = []
        for reasoned in (False, True):
            random = self._random(f"classify {reasoned}")
            made = [judging.classified(random, reasoned, evaluation=True) for _ in range(self.n)]
            right = [_field(answer.text, "label") == one.truth for one, answer in zip(made, self._judged(made), strict=True)]
            how = "with a reason first" if reasoned else "the label alone"
            figures.append(_share(f"right labels among 2 to 8, {how}", right, ">= 0.85"))
        random = self._random("judge")
        made = [judging.scored(random, evaluation=True) for _ in range(self.n)]
        scores = [float(_field(answer.text, "score") or 0) for answer in self._judged(made)]
        good = [one.truth == 5 for one in made]
        figures.append(_auroc("AUROC of the judge's score, right label and tone against the rest", good, scores, ">= 0.80"))
        random = self._random("entails")
        made = [judging.entailed(random, evaluation=True) for _ in range(self.n)]
        said = self._judged(made)
        follows = [bool(one.truth) for one in made]
        figures.append(_auroc("AUROC of 'follows from'", follows, [_belief(answer) for answer in said], ">= 0.80"))
        decided = [_field(answer.text, "follows") == one.truth for one, answer in zip(made, said, strict=True)]
        return [*figures, _share("right verdicts on 'follows from'", decided)]

    def _judged(self, made: Sequence[Judged]) -> list[Answer]:
        return self.speaker.ask([(form(one.job, one.slots),) for one in made], 0.0, "judged")


_KINDS = {"steps": "with steps", "direct": "directly"}


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


def _fill_or_row(random: Random) -> writing.Written:
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


def _share(name: str, right: Sequence[bool], goal: str = "") -> Figure:
    n = len(right)
    value = sum(right) / n
    return Figure(name, value, wilson(sum(right), n), n, goal, _met(value, goal))


def _mean_figure(name: str, values: Sequence[float]) -> Figure:
    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    mean = float(np.mean(values))
    return Figure(name, mean, Interval(mean - 1.96 * spread, mean + 1.96 * spread), 100 * len(values))


def _auroc(name: str, positive: Sequence[bool], scores: Sequence[float], goal: str = "") -> Figure:
    """With the middle 95 % of what 400 draws of as many cases give."""
    truth, said = np.array(positive), np.array(scores)
    if truth.all() or not truth.any():
        return Figure(name, 0.5, Interval(0.0, 1.0), len(truth), goal, False if goal else None)
    value = float(roc_auc_score(truth, said))
    random = np.random.default_rng(1)
    drawn = (random.integers(0, len(truth), len(truth)) for _ in range(400))
    again = [roc_auc_score(truth[some], said[some]) for some in drawn if len(set(truth[some].tolist())) == 2]
    low, high = np.quantile(again, (0.025, 0.975))
    return Figure(name, value, Interval(float(low), float(high)), len(truth), goal, _met(value, goal))


def _met(value: float, goal: str) -> bool | None:
    if not goal:
        return None
    sign, bound = goal.split()
    return value >= float(bound) if sign == ">=" else value <= float(bound)
