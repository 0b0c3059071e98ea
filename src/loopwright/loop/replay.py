"""Checks that settling a stored trial again comes to what it came to: else the workflow is not the one that began the run."""

from __future__ import annotations

from loopwright.errors import ReplayDiffers
from loopwright.loop.trial import Item
from loopwright.loop.work import Settlement
from loopwright.store.history import SettledTrial


def check_item(settled: SettledTrial, item: Item | None) -> Item:
    """The item that the trial worked on, as the workflow gives it today."""
    number, stored = settled.trial.number, settled.trial.item
    if item is None or item.id != stored:
        now = "there is none" if item is None else f"it is {item.id!r}"
        raise ReplayDiffers(f"trial {number} worked on item {stored!r}, and now {now}: the run's inputs have changed")
    return item


def check_rewards(settled: SettledTrial, settlement: Settlement) -> None:
    """Rewards given in settling stand after those given in acting."""
    count = len(settlement.payoffs)
    stored = [(reward.decision, reward.raw) for reward in settled.rewards[len(settled.rewards) - count :]] if count else []
    again = [(payoff.decision, float(payoff.value)) for payoff in settlement.payoffs]
    if stored != again:
        raise ReplayDiffers(
            f"trial {settled.trial.number} was rewarded {stored} and now would be {again}: "
            "the workflow settles differently from the version that began this run; start another with --fresh"
        )
