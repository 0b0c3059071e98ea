"""Where a sample comes from: its trial, the decision behind it, what was called and said, and its ancestors."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from re import fullmatch
from typing import TypeVar

from loopwright.records import Call, Decision, Reward, Sample, TrialRecord, Verdict
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import CALL, DECISION, REWARD, SAMPLE, SPAN, TRIAL, VERDICT, Table

MOST_ANCESTORS = 1000
_MOST_ROWS = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """One sample and what led to it. `decisions` is the one that made it or, where the sample does not say, its trial's."""

    sample: Sample
    trial: TrialRecord
    decisions: tuple[Decision, ...]
    rewards: tuple[Reward, ...]
    calls: tuple[Call, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """`origins` starts with the sample itself; its ancestors follow, nearest first, each once. `roots` are the parents that
    are no samples of this run. `cut` says that there are more ancestors than were followed."""

    origins: tuple[Origin, ...]
    roots: tuple[str, ...]
    cut: bool = False


def lineage(reader: RunReader, sample: str) -> Lineage | None:
    """Of the sample with that id, `trial.number`; None if there is none."""
    origins: list[Origin] = []
    roots: dict[str, None] = {}
    seen = {sample}
    line = deque([sample])
    while line and len(origins) < MOST_ANCESTORS:
        id = line.popleft()
        origin = _origin(reader, id)
        if origin is None:
            roots[id] = None
            continue
        origins.append(origin)
        fresh = [parent for parent in origin.sample.parents if parent not in seen]
        seen.update(fresh)
        line.extend(fresh)
    return Lineage(tuple(origins), tuple(roots), bool(line)) if origins else None


def sample_of(reader: RunReader, id: str) -> Sample | None:
    """The sample with that id, `trial.number`; None if there is none."""
    match = fullmatch(r"(\d{1,9})\.(\d{1,8})", id)
    return reader.one(SAMPLE, int(match[1]) * SPAN + int(match[2])) if match else None


def _origin(reader: RunReader, id: str) -> Origin | None:
    sample = sample_of(reader, id)
    if sample is None:
        return None
    trial = reader.one(TRIAL, sample.trial)
    if trial is None:
        return None
    step = sample.step
    return Origin(
        sample,
        trial,
        tuple(decision for decision in _of(reader, DECISION, trial) if step in (None, decision.id.step)),
        tuple(reward for reward in _of(reader, REWARD, trial) if step in (None, reward.decision.step)),
        tuple(call for call in _of(reader, CALL, trial) if step in (None, call.step)),
        tuple(verdict for verdict in _of(reader, VERDICT, trial) if verdict.sample == sample.index),
    )


def _of(reader: RunReader, table: Table[T], trial: TrialRecord) -> list[T]:
    return reader.page(table, Where(trial=trial.number), limit=_MOST_ROWS).rows
