"""The workflow at work: a trial is a question. It is answered; then, step by step, a policy stops or asks again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loopwright.datasets import checker_of, source
from loopwright.datasets.checking import Checker
from loopwright.datasets.source import Source
from loopwright.datasets.splits import chosen
from loopwright.errors import BoundaryError, CallError, ReplayDiffers
from loopwright.learn.error_classifier.protocol import ErrorClassifier
from loopwright.learn.error_classifier.rule import Rule
from loopwright.llm.messages import Request
from loopwright.llm.prompts import render
from loopwright.loop.chooser import Chooser, Pick, Range
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Item, Trial
from loopwright.loop.work import Outcome, Settlement
from loopwright.records import Example, Failure, Fields, Sample
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.classifying import classifier
from loopwright.workflows.correction.contexts import context, encoding
from loopwright.workflows.correction.marking import mark
from loopwright.workflows.correction.policies import STOP
from loopwright.workflows.correction.pricing import toll
from loopwright.workflows.correction.running import Running
from loopwright.workflows.correction.spec import CorrectionSpec, Reprompts
from loopwright.workflows.correction.turns import Conversation, Turn

MOST = 2.0
"""The most that a reprompt can be said to have cost or brought: a price beyond it is cut, since it can never pay."""
REWARDS = Range(-MOST, MOST)
"""Symmetric: what a stop earns, exactly 0, is the middle, which is what a policy expects of what it does not know."""
_SEEDS = 2**31 - 1


class Earned:
    """What the decisions of a question earn; told when it ends where they are credited with all that followed."""

    def __init__(self, chooser: Chooser, to_go: bool) -> None:
        self._chooser = chooser
        self._to_go = to_go
        self._given: list[tuple[Pick, float, Fields]] = []

    def add(self, pick: Pick, value: float, parts: Fields) -> None:
        self._given.append((pick, value, parts))
        if not self._to_go:
            self._tell(pick, value, parts)

    def end(self) -> None:
        if self._to_go:
            for at, (pick, own, parts) in enumerate(self._given):
                self._tell(pick, sum(value for _, value, _ in self._given[at:]), {**parts, "own": own})

    def _tell(self, pick: Pick, value: float, parts: Fields) -> None:
        self._chooser.reward(pick.decision, min(MOST, max(-MOST, value)), **parts)


class Correction:
    rewards = REWARDS

    def __init__(self, spec: CorrectionSpec, questions: Source | None = None, checker: Checker | None = None) -> None:
        """Questions and checker are those of the spec, unless a program gives its own."""
        self.spec = spec
        self.arms = bank.arms(spec.reprompts)
        self.encoding = encoding(bank.arms(Reprompts(bank=spec.reprompts.bank, holdout="include")), spec.max_turns)
        self._source = questions or source(spec.dataset)
        self._checker = checker or checker_of(spec.dataset)
        self._classifier: ErrorClassifier = Rule()  # until the run is prepared
        self._toll = toll(spec.reward, spec.models[0])
        self._base = Path()

    def items(self) -> Iterator[Item]:
        for example in chosen(self._source, self.spec.dataset, self._base):
            yield Item(example.id, example)

    def begin(self) -> Running:
        return Running(self.spec.stop.oracle)

    async def prepare(self, stages: Stages) -> None:
        self._base = stages.base
        self._classifier = await classifier(self.spec.classifier, self._checker.read, stages)

    async def act(self, trial: Trial, seen: None, chooser: Chooser) -> Outcome:
        example: Example = trial.item.content
        question = str(example.inputs["question"])
        talk = Conversation(question, self._opening(example), self._checker.read, self._classifier)
        samples: list[Sample] = []
        failure = None
        try:
            await self._correct(trial, chooser, talk, samples)
        except (CallError, BoundaryError) as error:  # what was answered before is kept
            failure = Failure(error.kind, str(error))
        return Outcome(tuple(samples), data=_facts(example), failure=failure)

    async def _correct(self, trial: Trial, chooser: Chooser, talk: Conversation, samples: list[Sample]) -> None:
        earned = Earned(chooser, self.spec.reward.return_to_go)
        turn = await self._answer(trial, talk, samples)
        last = None
        for number in range(self.spec.max_turns):
            if self.spec.stop.oracle and turn.mark.right:
                break
            pick = chooser.choose(context(turn.predicted, number, last, self.spec.contexts), self.arms)
            if pick.arm.name == STOP:
                if turn.mark.right is not None:
                    earned.add(pick, 0.0, {"delta": 0, "tokens": 0, "price": 0.0, "by": turn.mark.by})
                break
            talk.ask_again(pick.arm)
            last = bank.style(pick.arm)
            turn = await self._answer(trial, talk, samples)
            if turn.delta is not None:
                price = self._toll(turn.tokens)
                parts = {"delta": turn.delta, "tokens": turn.tokens.new, "price": price, "by": turn.mark.by}
                earned.add(pick, turn.delta - price, parts)
        earned.end()

    async def _answer(self, trial: Trial, talk: Conversation, samples: list[Sample]) -> Turn:
        at = len(samples)
        purpose = f"turn {at}"
        request = Request(
            tuple(talk.messages),
            seed=trial.rng(purpose).bits() & _SEEDS,
            logprobs=self.spec.asks_for_logprobs(),
            purpose=purpose,
        )
        reply = await trial.ask(self.spec.models[0].id, request)
        turn = talk.take(reply, await mark(reply.text, trial, trial.item.content, self._checker, self.spec.reward.judge))
        samples.append(trial.sample(at, turn.fields(), (f"{trial.number}.{at - 1}",) if at else ()))
        return turn

    def _opening(self, example: Example) -> str:
        question = str(example.inputs["question"])
        return render(self.spec.prompt, question=f"{example.context}\n\n{question}" if example.context else question)

    def settle(self, trial: Trial, outcome: Outcome, state: Running) -> Settlement:
        """A final answer that is right is accepted. A resumed run is told where its questions are others by now."""
        _require_same(trial, outcome)
        state.note_checker(outcome.failure)
        if outcome.failure or not outcome.samples:
            return Settlement()
        turns: list[Any] = [sample.data for sample in outcome.samples]
        state.note(turns)
        final, data = outcome.samples[-1], turns[-1]
        return Settlement(accepted=frozenset({final.index} if data["right"] and data["by"] == "reference" else ()))

    def missed(self, state: Running) -> str | None:
        return None


def _facts(example: Example) -> Fields:
    """What is kept of a question."""
    return {"question": example.inputs["question"], "reference": example.reference}


def _require_same(trial: Trial, outcome: Outcome) -> None:
    if outcome.data not in (None, _facts(trial.item.content)):
        raise ReplayDiffers(
            f"trial {trial.number} asked the question {trial.item.id!r}, which has other words or another reference now: "
            "bring the dataset back that this run began with, or start another run with --fresh"
        )
