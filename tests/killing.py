"""Real runs that are killed at work, at a point of their own progress: by the clock, a fast machine is done before the kill."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

HELD = """
import signal, sys
from loopwright.cli import main
from loopwright.store.writer import RunStore

last, settle = int(sys.argv[1]), RunStore.settle

def held(store, *rest, **named):
    if store.settled() == last:
        signal.pause()
    settle(store, *rest, **named)

RunStore.settle = held
main(sys.argv[2:])
"""
"""The program, but that it stands still before it settles one trial more than it may. All else of it goes on meanwhile."""


def killed_after(trials: int, folder: Path, *words: str, runs: str = "runs/*") -> None:
    """Starts the program in the folder, and kills it once so many trials of the run are durable and others under way."""
    command = [sys.executable, "-c", HELD, str(trials), *words]
    deadline = time.monotonic() + 60
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while settled(folder, runs) < trials:
                assert process.poll() is None, f"it ended with {process.returncode} before {trials} trials had settled"
                assert time.monotonic() < deadline, f"{trials} trials did not settle within a minute"
                time.sleep(0.005)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    assert settled(folder, runs) == trials


def settled(folder: Path, runs: str = "runs/*") -> int:
    """How many trials of the only run are durable; 0 before there is one."""
    for store in folder.glob(f"{runs}/run.sqlite"):
        with (
            contextlib.suppress(sqlite3.OperationalError),  # its tables are not there yet
            contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection,
        ):
            return int(connection.execute("SELECT count(*) FROM trial").fetchone()[0])
    return 0
