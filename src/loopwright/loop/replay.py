"""Checks that settling a stored trial again comes to what it came to: else the workflow is not the one that began the run."""

from __future__ import annotations

from loopwright.errors import ReplayDiffers
from loopwright.loop.trial import Item
from loopwright.loop.work import Payoff, Settlement
from loopwright.records import Verdict
from loopwright.store.history import SettledTrial


def check_item(settled: SettledTrial, item: Item | None) -> Item:
    """The item that the trial worked on, as the workflow gives it today."""
    number, stored = settled.trial.number, settled.trial.item
    if item is None or item.id != stored:
        now = "there is none" if item is None else f"it is {item.id!r}"
        raise ReplayDiffers(f"trial {number} worked on item {stored!r}, and now {now}: the run's inputs have changed")
    return item


def check_settlement(settled: SettledTrial, settlement: Settlement) -> None:
    """What settling comes to today is what it came to then. Rewards given in settling stand after those given in acting."""
    late = settled.rewards[max(0, len(settled.rewards) - len(settlement.payoffs)) :]
    for what, stored, again in (
        ("accepted", sorted(settled.accepted), sorted(settlement.accepted)),
        (
            "rewarded",
            [(*reward.decision, reward.raw, reward.weight) for reward in late],
            [_amount(payoff) for payoff in settlement.payoffs],
        ),
        ("judged", [_said(each) for each in settled.verdicts if each.late], [_said(each) for each in settlement.verdicts]),
    ):
        if stored != again:
            raise ReplayDiffers(
                f"trial {settled.trial.number} was {what} {stored} and now would be {again}: "
                "the workflow settles differently from the version that began this run; start another with --fresh"
            )


def _amount(payoff: Payoff) -> tuple[int, int, float, float]:
    return (*payoff.decision, float(payoff.value), float(payoff.weight))


def _said(verdict: Verdict) -> tuple[int, str, bool]:
    return verdict.sample, verdict.validator, verdict.passed
