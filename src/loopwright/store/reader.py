"""Reads a run's store, also while it is being written, page by page; it never writes and never makes the writer wait."""

# ruff: noqa: S608 (only names of our own stand in the statements; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from loopwright.records import Call, Decision, Event, Reward, Sample, TrialRecord, Verdict
from loopwright.store.faults import faults
from loopwright.store.history import SettledTrial, history
from loopwright.store.rows import (
    CALL,
    DECISION,
    EVENT,
    REWARD,
    SAMPLE,
    SPAN,
    TRIAL,
    VERDICT,
    Row,
    StageOutcome,
    Table,
)
from loopwright.store.schema import connect_to_read, examine, require_current
from loopwright.store.values import from_json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Where:
    """What the rows of a page have in common; None is anything. A condition that a table does not know is an error."""

    trial: int | None = None
    arm: str | None = None
    accepted: bool | None = None
    failed: bool | None = None
    validator: str | None = None
    passed: bool | None = None
    model: str | None = None
    status: str | None = None
    kind: str | None = None


ANY = Where()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and what to pass as `after` to get those that follow; None when there are none."""

    rows: list[T]
    next: int | None


_IN_TRIAL = f"key BETWEEN :trial * {SPAN} AND :trial * {SPAN} + {SPAN - 1}"
_CHOSEN = f"SELECT 1 FROM decision WHERE key BETWEEN {{0}} * {SPAN} AND {{0}} * {SPAN} + {SPAN - 1} AND arm = :arm"
_CONDITIONS: dict[str, dict[str, str]] = {
    "trial": {
        "trial": "number = :trial",
        "arm": f"EXISTS ({_CHOSEN.format('trial.number')})",
        "failed": "(failure_kind IS NOT NULL) = :failed",
    },
    "decision": {"trial": _IN_TRIAL, "arm": "arm = :arm"},
    "reward": {
        "trial": f"(({_IN_TRIAL} AND trial = :trial) OR (trial = :trial AND settled_by <> trial))",
        "arm": f"EXISTS (SELECT 1 FROM decision WHERE key = reward.trial * {SPAN} + reward.step AND arm = :arm)",
    },
    "sample": {
        "trial": _IN_TRIAL,
        "arm": f"EXISTS ({_CHOSEN.format('sample.trial')} AND decision.step = coalesce(sample.step, decision.step))",
        "accepted": "accepted = :accepted",
    },
    "verdict": {"trial": _IN_TRIAL, "validator": "validator = :validator", "passed": "passed = :passed"},
    "call": {"trial": "trial = :trial", "model": "model = :model", "status": "status = :status"},
    "event": {"kind": "kind = :kind"},
}


class RunReader:
    """One open view of a run's store. Every question is a short transaction of its own; use it from one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> RunReader:
        connection = connect_to_read(path)
        try:
            require_current(connection, path)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> RunReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def trials(
        self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False
    ) -> Page[TrialRecord]:
        return self.page(TRIAL, where, after=after, limit=limit, newest=newest)

    def decisions(
        self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False
    ) -> Page[Decision]:
        return self.page(DECISION, where, after=after, limit=limit, newest=newest)

    def rewards(self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False) -> Page[Reward]:
        return self.page(REWARD, where, after=after, limit=limit, newest=newest)

    def samples(self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False) -> Page[Sample]:
        return self.page(SAMPLE, where, after=after, limit=limit, newest=newest)

    def verdicts(
        self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False
    ) -> Page[Verdict]:
        return self.page(VERDICT, where, after=after, limit=limit, newest=newest)

    def calls(self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False) -> Page[Call]:
        return self.page(CALL, where, after=after, limit=limit, newest=newest)

    def events(self, where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False) -> Page[Event]:
        return self.page(EVENT, where, after=after, limit=limit, newest=newest)

    def page(
        self, table: Table[T], where: Where = ANY, *, after: int | None = None, limit: int = 100, newest: bool = False
    ) -> Page[T]:
        """In the order of the run, or newest first."""
        rows = self._page(table, where, after, limit, newest)
        return Page([table.parse(row) for row in rows], rows[-1][0] if len(rows) == limit else None)

    def count(self, table: Table[Any], where: Where = ANY) -> int:
        condition, values = conditions(table, where)
        (number,) = self.query(f"SELECT count(*) FROM {table.name} WHERE {condition}", values)[0]
        return int(number)

    def rows(self, table: Table[Any], where: Where = ANY, last: int | None = None) -> Iterator[Row]:
        """All rows, up to the last key, as they stand in the file; a thousand in memory at a time."""
        after: int | None = None
        while rows := self._page(table, where, after, 1000, False):
            for row in rows:
                if last is not None and row[0] > last:
                    return
                yield row
            after = rows[-1][0]

    def last(self, table: Table[Any]) -> int:
        """The highest key so far."""
        (key,) = self.query(f"SELECT coalesce(max({table.key}), -1) FROM {table.name}")[0]
        return int(key)

    def one(self, table: Table[T], key: int) -> T | None:
        rows = self.query(f"{table.select} WHERE {table.key} = :key", {"key": key})
        return table.parse(rows[0]) if rows else None

    def history(self, from_trial: int = 0) -> Iterator[SettledTrial]:
        return history(self._connection, self.path, from_trial)

    def meta(self) -> dict[str, Any]:
        return {key: from_json(value) for key, value in self.query("SELECT key, value FROM meta ORDER BY key")}

    def count_stages(self) -> int:
        ((number,),) = self.query("SELECT count(*) FROM stage")
        return int(number)

    def stages(self, limit: int) -> list[StageOutcome]:
        """The first that ended."""
        rows = self.query("SELECT key, name, outcome, at FROM stage ORDER BY at, key LIMIT :limit", {"limit": limit})
        return [StageOutcome(key, name, from_json(outcome), at) for key, name, outcome, at in rows]

    def credits(self) -> dict[str, int]:
        return dict(self.query("SELECT account, granted FROM credit ORDER BY account"))

    def query(self, statement: str, values: dict[str, Any] | None = None) -> list[Row]:
        """The answer to a statement that selects, whole."""
        with faults(self.path), closing(self._connection.execute(statement, values or {})) as cursor:
            return cursor.fetchall()

    def _page(self, table: Table[Any], where: Where, after: int | None, limit: int, newest: bool) -> list[Row]:
        condition, values = conditions(table, where)
        if after is not None:
            condition += f" AND {table.key} {'<' if newest else '>'} :after"
        order = "DESC" if newest else "ASC"
        statement = f"{table.select} WHERE {condition} ORDER BY {table.key} {order} LIMIT :limit"
        return self.query(statement, {**values, "after": after, "limit": limit})


def noted(path: Path) -> dict[str, Any]:
    """What is noted of a run in `meta`, whatever earlier version its store has; nothing where there is no store yet."""
    if not path.is_file() or examine(path) == 0:
        return {}
    with closing(connect_to_read(path)) as connection:
        return RunReader(path, connection).meta()


def conditions(table: Table[Any], where: Where) -> tuple[str, dict[str, Any]]:
    """The SQL condition and its values."""
    values = {field.name: value for field in fields(where) if (value := getattr(where, field.name)) is not None}
    known = _CONDITIONS[table.name]
    if unknown := values.keys() - known.keys():
        raise ValueError(f"rows of {table.name} cannot be chosen by {', '.join(sorted(unknown))}")
    return " AND ".join(known[name] for name in values) or "1", values
