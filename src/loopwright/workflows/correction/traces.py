"""Reads the traces of a run back from its store, one at a time, as the records that its users expect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

from loopwright.records import Decision, DecisionId, Reward
from loopwright.store.history import SettledTrial
from loopwright.store.reader import RunReader, Where
from loopwright.workflows.correction.records import TraceRecord, TurnRecord

_CALLS = 10_000
_ASKED_BEFORE = "SELECT number FROM trial WHERE number NOT IN (SELECT min(number) FROM trial GROUP BY item)"


class About(NamedTuple):
    """What all traces of a run have in common."""

    dataset: str
    started: float
    version: str

    @classmethod
    def of(cls, dataset: str, meta: dict[str, Any]) -> About:
        return cls(dataset, float(meta["start"]["started"]), version("loopwright"))


class Trace(NamedTuple):
    """A settled question. `turns` are as they were stored; decision `n` led to turn `n + 1`, unless it was to stop."""

    settled: SettledTrial
    turns: list[dict[str, Any]]
    decisions: tuple[Decision, ...]
    rewards: dict[DecisionId, Reward]
    id: str


def traces(reader: RunReader, about: About) -> Iterator[Trace]:
    """In the order of the run, those that failed included. Where an id comes again, the trial's number stands in it."""
    again = {number for (number,) in reader.query(_ASKED_BEFORE)}
    for settled in reader.history():
        turns: list[Any] = [sample.data for sample in settled.samples]
        rewards = {reward.decision: reward for reward in settled.rewards}
        number = settled.trial.number
        id = f"{about.dataset}_{settled.trial.item}_{int(about.started)}"
        yield Trace(settled, turns, settled.decisions, rewards, f"{id}_{number}" if number in again else id)


def record(trace: Trace, about: About, reader: RunReader) -> TraceRecord:
    facts: Any = trace.settled.trial.data
    at = _answered(reader, trace.settled.trial.number)
    settled = trace.settled.trial.settled
    turns = tuple(_turn(n, turn, facts["question"], at.get(f"turn {n}", settled)) for n, turn in enumerate(trace.turns))
    right = trace.turns[-1]["right"] if facts["reference"] is not None else None
    return TraceRecord(
        trace_id=trace.id,
        dataset_name=about.dataset,
        question_id=trace.settled.trial.item,
        reference_answer=facts["reference"],
        turns=turns,
        final_accuracy=None if right is None else int(right),
        total_tokens=sum(turn.token_count for turn in turns),
        total_turns=len(turns),
        pipeline_version=about.version,
        created_at=moment(settled),
    )


def _turn(number: int, turn: dict[str, Any], question: str, at: float) -> TurnRecord:
    return TurnRecord(
        turn_id=number,
        question=question,
        answer=turn["answer"],
        prompt_id=turn["prompt_id"],
        prompt_text=turn["prompt_text"],
        error_mode=turn["error_mode"],
        confidence_score=turn["confidence"],
        delta_accuracy=turn["delta"] if turn["by"] == "reference" else None,
        token_count=used(turn),
        timestamp=moment(at),
    )


def used(turn: dict[str, Any]) -> int:
    """The tokens that were billed, the history included; where nobody counted, those of the new words, about."""
    tokens = turn["tokens"]
    billed: int | None = tokens["billed"]
    return tokens["reprompt"] + tokens["completion"] if billed is None else billed


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answered(reader: RunReader, trial: int) -> dict[str, float]:
    """When each turn's answer was there, by the purpose of its call."""
    calls = reader.calls(Where(trial=trial), limit=_CALLS).rows
    return {call.purpose: call.started + (call.latency_s or 0.0) for call in calls if call.status in ("settled", "cached")}
