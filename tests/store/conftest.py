"""What the store's tests share: a program that writes deterministic trials, in this process or in one of its own."""

from __future__ import annotations

import runpy
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest

from loopwright.store.reader import RunReader
from loopwright.store.writer import RunStore

Settle: TypeAlias = Callable[[RunStore, int], None]

PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture(scope="session")
def settle() -> Settle:
    """Settles one deterministic trial."""
    function: Settle = runpy.run_path(str(PROGRAM))["settle"]
    return function


@pytest.fixture(scope="session")
def program() -> list[str]:
    """The command line that runs the same in another process: add a verb, a folder and a count."""
    return [sys.executable, str(PROGRAM)]


@pytest.fixture(scope="session")
def forty(tmp_path_factory: pytest.TempPathFactory, program: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("forty")
    subprocess.run([*program, "write", folder, "40"], check=True, capture_output=True)
    return folder / "run.sqlite"


@pytest.fixture
def run(forty: Path, tmp_path: Path) -> Path:
    """The store of a run of 40 trials, at rest."""
    return Path(shutil.copy(forty, tmp_path))


@pytest.fixture
def reader(run: Path) -> Iterator[RunReader]:
    with RunReader.open(run) as reader:
        yield reader


@pytest.fixture(scope="session")
def intact() -> Callable[[Path], bool]:
    """Whether SQLite finds the file sound and nothing of an unsettled trial in it."""

    def look(path: Path) -> bool:
        with closing(sqlite3.connect(path)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            (count, first, last) = connection.execute("SELECT count(*), min(number), max(number) FROM trial").fetchone()
            strays = [
                connection.execute(f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT number FROM trial)").fetchone()[
                    0
                ]
                for table, column in (
                    ("decision", "trial"),
                    ("reward", "settled_by"),
                    ("sample", "trial"),
                    ("verdict", "trial"),
                )
            ]
        return sound and (count == 0 or (first, last) == (0, count - 1)) and not any(strays)

    return look
