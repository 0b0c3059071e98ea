"""The decisions of a run with what each has earned, trial by trial, and the rewards that each trial's settling gave."""

# ruff: noqa: S608 (only names of our own stand in the statements)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from loopwright.records import Decision, DecisionId, Fields, Reward
from loopwright.store.reader import RunReader
from loopwright.store.rows import DECISION, REWARD, SPAN, TRIAL, Row
from loopwright.store.values import from_json

_TRIALS_AT_ONCE = 200


class Given(NamedTuple):
    """A reward and the decision it is for: in which context, which arm, and how likely it was."""

    reward: Reward
    context: Fields
    arm: str
    probability: float | None


class Decided(NamedTuple):
    """`earned` holds the mean of a decision's scaled rewards by weight, late ones too; one without rewards is not in it."""

    trial: int
    decisions: tuple[Decision, ...]
    earned: dict[DecisionId, float]
    given: tuple[Given, ...]


class Extent(NamedTuple):
    """What there is to read. `lag` is how far decisions lie behind what had settled; `unstated` ones have no probability.
    Where it `stops`, arms of that name were offered, after which a trial takes no more decisions."""

    trials: int
    decisions: int
    rewarded: int
    unstated: int
    lag: int
    stops: bool


class Scale(NamedTuple):
    """The way from a scaled reward back to the workflow's unit."""

    low: float
    span: float

    def raw(self, value: float) -> float:
        return self.low + self.span * value

    @property
    def zero(self) -> float:
        """What is 0 in the workflow's unit."""
        return -self.low / self.span


def extent(reader: RunReader) -> Extent:
    """Up to the trial that was the last to settle when this was asked."""
    trials = reader.last(TRIAL) + 1
    ((decisions, unstated, lag, stops),) = reader.query(
        "SELECT count(*), count(*) - count(probability), coalesce(max(trial - version), 0),"
        " coalesce(max(instr(arms, '\"stop\"')), 0)"
        " FROM decision WHERE trial < :trials",
        {"trials": trials},
    )
    ((rewarded,),) = reader.query("SELECT count(*) FROM reward WHERE settled_by < :trials", {"trials": trials})
    return Extent(trials, decisions, rewarded, unstated, lag, stops > 0)


def scale(reader: RunReader) -> Scale | None:
    """None where all rewards were alike, which tells nothing of their range."""
    ((low, high, raw_low, raw_high),) = reader.query("SELECT min(value), max(value), min(raw), max(raw) FROM reward")
    if low is None or high - low < 1e-9:
        return None
    span = (raw_high - raw_low) / (high - low)
    return Scale(raw_low - span * low, span)


def decided(reader: RunReader, trials: int) -> Iterator[Decided]:
    """The first so many trials, some at a time in memory. Rewards that later trials gave are not seen."""
    for first in range(0, trials, _TRIALS_AT_ONCE):
        yield from _chunk(reader, first, min(first + _TRIALS_AT_ONCE, trials), trials)


def _chunk(reader: RunReader, first: int, end: int, trials: int) -> Iterator[Decided]:
    span: dict[str, Any] = {"first": first, "end": end, "low": first * SPAN, "high": end * SPAN, "trials": trials}
    decisions: defaultdict[int, list[Decision]] = defaultdict(list)
    for row in reader.query(f"{DECISION.select} WHERE key >= :low AND key < :high ORDER BY key", span):
        decided = DECISION.parse(row)
        decisions[decided.id.trial].append(decided)
    earned: defaultdict[int, dict[DecisionId, float]] = defaultdict(dict)
    for trial, step, value in reader.query(_EARNED, span):
        earned[trial][DecisionId(trial, step)] = value
    given: defaultdict[int, list[Given]] = defaultdict(list)
    for row in reader.query(_GIVEN, span):
        told = _given(row)
        given[told.reward.settled_by].append(told)
    for trial in range(first, end):
        yield Decided(trial, tuple(decisions[trial]), earned[trial], tuple(given[trial]))


def _given(row: Row) -> Given:
    *reward, context, arm, probability = row
    return Given(REWARD.parse(tuple(reward)), from_json(context), arm, probability)


_EARNED = (
    "SELECT trial, step, sum(weight * value) / sum(weight) FROM ("
    " SELECT trial, step, value, weight FROM reward WHERE key >= :low AND key < :high AND settled_by = trial"
    " UNION ALL SELECT trial, step, value, weight FROM reward"
    " WHERE settled_by <> trial AND trial >= :first AND trial < :end AND settled_by < :trials"
    ") GROUP BY trial, step"
)
_GIVEN = (
    f"SELECT {', '.join(f'reward.{column}' for column in REWARD.columns)}, context, arm, probability FROM reward"
    f" JOIN decision ON decision.key = reward.trial * {SPAN} + reward.step"
    " WHERE reward.key >= :low AND reward.key < :high ORDER BY reward.key"
)
