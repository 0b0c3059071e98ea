"""Opens a run's SQLite file: checks that it is one and not newer than this code, and brings an older one up to date."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from loopwright.errors import RunNotFound, StoreError, StoreTooNew
from loopwright.store.faults import beside, corrupt, faults

APPLICATION_ID = int.from_bytes(b"loop")
BUSY_S = 30.0
_SMALLEST = 512
Mode = Literal["ro", "rwc"]


class Migration(NamedTuple):
    number: int
    sql: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All of them, numbered 1, 2, 3, ... without a gap."""
    scripts = sorted(
        (file for file in files("loopwright.store.migrations").iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return tuple(Migration(int(file.name[1:5]), file.read_text(encoding="utf-8")) for file in scripts)


def latest() -> int:
    return migrations()[-1].number


def create_or_migrate(path: Path) -> sqlite3.Connection:
    """The connection of the single writer. A file that is not ours, or newer than this code, is left as it is."""
    fresh = not path.exists()
    if not fresh:
        examine(path)
    with faults(path):
        connection = connect(path, "rwc")
        try:
            _prepare(connection)
            migrate(connection, migrations())
            if fresh:
                sync_folder(path.parent)
        except BaseException:
            connection.close()
            raise
    return connection


def connect(path: Path, mode: Mode, *, immutable: bool = False) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}" + ("&immutable=1" if immutable else "")
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. In a folder that cannot be written either, only a store at rest can be read."""
    if not path.is_file():
        raise RunNotFound(f"{path}: there is no run store here")
    with faults(path):
        connection = connect(path, "ro", immutable=_at_rest_for_good(path))
        try:
            connection.execute("PRAGMA query_only = ON")
            _check(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def examine(path: Path) -> int:
    """The version of an existing store; 0 is one whose creation never ended.

    SQLite itself does the looking: were the file opened and closed beside it, the locks of this process would be gone.
    """
    with closing(connect_to_read(path)) as connection, faults(path):
        return _version(connection)


def migrate(connection: sqlite3.Connection, steps: Sequence[Migration]) -> None:
    """Applies what is missing, each step in a transaction of its own."""
    version = _version(connection)
    for step in steps:
        if step.number <= version:
            continue
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{step.sql}\nPRAGMA application_id = {APPLICATION_ID};\n"
                f"PRAGMA user_version = {step.number};\nCOMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def require_current(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version == 0:
        raise StoreError(f"{path}: nothing has been written to it yet; if its run is not under way, start it again")
    if version < latest():
        raise StoreError(f"{path}: it has version {version} of the tables; resume the run once to bring its store up to date")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -1024")  # kilobytes; the system keeps the pages anyway
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 67108864")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if 0 < path.stat().st_size < _SMALLEST:
        raise corrupt(path, "it is too short")  # SQLite would take it for an empty one
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    version = _version(connection)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (owner or version or tables):
        raise corrupt(path, "another program made it")
    if version > latest():
        raise StoreTooNew(
            f"{path}: written by a newer Loopwright (tables of version {version}, this one knows {latest()}); "
            "upgrade Loopwright"
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _at_rest_for_good(path: Path) -> bool:
    return not os.access(path.parent, os.W_OK) and not beside(path, "-wal").exists()


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
