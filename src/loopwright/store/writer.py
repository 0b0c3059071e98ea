"""The run store's one writer. What it is told it buffers, and commits in groups behind the caller's back."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from loopwright.errors import StoreError
from loopwright.records import Call, Decision, DecisionId, Fields, Json, Reward, Sample, TrialRecord, Verdict
from loopwright.store.faults import faults
from loopwright.store.groups import Groups
from loopwright.store.history import SettledTrial, history, replies
from loopwright.store.rows import (
    DECISION,
    SPAN,
    AskedRow,
    ReplyRow,
    SpentRow,
    StageOutcome,
    call_row,
    cut_decisions,
    cut_row,
    decision_row,
    reward_row,
    sample_row,
    trial_row,
    verdict_row,
)
from loopwright.store.schema import connect_to_read, create_or_migrate
from loopwright.store.values import clean, from_json, to_json


class RunStore:
    """One run's truth, for the process that holds the run's lock and for one thread in it.

    The plain methods return at once, and what they were given is durable within 200 ms; the awaited ones return when it is.
    When writing fails, each of them raises the same typed error from then on; what was committed is safe.
    """

    def __init__(
        self, path: Path, writing: sqlite3.Connection, reading: sqlite3.Connection, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self._clock = clock
        self._writing = writing
        self._reading = reading
        self._settled: int = self._one("SELECT coalesce(max(number) + 1, 0) FROM trial")
        self._last_call: int = self._one("SELECT coalesce(max(id), 0) FROM call")
        self._meta = {key: from_json(value) for key, value in self._all("SELECT key, value FROM meta")}
        self._credits: dict[str, int] = dict(self._all("SELECT account, granted FROM credit"))
        self._stages: set[str] = {key for (key,) in self._all("SELECT key FROM stage")}
        self._cuts: set[int] = {trial for (trial,) in self._all("SELECT trial FROM cut WHERE trial >= ?", self._settled)}
        self._groups = Groups(writing, path)

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float] = time.time) -> RunStore:
        """Creates the file, or brings an older one up to date. Only the holder of the run's lock may do this."""
        writing = create_or_migrate(path)
        try:
            reading = connect_to_read(path)
        except BaseException:
            writing.close()
            raise
        try:
            with faults(path):
                return cls(path, writing, reading, clock)
        except BaseException:
            reading.close()
            writing.close()
            raise

    async def close(self) -> None:
        """Commits everything, moves the log into the file and closes it."""
        self._reading.close()
        await self._groups.end()

    async def __aenter__(self) -> RunStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.close()
        except StoreError as failure:
            if failure is not error:
                raise

    def settled(self) -> int:
        """How many trials have settled: they are 0 to n - 1."""
        return self._settled

    def settle(
        self,
        trial: TrialRecord,
        decisions: Sequence[Decision] = (),
        rewards: Sequence[Reward] = (),
        samples: Sequence[Sample] = (),
        verdicts: Sequence[Verdict] = (),
    ) -> None:
        """Takes the next trial with all that belongs to it: they become durable together.

        `TypeError` or `ValueError` for what cannot be kept; nothing is taken then.
        """
        if trial.number != self._settled:
            raise ValueError(f"trial {trial.number} cannot settle: {self._settled} is the next")
        number, row = trial.number, trial_row(trial)
        chosen = {row[0]: row for row in [decision_row(decision, number) for decision in decisions]}
        earned = [reward_row(reward, number, place) for place, reward in enumerate(rewards)]
        made = {row[0]: row for row in [sample_row(sample, number) for sample in samples]}
        said = [verdict_row(verdict, number, place) for place, verdict in enumerate(verdicts)]
        if len(chosen) != len(decisions) or len(made) != len(samples):
            raise ValueError(f"trial {number} has two decisions for one step, or two samples with one index")
        with self._groups.lock:
            group = self._groups.open()
            group.trials.append(row)
            group.decisions.update(chosen)
            group.rewards += earned
            group.samples += made.values()
            group.verdicts += said
            self._groups.close_if_full()
        self._settled += 1
        self._cuts.discard(number)

    def keep_reply(self, row: ReplyRow, ended: Call | None = None) -> None:
        """Takes a reply, and with it the call that it ended: they become durable together."""
        with self._groups.lock:
            group = self._groups.open()
            group.replies.append(row)
            if ended is not None:
                group.calls[ended.id] = call_row(ended)
            self._groups.close_if_full()

    def replies(self, first_trial: int) -> Iterator[ReplyRow]:
        """The durable replies that trials from this one on, and stages (negative trials), have got so far."""
        return replies(self._reading, self.path, first_trial)

    def spent(self) -> list[SpentRow]:
        """What each model's calls came to so far, as far as it is known; those that were lost count with what was reserved."""
        statement = (
            "SELECT model, count(*), sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), sum(coalesce(nano_usd, 0))"
            " FROM call WHERE status <> 'cached' GROUP BY model"
        )
        return [SpentRow(*row) for row in self._all(statement)]

    def answered(self, model: str) -> dict[bytes, int]:
        """How often this model itself answered each request so far, by digest: as a fallback too, and not for another."""
        statement = (
            "SELECT digest, count(*) FROM reply JOIN call ON call.id = reply.call"
            " WHERE call.model = ? AND call.status = 'settled' GROUP BY digest"
        )
        return dict(self._all(statement, model))

    def samples(self) -> Iterator[AskedRow]:
        """How far the numbering of replies in a shared cache has come, by model and request."""
        statement = "SELECT model, digest, max(sample) + 1 FROM reply GROUP BY model, digest ORDER BY min(id)"
        return map(AskedRow._make, self._all(statement))

    def next_call_id(self) -> int:
        self._last_call += 1
        return self._last_call

    def enter_call(self, call: Call) -> None:
        """Writes the call down, in the place of what was written under its id before."""
        row = call_row(call)
        with self._groups.lock:
            self._groups.open().calls[call.id] = row

    def lose_open_calls(self) -> int:
        """Marks the calls that a killed process left open as lost. To be called before any call is entered."""
        with faults(self.path):
            return self._writing.execute("UPDATE call SET status = 'lost' WHERE status = 'open'").rowcount

    def event(self, kind: str, detail: Fields) -> None:
        row = (self._clock(), kind, to_json(detail, f"event {kind!r}"))
        with self._groups.lock:
            self._groups.open().events.append(row)

    def credits(self) -> dict[str, int]:
        """Amounts granted so far, by account."""
        return dict(self._credits)

    async def grant(self, credits: Mapping[str, int]) -> None:
        """Sets the granted amounts of these accounts; durable when it returns."""
        with self._groups.lock:
            self._groups.open().credits.update(credits)
        await self.flush()
        self._credits.update(credits)

    def get_meta(self, key: str, default: Json = None) -> Any:
        return self._meta.get(key, default)

    def set_meta(self, key: str, value: Json) -> None:
        text = to_json(value, f"meta {key!r}")
        with self._groups.lock:
            self._groups.open().meta[key] = text
        self._meta[key] = from_json(text)

    def stage(self, key: str) -> StageOutcome | None:
        """What the step of that key came to in this life or an earlier one; None if it has not ended yet."""
        if key not in self._stages:
            return None
        rows = self._all("SELECT key, name, outcome, at FROM stage WHERE key = ?", key)
        return next((StageOutcome(key, name, from_json(outcome), at) for key, name, outcome, at in rows), None)

    async def keep_stage(self, key: str, name: str, outcome: Json) -> None:
        """Durable when it returns."""
        row = (key, clean(name), to_json(outcome, f"what stage {name!r} came to"), self._clock())
        with self._groups.lock:
            self._groups.open().stages.append(row)
        await self.flush()
        self._stages.add(key)

    def cut(self, trial: int) -> list[Decision] | None:
        """What an unsettled trial had decided when it hit its deadline, in this life or an earlier one; None if it did not."""
        if trial not in self._cuts:
            return None
        ((decisions,),) = self._all("SELECT decisions FROM cut WHERE trial = ?", trial)
        return cut_decisions(decisions)

    async def keep_cut(self, trial: int, decisions: Sequence[Decision]) -> None:
        """Notes that the trial hit its deadline after these decisions; durable when it returns."""
        row = cut_row(trial, decisions, self._clock())
        with self._groups.lock:
            self._groups.open().cuts.append(row)
        await self.flush()
        self._cuts.add(trial)

    def decision(self, id: DecisionId) -> Decision | None:
        """A decision of a settled trial, durable or not yet."""
        self._groups.check()
        key = id.trial * SPAN + id.step
        with self._groups.lock:
            found = next((group.decisions[key] for group in self._groups.pending() if key in group.decisions), None)
        if found is None:
            found = next(iter(self._all(f"{DECISION.select} WHERE key = ?", key)), None)
        return None if found is None else DECISION.parse(found)

    def history(self, from_trial: int = 0) -> Iterator[SettledTrial]:
        """The durable trials from this one on, in order, a few in memory at a time."""
        return history(self._reading, self.path, from_trial)

    async def flush(self) -> None:
        """Returns when everything handed over before is durable."""
        await self._groups.flush()

    async def room(self) -> None:
        """Returns at once, unless so much waits for the disk that memory would grow."""
        await self._groups.room()

    def _all(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        with faults(self.path), closing(self._reading.execute(statement, arguments)) as cursor:
            return cursor.fetchall()

    def _one(self, statement: str) -> Any:
        return self._all(statement)[0][0]
