"""Group commits: rows are gathered in memory and written by one thread, each group in one transaction.

What is durable is always a prefix of what was handed over: groups are written one after another, whole or not at all.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from loopwright.store.faults import beside, typed
from loopwright.store.rows import CALL, DECISION, REWARD, SAMPLE, TRIAL, VERDICT, Row

TRIALS_PER_GROUP = 50
REPLIES_PER_GROUP = 1000
"""So that a slow disk meets groups of bounded size, and `room` can count them."""
OLDEST_S = 0.1
"""A group is closed that long after its first row, which leaves its commit some of the 200 ms that are promised."""
PENDING_GROUPS = 4
WAL_BYTES = 64 * 1024 * 1024

_CALL_AGAIN = (
    CALL.insert
    + " ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in CALL.columns if name not in ("id", "trial"))
)
_REPLY = "INSERT INTO reply (trial, step, ordinal, model, digest, call, sample, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_EVENT = "INSERT INTO event (at, kind, detail) VALUES (?, ?, ?)"


@dataclass(slots=True)
class Group:
    """Rows that are committed together. `since` is when the first of them came."""

    since: float | None = None
    trials: list[Row] = field(default_factory=list)
    decisions: dict[int, Row] = field(default_factory=dict)
    rewards: list[Row] = field(default_factory=list)
    samples: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    calls: dict[int, Row] = field(default_factory=dict)
    replies: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    credits: dict[str, int] = field(default_factory=dict)
    stages: list[Row] = field(default_factory=list)
    cuts: list[Row] = field(default_factory=list)

    def write(self, connection: sqlite3.Connection) -> None:
        many = connection.executemany
        for statement, rows in (
            (TRIAL.insert, self.trials),
            (DECISION.insert, self.decisions.values()),
            (REWARD.insert, self.rewards),
            (SAMPLE.insert, self.samples),
            (VERDICT.insert, self.verdicts),
            (_CALL_AGAIN, self.calls.values()),
            (_REPLY, self.replies),
            (_EVENT, self.events),
            ("INSERT OR REPLACE INTO meta VALUES (?, ?)", self.meta.items()),
            ("INSERT OR REPLACE INTO credit VALUES (?, ?)", self.credits.items()),
            ("INSERT OR REPLACE INTO stage VALUES (?, ?, ?, ?)", self.stages),
            ("INSERT INTO cut VALUES (?, ?, ?)", self.cuts),
        ):
            if rows:
                many(statement, rows)


class Groups:
    """The open group, those that wait, and the thread that commits them. Only `lock` and `open` are for every row."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.lock = threading.Lock()
        self.failure: Exception | None = None
        self._connection = connection
        self._path = path
        self._wal = beside(path, "-wal")
        self._ready = threading.Condition(self.lock)
        self._open = Group()
        self._waiting: deque[Group] = deque()
        self._closed = 0
        self._durable = 0
        self._ending = False
        self._ended = False
        self._leaving: list[asyncio.Future[None]] = []
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._wal_limit = WAL_BYTES
        self._thread = threading.Thread(target=self._commit_all, name="store", daemon=True)
        self._thread.start()

    def open(self) -> Group:
        """The group that takes the next row. Called, and the row added, with the lock held."""
        group = self._open
        if group.since is None:
            self.check()
            if self._ending:
                raise RuntimeError("the store is closed")
            group.since = monotonic()
            self._ready.notify()
        return group

    def close_if_full(self) -> None:
        """With the lock held."""
        if len(self._open.trials) >= TRIALS_PER_GROUP or len(self._open.replies) >= REPLIES_PER_GROUP:
            self._close_open()

    def check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def pending(self) -> list[Group]:
        """What is not known to be durable, newest first. With the lock held."""
        return [self._open, *reversed(self._waiting)]

    async def flush(self) -> None:
        with self.lock:
            self._close_open()
            last = self._closed
        await self._until(last)

    async def room(self) -> None:
        """Waits while too many groups wait for the disk."""
        if len(self._waiting) > PENDING_GROUPS:
            await self._until(self._closed - PENDING_GROUPS)
        self.check()

    async def end(self) -> None:
        """Commits what is left and waits until the thread has closed the connection."""
        ended = None
        with self.lock:
            self._close_open()
            self._ending = True
            self._ready.notify()
            if not self._ended:
                ended = asyncio.get_running_loop().create_future()
                self._leaving.append(ended)
        if ended is not None:
            await ended
        self._thread.join()  # it has nothing left to do
        self.check()

    async def _until(self, number: int) -> None:
        with self.lock:
            self.check()
            if self._durable >= number:
                return
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((number, waiter))
        await waiter
        self.check()

    def _close_open(self) -> None:
        if self._open.since is not None and self.failure is None:
            self._waiting.append(self._open)
            self._closed += 1
            self._open = Group()
            self._ready.notify()

    def _commit_all(self) -> None:
        try:
            while (group := self._next()) is not None:
                self._commit(group)
                self._bound_wal()
                self._reached()
            with suppress(sqlite3.OperationalError):
                self._checkpoint()
        except Exception as error:
            self._fail(typed(error, self._path))
        finally:
            self._connection.close()
            with self.lock:
                self._ended = True
            _wake(self._leaving)

    def _next(self) -> Group | None:
        with self._ready:
            while not self._waiting and not self._ending:
                if self._open.since is None:
                    self._ready.wait()
                elif (left := self._open.since + OLDEST_S - monotonic()) > 0:
                    self._ready.wait(left)
                else:
                    self._close_open()
            return self._waiting[0] if self._waiting else None

    def _commit(self, group: Group) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            group.write(self._connection)
            execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                execute("ROLLBACK")
            raise

    def _bound_wal(self) -> None:
        if _size(self._wal) > self._wal_limit:
            self._checkpoint()
            self._wal_limit = WAL_BYTES + _size(self._wal)

    def _checkpoint(self) -> None:
        """Readers close on each other's heels keep the log from ever starting anew: wait for them, but not for long."""
        self._connection.execute("PRAGMA busy_timeout = 200")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.execute("PRAGMA busy_timeout = 30000")

    def _reached(self) -> None:
        with self.lock:
            self._waiting.popleft()
            self._durable += 1
            due = [waiter for number, waiter in self._waiters if number <= self._durable]
            self._waiters = [pair for pair in self._waiters if pair[0] > self._durable]
        _wake(due)

    def _fail(self, failure: Exception) -> None:
        with self.lock:
            self.failure = failure
            self._waiting.clear()
            self._open = Group()
            due, self._waiters = [waiter for _, waiter in self._waiters], []
        _wake(due)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        with suppress(RuntimeError):  # its loop is gone, and whoever waited with it
            waiter.get_loop().call_soon_threadsafe(_let_on, waiter)


def _let_on(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
