"""What has settled, read back in trial order: what a resumed run rebuilds its policy and its state from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from loopwright.records import Decision, Reward, Sample, TrialRecord, Verdict
from loopwright.store.faults import faults
from loopwright.store.rows import DECISION, REPLY, REWARD, SAMPLE, SPAN, TRIAL, VERDICT, ReplyRow, Table

T = TypeVar("T")

_TRIALS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class SettledTrial:
    """A trial as it settled. `samples` are as `act` made them, `accepted` says by number which of them settling took;
    `rewards` are those that its settling gave, to its own decisions and to earlier ones."""

    trial: TrialRecord
    decisions: tuple[Decision, ...]
    rewards: tuple[Reward, ...]
    samples: tuple[Sample, ...]
    accepted: frozenset[int]
    verdicts: tuple[Verdict, ...]


def history(connection: sqlite3.Connection, path: Path, from_trial: int = 0) -> Iterator[SettledTrial]:
    """A few trials in memory at a time, and no transaction between them: what has settled does not change."""
    while chunk := _chunk(connection, path, from_trial):
        yield from chunk
        from_trial = chunk[-1].trial.number + 1


def replies(connection: sqlite3.Connection, path: Path, first_trial: int) -> Iterator[ReplyRow]:
    """Those of stages, whose trials are negative, and of trials from this one on, in the order they came."""
    last = -1
    while True:
        with faults(path):
            rows = connection.execute(
                f"{REPLY.select} WHERE id > ? AND (trial < 0 OR trial >= ?) ORDER BY id LIMIT 500", (last, first_trial)
            ).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        yield from map(REPLY.parse, rows)


def _chunk(connection: sqlite3.Connection, path: Path, first: int) -> list[SettledTrial]:
    with faults(path):
        trials = _range(connection, TRIAL, first, first + _TRIALS_AT_ONCE)
        span = (first * SPAN, (first + _TRIALS_AT_ONCE) * SPAN)
        decisions = _by_trial(_range(connection, DECISION, *span), attrgetter("id.trial"))
        rewards = _by_trial(_range(connection, REWARD, *span), attrgetter("settled_by"))
        samples = _by_trial(_range(connection, SAMPLE, *span), attrgetter("trial"))
        verdicts = _by_trial(_range(connection, VERDICT, *span), attrgetter("trial"))
    return [
        SettledTrial(
            trial,
            tuple(decisions.get(trial.number, ())),
            tuple(rewards.get(trial.number, ())),
            tuple(replace(sample, accepted=None) for sample in samples.get(trial.number, ())),
            frozenset(sample.index for sample in samples.get(trial.number, ()) if sample.accepted),
            tuple(verdicts.get(trial.number, ())),
        )
        for trial in trials
    ]


def _range(connection: sqlite3.Connection, table: Table[T], first: int, end: int) -> list[T]:
    """Rows with keys from `first` up to, not including, `end`."""
    statement = f"{table.select} WHERE {table.key} >= ? AND {table.key} < ? ORDER BY {table.key}"
    return [table.parse(row) for row in connection.execute(statement, (first, end))]


def _by_trial(records: list[T], trial: attrgetter[Any]) -> dict[int, list[T]]:
    grouped: dict[int, list[T]] = {}
    for record in records:
        grouped.setdefault(trial(record), []).append(record)
    return grouped
