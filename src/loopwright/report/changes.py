"""A change of an arm's reward in plain words, for pages and terminals."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from loopwright.measure.intervals import Interval
from loopwright.records import Json
from loopwright.report.amounts import count
from loopwright.runs.changes import OTHERS, Changed, Cost

_AGEING = ("discounted", "windowed")


def told(change: Changed, context: str) -> Iterator[str]:
    """Sentences: what changed, and what staying cost."""
    before, after, by = change.change.before, change.change.after, change.change.by
    where = f" in {context}" if change.context else ""
    yield (
        f"The reward of arm {change.arm}{where} has {'fallen' if after.mean < before.mean else 'risen'}: "
        f"{before.mean:.3f} until about trial {count(change.since)} (n {count(before.n)}), "
        f"{after.mean:.3f} since (n {count(after.n)}), a change of {_signed(by)}."
    )
    if change.cost is not None:
        yield _cost(change.cost)


def advice(policy: Json) -> str:
    """What to do about it, unless it is being done."""
    if any(word in orjson.dumps(policy).decode() for word in _AGEING):
        return "The policy forgets what is old, and so follows such changes; a lower `by`, or a shorter window, follows faster."
    return "The policy weighs old rewards like new ones. Around it, `discounted` or `windowed` lets it follow such changes."


def _cost(cost: Cost) -> str:
    were = f"{OTHERS} were" if cost.worse == OTHERS else f"arm {cost.worse} was"
    held = f"{cost.held.low:.3f} to {cost.held.high:.3f}"
    total = cost.each * cost.decisions
    return (
        f"Since then {were} chosen {count(cost.decisions)} times; arm {cost.better} would have earned {cost.each:.3f} more "
        f"each time (95 % interval {held}), about {total:,.1f} in all."
    )


def _signed(by: Interval) -> str:
    return f"{by.low:+.3f} to {by.high:+.3f} (95 % interval)"
