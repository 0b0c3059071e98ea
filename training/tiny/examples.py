"""What the model is trained on: conversations drawn from its world, in the shares that its jobs have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

from loopwright.llm.tiny.form import form
from loopwright.llm.tiny.tokens import END, MODEL, USER, Tokenizer, pieces, vocabulary
from training.tiny import judging, problems, second_chance, writing

SHARES = {
    "steps": 0.26, "ask": 0.04, "direct": 0.10, "again": 0.24, "row": 0.08, "rows": 0.01, "fill": 0.08, "plan": 0.01,
    "judge": 0.06, "entails": 0.05, "classify": 0.035, "reason": 0.035,
}  # fmt: skip
LATER_SHARES = {
    "steps": 0.15, "ask": 0.03, "direct": 0.03, "again": 0.5, "row": 0.06, "rows": 0.01, "fill": 0.06, "plan": 0.01,
    "judge": 0.05, "entails": 0.05, "classify": 0.025, "reason": 0.025,
}  # fmt: skip
"""When sums are known: checking one's own answer has to be better than answering, or a second chance could not help."""


class Turn(NamedTuple):
    """`learned` is False for an answer that the model is only shown."""

    asked: str
    answered: str
    learned: bool = True


class Sequence(NamedTuple):
    ids: list[int]
    learned: list[bool]
    """Of each token, whether it is to be predicted."""


def example(random: Random, shares: Mapping[str, float] = SHARES) -> list[Turn]:
    kind = random.choices(tuple(shares), tuple(shares.values()))[0]
    match kind:
        case "steps" | "ask" | "direct":
            return [_solved(random, kind)]
        case "again":
            return _again(random)
        case "judge":
            made: judging.Judged | writing.Written = judging.scored(random)
        case "entails":
            made = judging.entailed(random)
        case "classify" | "reason":
            made = judging.classified(random, kind == "reason")
        case "plan":
            made = writing.plan(random)
        case "fill":
            made = writing.fill(random)
        case "piece":
            made = writing.piece(random)
        case _:
            made = writing.row(random) if kind == "row" else writing.rows(random)
    return [Turn(form(made.job, made.slots), made.answer)]


def asked(kind: str, question: str) -> str:
    return form({"steps": "solve_steps", "direct": "solve", "ask": "ask"}[kind], {"question": question})


def answered(kind: str, worked: problems.Worked) -> str:
    return f"Answer: {worked.answer}" if kind == "direct" else f"{worked.steps} Answer: {worked.answer}"


def _solved(random: Random, kind: str) -> Turn:
    problem = problems.draw(random)
    return Turn(asked(kind, problem.question), answered(kind, problems.work_out(random, problem, problems.USUAL)))


def _again(random: Random) -> list[Turn]:
    """The earlier answer is wrong more often than it would be, for there is more to learn from those."""
    problem = problems.draw(random)
    kind = random.choices(("steps", "ask", "direct"), (6, 2, 2))[0]
    earlier = problems.work_out(random, problem, problems.USUAL.times(random.choice((1, 5))))
    again = second_chance.ask_again(random)
    answer = second_chance.answer_again(random, problem, earlier.answer, again.leaning)
    return [Turn(asked(kind, problem.question), answered(kind, earlier), False), Turn(again.text, answer)]


def words(random: Random, draws: int, at_least: int, shares: Mapping[str, float] = SHARES) -> tuple[str, ...]:
    """A vocabulary: the pieces that occur in enough of that many examples."""
    seen: Counter[str] = Counter()
    for _ in range(draws):
        seen.update({piece for turn in example(random, shares) for text in turn[:2] for piece in pieces(text)})
    return vocabulary(piece for piece, times in seen.items() if times >= at_least)


def sequence(tokenizer: Tokenizer, turns: list[Turn]) -> Sequence:
    ids: list[int] = []
    learned: list[bool] = []
    for turn in turns:
        prompt = [USER, *tokenizer.encode(turn.asked), MODEL]
        answer = [*tokenizer.encode(turn.answered), END]
        ids += [*prompt, *answer]
        learned += [*[False] * len(prompt), *[turn.learned] * len(answer)]
    return Sequence(ids, learned)


def sequences(tokenizer: Tokenizer, random: Random, longest: int, shares: Mapping[str, float] = SHARES) -> Iterator[Sequence]:
    """Without end; what does not fit the context is left out."""
    while True:
        drawn = sequence(tokenizer, example(random, shares))
        if len(drawn.ids) <= longest:
            yield drawn
