"""The arms: `stop`, and the reprompts that a spec chooses from the bank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from loopwright.llm.prompts import Load, Reprompt, Style, reprompts
from loopwright.records import Arm
from loopwright.workflows.correction.policies import STOP
from loopwright.workflows.correction.spec import Reprompts

STYLES: tuple[Style, ...] = get_args(Style)
PLACE = "<ANSWER>"
"""Where a reprompt's text has the answer it speaks of."""


def arms(wanted: Reprompts) -> list[Arm]:
    """`stop` comes first. It has no features: what it earns is known."""
    return [Arm(STOP), *(_arm(each) for each in chosen(wanted))]


def chosen(wanted: Reprompts) -> Iterator[Reprompt]:
    return filter(wanted.offers, _bank(wanted))


def _bank(wanted: Reprompts) -> Iterable[Reprompt]:
    if wanted.bank is None:
        return reprompts()
    if isinstance(wanted.bank, str):
        raise ValueError(f"the bank {wanted.bank} has not been read")
    return (Reprompt(each.id, each.style, each.load, each.holdout, each.text) for each in wanted.bank)


def wording(arm: Arm, answer: str) -> str:
    return str(arm.params["text"]).replace(PLACE, answer)


def style(arm: Arm) -> str:
    return str(arm.params["style"])


def features(id: str, style: str, load: Load) -> dict[str, float]:
    """What sets a reprompt apart for policies that share what they learn: that it is one, its style, its load, and which it
    is."""
    return {"reprompt": 1.0, f"style={style}": 1.0, "load": get_args(Load).index(load) / 2, f"id={id}": 1.0}


def _arm(reprompt: Reprompt) -> Arm:
    params = {"text": reprompt.text, "style": reprompt.style, "load": reprompt.load}
    return Arm(reprompt.id, params, features(reprompt.id, reprompt.style, reprompt.load))
