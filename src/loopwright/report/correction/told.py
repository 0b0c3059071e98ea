"""One pass over the traces of a run: what its figures, its drawings and its sample of conversations are made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from loopwright.report.pages import Shown
from loopwright.report.reliability import Bucket
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.figures import Figures
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.traces import About, Trace, traces
from loopwright.workflows.correction.values import Values

BLOCKS = 20
"""Stretches of the run of which the learning curve has a point each."""
SHOWN = 6
"""Conversations that are shown of each ending."""
BINS = 10


@dataclass(slots=True)
class Block:
    """A stretch of questions: how many, what asking again gained, and what it cost."""

    questions: int = 0
    gain: int = 0
    price: float = 0.0
    asked: int = 0


@dataclass(slots=True)
class Bin:
    """Answers that were predicted to be right with about one confidence."""

    n: int = 0
    confidence: float = 0.0
    right: int = 0


@dataclass(slots=True)
class Told:
    """What was read. `confusion` counts pairs of predicted and true mode; `shown` holds traces by how they ended."""

    spec: CorrectionSpec
    figures: Figures
    trials: int
    values: Values
    blocks: list[Block] = field(default_factory=list)
    bins: list[Bin] = field(default_factory=lambda: [Bin() for _ in range(BINS)])
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    shown: dict[str, list[Trace]] = field(default_factory=dict)
    endings: Counter[str] = field(default_factory=Counter)

    def add(self, trace: Trace, styles: dict[str, str]) -> None:
        self.figures.add(trace, styles)
        self.values.add(trace)
        self._show(trace)
        turns = trace.turns
        if trace.settled.trial.failure is not None or not turns or turns[0]["by"] != "reference":
            return
        for turn in turns:
            self._predicted(turn)
        self._learned(trace)

    def buckets(self) -> list[Bucket]:
        return [Bucket(each.n, each.confidence / each.n, each.right) for each in self.bins if each.n]

    def _predicted(self, turn: dict[str, Any]) -> None:
        self.confusion[turn["error_mode"], turn["label"]] += 1
        found = self.bins[min(BINS - 1, int(turn["confidence"] * BINS))]
        found.n += 1
        found.confidence += turn["confidence"]
        found.right += turn["right"]

    def _learned(self, trace: Trace) -> None:
        at = trace.settled.trial.number * BLOCKS // max(1, self.trials)
        while len(self.blocks) <= at:
            self.blocks.append(Block())
        block, turns = self.blocks[at], trace.turns
        block.questions += 1
        block.gain += int(turns[-1]["right"]) - int(turns[0]["right"])
        block.asked += len(turns) - 1
        block.price += sum(float(str(reward.parts.get("price", 0.0))) for reward in trace.rewards.values())

    def _show(self, trace: Trace) -> None:
        ending = ended(trace)
        self.endings[ending] += 1
        kept = self.shown.setdefault(ending, [])
        if len(kept) < SHOWN:
            kept.append(trace)


def told(shown: Shown, spec: CorrectionSpec) -> Told:
    trials = shown.whole.overview.counts.trials
    found = Told(spec, Figures(spec.max_turns), trials, Values.of(spec.reprompts))
    styles = {arm.name: bank.style(arm) for arm in bank.arms(spec.reprompts)[1:]}
    meta = shown.reader.meta()
    for trace in traces(shown.reader, About.of(spec.dataset.name, meta)):
        found.add(trace, styles)
    return found


def ended(trace: Trace) -> str:
    """How a question ended, in a few words."""
    if trace.settled.trial.failure is not None:
        return "failed"
    first, last = trace.turns[0]["right"], trace.turns[-1]["right"]
    if first is None or last is None:
        return "without a reference"
    if len(trace.turns) == 1:
        return "not asked again, right" if last else "not asked again, wrong"
    if first:
        return "asked again, stayed right" if last else "right, then talked out of it"
    return "wrong, then fixed" if last else "asked again, stayed wrong"
