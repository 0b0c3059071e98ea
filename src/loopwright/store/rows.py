"""How the records stand in the tables: their columns, and the way from a record to a row and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from loopwright.errors import StoreCorrupt
from loopwright.records import (
    Call,
    Decision,
    DecisionId,
    Event,
    Failure,
    Json,
    Reward,
    Sample,
    TrialRecord,
    Verdict,
)
from loopwright.store.values import clean, from_json, index, number, to_json, truth

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

SPAN = 1 << 24
"""Keys per trial: `key = trial * SPAN + place`."""


class ReplyRow(NamedTuple):
    """A reply as it is kept; what `outcome` means is the business of whoever kept it."""

    trial: int
    step: int
    ordinal: int
    model: str
    digest: bytes
    call: int | None
    sample: int
    outcome: bytes


class SpentRow(NamedTuple):
    """What the calls to one model came to."""

    model: str
    calls: int
    tokens: int
    nano_usd: int


class AskedRow(NamedTuple):
    """How often a run has asked a model for a reply to one request."""

    model: str
    digest: bytes
    times: int


class StageOutcome(NamedTuple):
    """What a resumable step came to."""

    key: str
    name: str
    outcome: Json
    at: float


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """A table whose rows are records. `key` is its integer primary key, in the order of the run."""

    name: str
    key: str
    columns: tuple[str, ...]
    read: Callable[[Row], T]
    json: frozenset[str] = frozenset()
    truth: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    insert: str = field(init=False)
    select: str = field(init=False)

    def __post_init__(self) -> None:
        names = ", ".join(self.columns)
        marks = ", ".join("?" * len(self.columns))
        object.__setattr__(self, "insert", f"INSERT INTO {self.name} ({names}) VALUES ({marks})")  # noqa: S608
        object.__setattr__(self, "select", f"SELECT {names} FROM {self.name}")  # noqa: S608

    def parse(self, row: Row) -> T:
        try:
            return self.read(row)
        except (TypeError, ValueError) as error:
            raise StoreCorrupt(
                f"row {row[0]} of table {self.name} is damaged ({error}); restore the file from a copy"
            ) from error


def _stray(what: str, trial: int, settling: int) -> ValueError:
    return ValueError(f"trial {settling} cannot settle a {what} of trial {trial}")


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def trial_row(trial: TrialRecord) -> Row:
    failure = trial.failure
    return (
        trial.number,
        clean(trial.item),
        None if failure is None else failure.kind,
        None if failure is None else clean(failure.message),
        to_json(trial.data, "trial.data"),
        trial.started,
        trial.settled,
    )


def _trial(row: Row) -> TrialRecord:
    number, item, kind, message, data, started, settled = row
    failure = None if kind is None else Failure(kind, message)
    return TrialRecord(number, item, failure, from_json(data), started, settled)


def decision_row(decision: Decision, settling: int) -> Row:
    trial, step = decision.id
    if trial != settling:
        raise _stray("decision", trial, settling)
    return (
        trial * SPAN + step,
        trial,
        step,
        to_json(decision.context, "decision.context"),
        to_json(decision.arms, "decision.arms"),
        decision.arm,
        None if decision.probability is None else number(decision.probability, "decision.probability"),
        decision.version,
        clean(decision.reason),
    )


def _decision(row: Row) -> Decision:
    _, trial, step, context, arms, arm, probability, version, reason = row
    id = DecisionId(trial, step)
    return Decision(id, from_json(context), tuple(from_json(arms)), arm, probability, version, reason)


def cut_row(trial: int, decisions: Sequence[Decision], at: float) -> Row:
    rows = [dict(zip(DECISION.columns, row, strict=True)) for row in (decision_row(each, trial) for each in decisions)]
    return (trial, to_json(rows), at)


def cut_decisions(stored: str) -> list[Decision]:
    return [DECISION.parse(tuple(row.values())) for row in from_json(stored)]


def reward_row(reward: Reward, settling: int, place: int) -> Row:
    trial, step = reward.decision
    settled_by = reward.settled_by
    if settled_by != settling:
        raise _stray("reward", settled_by, settling)
    value, raw = number(reward.value, "reward.value"), number(reward.raw, "reward.raw")
    return (
        settled_by * SPAN + place,
        trial,
        step,
        value,
        raw,
        to_json(reward.parts, "reward.parts"),
        settled_by,
        number(reward.weight, "reward.weight"),
    )


def _reward(row: Row) -> Reward:
    _, trial, step, value, raw, parts, settled_by, weight = row
    return Reward(DecisionId(trial, step), value, raw, from_json(parts), settled_by, weight)


def sample_row(sample: Sample, settling: int) -> Row:
    trial, place = sample.trial, index(sample.index, "sample.index", SPAN)
    if trial != settling:
        raise _stray("sample", trial, settling)
    return (
        trial * SPAN + place,
        trial,
        place,
        to_json(sample.data, "sample.data"),
        None if sample.step is None else index(sample.step, "sample.step", SPAN),
        to_json(sample.parents, "sample.parents"),
        None if sample.accepted is None else truth(sample.accepted, "sample.accepted"),
    )


def _sample(row: Row) -> Sample:
    _, trial, index, data, step, parents, accepted = row
    return Sample(trial, index, from_json(data), step, tuple(from_json(parents)), _truth(accepted))


def verdict_row(verdict: Verdict, settling: int, place: int) -> Row:
    trial = verdict.trial
    if trial != settling:
        raise _stray("verdict", trial, settling)
    reason = verdict.reason
    return (
        trial * SPAN + place,
        trial,
        index(verdict.sample, "verdict.sample", SPAN),
        clean(verdict.validator),
        truth(verdict.passed, "verdict.passed"),
        None if verdict.score is None else number(verdict.score, "verdict.score"),
        None if reason is None else clean(reason),
        verdict.late,
    )


def _verdict(row: Row) -> Verdict:
    _, trial, sample, validator, passed, score, reason, late = row
    return Verdict(trial, sample, validator, bool(passed), score, reason, bool(late))


def call_row(call: Call) -> Row:
    return (
        call.id,
        call.trial,
        call.step,
        call.model,
        call.attempt,
        call.status,
        call.purpose,
        call.input_tokens,
        call.output_tokens,
        call.cached_tokens,
        call.reasoning_tokens,
        call.nano_usd,
        call.latency_s,
        _clean(call.error),
        call.started,
    )


def _call(row: Row) -> Call:
    return Call(*row)


def _event(row: Row) -> Event:
    _, at, kind, detail = row
    return Event(at, kind, from_json(detail))


def _reply(row: Row) -> ReplyRow:
    return ReplyRow(*row[1:])


TRIAL = Table(
    "trial",
    "number",
    ("number", "item", "failure_kind", "failure_message", "data", "started_at", "settled_at"),
    _trial,
    json=frozenset({"data"}),
    times=frozenset({"started_at", "settled_at"}),
)
DECISION = Table(
    "decision",
    "key",
    ("key", "trial", "step", "context", "arms", "arm", "probability", "version", "reason"),
    _decision,
    json=frozenset({"context", "arms"}),
)
REWARD = Table(
    "reward",
    "key",
    ("key", "trial", "step", "value", "raw", "parts", "settled_by", "weight"),
    _reward,
    json=frozenset({"parts"}),
)
SAMPLE = Table(
    "sample",
    "key",
    ("key", "trial", "number", "data", "step", "parents", "accepted"),
    _sample,
    json=frozenset({"data", "parents"}),
    truth=frozenset({"accepted"}),
)
VERDICT = Table(
    "verdict",
    "key",
    ("key", "trial", "sample", "validator", "passed", "score", "reason", "late"),
    _verdict,
    truth=frozenset({"passed", "late"}),
)
CALL = Table(
    "call",
    "id",
    (
        "id", "trial", "step", "model", "attempt", "status", "purpose", "input_tokens", "output_tokens", "cached_tokens",
        "reasoning_tokens", "nano_usd", "latency_s", "error", "started_at",
    ),
    _call,
    times=frozenset({"latency_s", "started_at"}),
)  # fmt: skip
EVENT = Table("event", "id", ("id", "at", "kind", "detail"), _event, json=frozenset({"detail"}), times=frozenset({"at"}))
REPLY = Table(
    "reply", "id", ("id", "trial", "step", "ordinal", "model", "digest", "call", "sample", "outcome"), _reply
)  # fmt: skip

TABLES: dict[str, Table[Any]] = {table.name: table for table in (TRIAL, DECISION, REWARD, SAMPLE, VERDICT, CALL, EVENT)}
"""The tables a reader pages through and exports."""
