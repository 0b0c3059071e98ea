"""`policy evaluate`: what a run earned beside what another policy would have earned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loopwright.cli import rows
from loopwright.cli.screen import Screen
from loopwright.policy.evaluation import Estimate, Evaluation, Setting
from loopwright.runs.caveats import caveats
from loopwright.runs.evaluate import Answer, evaluate_run
from loopwright.runs.folder import RunFolder

ESTIMATES = rows.columns("per_decision >mean 95_%_interval >standard_error >mean_unscaled")
WHOLE = rows.columns("per_trial,_in_all >mean 95_%_interval >standard_error")
ARMS = rows.columns("arm >pulls_of_the_run >share >share_of_the_other")
LABELS = {
    "earned": "the run earned",
    "doubly_robust": "the other, doubly robust",
    "snips": "the other, SNIPS",
    "ips": "the other, IPS",
    "direct": "the other, direct method",
    "gain": "gain, doubly robust",
}


def evaluate_policy(folder: RunFolder, file: Path, setting: Setting, screen: Screen) -> None:
    answer = evaluate_run(folder, file, setting)
    if screen.json:
        screen.data({**_data(answer, setting), "caveats": list(caveats(folder))})
        return
    for note in caveats(folder):
        screen.result(f"note              {note}")
    screen.result(f"the run's policy  {rows.short(answer.policy)}")
    screen.result(
        f"the other policy  {rows.short(answer.other)}{', held' * setting.frozen}{', each decision alone' * setting.alone}"
    )
    for fact in _facts(answer, setting):
        screen.result(fact)
    screen.result("")
    if answer.evaluation.support.trials is None:
        screen.table(ESTIMATES, [(*_estimate(name, answer), _unscaled(name, answer)) for name in LABELS])
    else:
        screen.table(WHOLE, [_estimate(name, answer) for name in LABELS if name != "direct"])
    screen.result("")
    support = answer.evaluation.support
    pulls = max(1, support.decisions)
    screen.table(
        ARMS, [(each.arm, f"{each.taken:,}", f"{each.taken / pulls:.1%}", f"{each.wanted:.1%}") for each in support.arms]
    )
    for warning in answer.evaluation.warnings:
        screen.tell(f"warning: {warning}")


def _facts(answer: Answer, setting: Setting) -> Iterator[str]:
    support = answer.evaluation.support
    part = "the second half of " if setting.frozen else ""
    yield f"decisions         {support.decisions:,} rewarded, {support.unrewarded:,} not, in {part}{answer.trials:,} trials"
    yield (
        f"support           worth {support.effective:,.1f} {support.unit} of the other's own ({support.share:.1%}); "
        f"mean weight {support.weight:.3f}; {support.clipped:,} weights cut to {setting.clip:g}"
    )
    if support.computed:
        yield (
            f"computed          {support.computed:,} probabilities that were not stored, "
            f"each by drawing until its arm had come {setting.draws} times"
        )
    if support.estimated:
        yield f"estimated         the other's probabilities in {support.estimated:,} decisions, by {setting.draws} draws each"


def _estimate(name: str, answer: Answer) -> tuple[object, ...]:
    estimate: Estimate = getattr(answer.evaluation, name)
    return (LABELS[name], _number(estimate.mean), _interval(estimate), _number(estimate.error))


def _unscaled(name: str, answer: Answer) -> str:
    """A difference has no zero of its own."""
    estimate: Estimate = getattr(answer.evaluation, name)
    if answer.scale is None:
        return "-"
    return _number(answer.scale.span * estimate.mean if name == "gain" else answer.scale.raw(estimate.mean))


def _interval(estimate: Estimate) -> str:
    return f"{_number(estimate.low)} to {_number(estimate.high)}" if estimate.high < math.inf else "could be anything"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:z.3f}"


def _data(answer: Answer, setting: Setting) -> dict[str, Any]:
    evaluation: Evaluation = answer.evaluation
    return {
        "policy": answer.policy,
        "other": answer.other,
        "trials": answer.trials,
        "frozen": setting.frozen,
        "alone": setting.alone,
        "clip": setting.clip,
        "draws": setting.draws,
        "per": evaluation.support.unit.removesuffix("s"),
        "scale": None if answer.scale is None or evaluation.support.trials is not None else answer.scale._asdict(),
        "estimates": {name: rows.fields(getattr(evaluation, name)) for name in LABELS},
        "support": {**rows.fields(evaluation.support), "share": evaluation.support.share},
        "warnings": evaluation.warnings,
    }
