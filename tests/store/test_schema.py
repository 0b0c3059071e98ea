"""Stores of other versions: an older one is brought up to date, a newer one is refused and left as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loopwright.errors import RunNotFound, StoreCorrupt, StoreError, StoreTooNew
from loopwright.store.reader import RunReader
from loopwright.store.schema import APPLICATION_ID, Migration, latest, migrate, migrations
from loopwright.store.writer import RunStore


def change(path: Path, statement: str) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(run: Path) -> None:
    content = change(run, f"PRAGMA user_version = {latest() + 1}")
    for opened in (RunStore.open, RunReader.open):
        with pytest.raises(StoreTooNew, match="upgrade"):
            opened(run)
    assert run.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    content = change(path, "CREATE TABLE theirs (a)")
    with pytest.raises(StoreCorrupt, match="another program"):
        RunStore.open(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("statement", ["PRAGMA user_version = 0", "VACUUM"])
async def test_a_store_whose_creation_was_cut_short_is_created_anew(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "run.sqlite"
    path.touch()
    change(path, statement)
    with pytest.raises(StoreError, match="nothing has been written"):
        RunReader.open(path)
    async with RunStore.open(path) as store:
        assert store.settled() == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (latest(),)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [step.number for step in migrations()] == list(range(1, latest() + 1))


def test_a_migration_is_applied_whole_or_not_at_all(run: Path) -> None:
    better = Migration(latest() + 1, "ALTER TABLE meta ADD COLUMN better TEXT;")
    broken = Migration(latest() + 2, "ALTER TABLE meta ADD COLUMN worse TEXT; INSERT INTO nowhere VALUES (1);")
    with closing(sqlite3.connect(run, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, (*migrations(), better, broken))
        columns = [row[1] for row in connection.execute("PRAGMA table_info(meta)")]
        assert columns == ["key", "value", "better"]
        assert connection.execute("PRAGMA user_version").fetchone() == (latest() + 1,)
        assert connection.execute("SELECT count(*) FROM trial").fetchone() == (40,)


def test_rewards_of_the_first_version_count_once(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, migrations()[:1])
        connection.execute("INSERT INTO reward VALUES (0, 0, 0, 0.5, 1.0, '{}', 0)")
        migrate(connection, migrations())
        assert connection.execute("SELECT value, weight FROM reward").fetchall() == [(0.5, 1.0)]


def test_where_no_run_is_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound):
        RunReader.open(tmp_path / "run.sqlite")
    with pytest.raises(StoreError, match="no folder"):
        RunStore.open(tmp_path / "nowhere" / "run.sqlite")
