"""A reply cache that several runs share, one SQLite file of the user's choosing. Off unless it is asked for.

A reply is found by the content of the request, the model's block and a sample number: the same prompt asked twice in one run
stays two samples, and the next run finds both.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import NamedTuple

import orjson

from loopwright.errors import CallError, StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreTooNew
from loopwright.llm.messages import Reply
from loopwright.llm.outcome import dump, load
from loopwright.spec.blocks import ModelBlock

APPLICATION = 0x4C574343
VERSION = 1
BATCH = 500
BUSY_S = 30.0

_SCHEMA = (
    "CREATE TABLE reply (content BLOB NOT NULL, sample INTEGER NOT NULL, reply BLOB NOT NULL)",
    "CREATE UNIQUE INDEX reply_place ON reply (content, sample)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)


Row = tuple[bytes, int, bytes]


class Place(NamedTuple):
    """Where a reply is in the cache."""

    content: bytes
    sample: int


class ReplyCache:
    """The open file. Reading happens where it is called, writing in a thread of its own, in batches.

    `asked` is what earlier lives of this run have asked (model, digest, how often), so that its sample numbers go on where
    they left off.
    """

    def __init__(self, path: str | Path, asked: Iterable[tuple[str, bytes, int]] = ()) -> None:
        self.path = Path(path)
        self.asked = asked
        self._broken: StoreError | None = None
        self._reading = self._opened()
        self._queue: SimpleQueue[Row | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="reply-cache", daemon=True)
        self._writer.start()

    def __enter__(self) -> ReplyCache:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def find(self, place: Place) -> Reply | None:
        """The reply at that place, as one that was not paid for this time."""
        self._check()
        try:
            row = self._reading.execute("SELECT reply FROM reply WHERE content = ? AND sample = ?", place).fetchone()
            found = None if row is None else load(row[0])
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise self._named(error) from error
        if found is None or isinstance(found, CallError):
            return None
        return _unpaid(found)

    def put(self, place: Place, reply: Reply) -> None:
        """Adds a reply soon; one that is there already stays."""
        self._check()
        self._queue.put((*place, dump(reply)))

    def close(self) -> None:
        """Writes what is waiting."""
        if self._writer.is_alive():
            self._queue.put(None)
            self._writer.join()
        self._reading.close()
        self._check()

    def _check(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._named(error) from error
        try:
            self._prepare(connection)
        except (sqlite3.Error, StoreError) as error:
            connection.close()
            raise (self._named(error) if isinstance(error, sqlite3.Error) else error) from None
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Asked twice, for another process may have made it meanwhile.
        if not self._recognised(connection, "BEGIN") and not self._recognised(connection, "BEGIN IMMEDIATE", _SCHEMA):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -8192")

    def _recognised(self, connection: sqlite3.Connection, begin: str, otherwise: Sequence[str] = ()) -> bool:
        """Whether the file is a cache already. Where it is empty, runs what stands in `otherwise`; all as of one moment."""
        connection.execute(begin)
        application, version, tables = (
            connection.execute(query).fetchone()[0]
            for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema")
        )
        if application != APPLICATION and (application or tables):
            raise StoreCorrupt(f"{self.path} is not a reply cache: name another file under `cache`")
        if version > VERSION:
            raise StoreTooNew(f"the reply cache {self.path} was written by a newer Loopwright: upgrade, or name another file")
        for statement in otherwise if version == 0 else ():
            connection.execute(statement)
        connection.execute("COMMIT")
        return bool(version)

    def _write(self) -> None:
        try:
            connection = self._opened()
            try:
                while batch := self._batch():
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany("INSERT OR IGNORE INTO reply (content, sample, reply) VALUES (?, ?, ?)", batch)
                    connection.execute("COMMIT")
            finally:
                connection.close()
        except sqlite3.Error as error:
            self._broken = self._named(error)
        except StoreError as error:
            self._broken = error

    def _batch(self) -> Sequence[Row]:
        """What is waiting, at least one and at most a batch; nothing once the cache is closed."""
        batch: list[Row] = []
        while len(batch) < BATCH and not (batch and self._queue.empty()):
            item = self._queue.get()
            if item is None:
                self._queue.put(None)
                break
            batch.append(item)
        return batch

    def _named(self, error: Exception) -> StoreError:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith("SQLITE_FULL"):
            return StoreFull(f"no space left for the reply cache {self.path}: free some, then resume")
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return StoreReadOnly(f"the reply cache {self.path} cannot be written ({error}): make its folder writable")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR")):
            return StoreError(f"the reply cache {self.path} does not respond ({error}): see to its disk, then resume")
        return StoreCorrupt(f"the reply cache {self.path} is damaged ({error}): move it away, or name another file")


class Samples:
    """One run's use of the cache: which sample of a content it asks for next. Remembers every content that was asked."""

    def __init__(self, cache: ReplyCache, blocks: Iterable[ModelBlock]) -> None:
        self._cache = cache
        self._blocks = {block.id: _identity(block) for block in blocks}
        self._next: dict[bytes, int] = {}
        for model, digest, times in cache.asked:
            if model in self._blocks:
                content = self._content(model, digest)
                self._next[content] = max(self._next.get(content, 0), times)

    def place(self, model: str, digest: bytes) -> Place:
        """Where the next reply to this request is; each is asked for once."""
        content = self._content(model, digest)
        sample = self._next.get(content, 0)
        self._next[content] = sample + 1
        return Place(content, sample)

    def find(self, place: Place) -> Reply | None:
        return self._cache.find(place)

    def put(self, place: Place, reply: Reply) -> None:
        self._cache.put(place, reply)

    def _content(self, model: str, digest: bytes) -> bytes:
        return blake2b(self._blocks[model] + digest, digest_size=16).digest()


def _identity(block: ModelBlock) -> bytes:
    """What of a block decides who answers. The id is the spec's own word; the sampling parameters are in the request."""
    deciding = {"provider", "base_url", "token_param", "headers", "script", "cassette", "of"}
    fields = block.model_dump(mode="json", include=deciding) | {"model": block.name}
    return blake2b(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _unpaid(reply: Reply) -> Reply:
    provided = (reply.text, reply.model, reply.finish, reply.refusal, reply.usage, reply.logprobs)
    return Reply(*provided, reply.data, reply.latency_s, reply.attempts, True, 0)
