"""One pass over the traces of a run: what its figures, its drawings and its sample of conversations are made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from loopwright.report.pages import Shown
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.curve import Curve
from loopwright.workflows.correction.figures import Figures
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.traces import About, Trace, traces
from loopwright.workflows.correction.values import Values

SHOWN = 6
"""Conversations that are shown of each ending."""


@dataclass(slots=True)
class Told:
    """What was read; `shown` holds traces by how they ended."""

    spec: CorrectionSpec
    figures: Figures
    values: Values
    shown: dict[str, list[Trace]] = field(default_factory=dict)
    endings: Counter[str] = field(default_factory=Counter)

    def add(self, trace: Trace, styles: dict[str, str]) -> None:
        self.figures.add(trace, styles)
        self.values.add(trace)
        self._show(trace)

    def _show(self, trace: Trace) -> None:
        ending = ended(trace)
        self.endings[ending] += 1
        kept = self.shown.setdefault(ending, [])
        if len(kept) < SHOWN:
            kept.append(trace)


def told(shown: Shown, spec: CorrectionSpec) -> Told:
    curve = Curve(shown.whole.overview.counts.trials)
    found = Told(spec, Figures(spec.max_turns, curve), Values.of(spec.reprompts))
    styles = {arm.name: bank.style(arm) for arm in bank.arms(spec.reprompts)[1:]}
    meta = shown.reader.meta()
    for trace in traces(shown.reader, About.of(spec.dataset.name, meta)):
        found.add(trace, styles)
    return found


def ended(trace: Trace) -> str:
    """How a question ended, in a few words."""
    if trace.settled.trial.failure is not None:
        return "failed"
    if trace.turns[0]["by"] != "reference":
        return "without a reference"
    first, last = trace.turns[0]["right"], trace.turns[-1]["right"]
    if len(trace.turns) == 1:
        return "not asked again, right" if last else "not asked again, wrong"
    if first:
        return "asked again, stayed right" if last else "right, then talked out of it"
    return "wrong, then fixed" if last else "asked again, stayed wrong"
