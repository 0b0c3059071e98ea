"""The lock: one process per run, and none once it is dead."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from loopwright.errors import RunHeld
from loopwright.store.lock import hold


@pytest.fixture
def holder(tmp_path: Path, program: list[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen([*program, "hold", tmp_path, "0"], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_holds_the_run(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with holder:
        assert holder.poll() is None
        with pytest.raises(RunHeld, match=f"process {holder.pid} on ") as refused, hold(tmp_path):
            pass
        assert refused.value.exit_code == 75
        assert holder.poll() is None
        holder.communicate("")
    with hold(tmp_path):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with holder:
        holder.kill()
        holder.wait()
        with hold(tmp_path):
            pass


def test_one_process_cannot_hold_a_run_twice(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(RunHeld, match=f"process {os.getpid()}"), hold(tmp_path):
        pass


def test_a_forked_child_does_not_hold_the_run_of_a_killed_parent(tmp_path: Path, program: list[str]) -> None:
    with subprocess.Popen([*program, "fork", tmp_path, "0"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        try:
            assert parent.poll() is None
            with pytest.raises(RunHeld), hold(tmp_path):
                pass
            parent.kill()
            parent.wait()
            os.kill(child, 0)
            with hold(tmp_path):
                os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)
