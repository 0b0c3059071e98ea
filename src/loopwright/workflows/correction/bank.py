"""The arms: `stop`, and the reprompts that a spec chooses from the bank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from loopwright.llm.prompts import Reprompt, Style, reprompts
from loopwright.records import Arm
from loopwright.workflows.correction.policies import STOP
from loopwright.workflows.correction.spec import Reprompts

STYLES: tuple[Style, ...] = get_args(Style)
PLACE = "<ANSWER>"
"""Where a reprompt's text has the answer it speaks of."""

_LOADS = {"low": 0.0, "medium": 0.5, "high": 1.0}
_WORDS = 20.0


def arms(wanted: Reprompts) -> list[Arm]:
    """`stop` comes first. Its features are all 0; the others' say of what style, load and length they are."""
    return [Arm(STOP), *(_arm(each) for each in chosen(wanted))]


def chosen(wanted: Reprompts) -> Iterator[Reprompt]:
    for each in reprompts():
        if wanted.ids is not None and each.id not in wanted.ids:
            continue
        if wanted.styles is not None and each.style not in wanted.styles:
            continue
        if wanted.holdout == "include" or each.holdout is (wanted.holdout == "only"):
            yield each


def wording(arm: Arm, answer: str) -> str:
    return str(arm.params["text"]).replace(PLACE, answer)


def style(arm: Arm) -> str:
    return str(arm.params["style"])


def _arm(reprompt: Reprompt) -> Arm:
    features = {f"style={reprompt.style}": 1.0, "reprompt": 1.0}
    features |= {"load": _LOADS[reprompt.load], "length": min(2.0, len(reprompt.text.split()) / _WORDS)}
    return Arm(reprompt.id, {"text": reprompt.text, "style": reprompt.style, "load": reprompt.load}, features)
