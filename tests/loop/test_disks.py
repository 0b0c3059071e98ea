"""A run on a disk that fills up or cannot be written to ends with a clear error, and goes on once there is room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.runs.folder import RunFolder, all_runs
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start
from loopwright.store.compare import differences
from loopwright.store.reader import RunReader

SPEC = "workflow: toy\nitems: 4000\nwindow: 32\npolicy: {{epsilon_greedy: 0.1}}\noutput: {}\n"


def write(folder: Path, output: Path) -> Path:
    file = folder / "toy.yaml"
    file.write_text(SPEC.format(output))
    return file


def run(file: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "loopwright", "run", str(file), "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def same(ours: RunFolder, theirs: RunFolder) -> bool:
    with RunReader.open(ours.store) as a, RunReader.open(theirs.store) as b:
        return not list(differences(a, b))


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(tmp_path: Path, tmpfs: Callable[[str], Path]) -> None:
    disk = tmpfs("2m")
    file = write(tmp_path, disk / "runs")
    stopped = run(file)
    assert stopped.returncode == 1
    assert "no room" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    resumed = run(file)
    assert resumed.returncode == 0, resumed.stderr
    whole = start(Start(file, sets=(f"output={tmp_path / 'whole'}",)), Unwatched())
    assert same(next(all_runs(disk / "runs")), whole.folder)


@pytest.mark.slow
def test_a_file_size_limit_is_said_like_a_full_disk(tmp_path: Path) -> None:
    stopped = run(write(tmp_path, tmp_path / "runs"), "prlimit", "--fsize=600000")
    assert stopped.returncode == 1
    assert "no room" in stopped.stderr
    assert run(tmp_path / "toy.yaml").returncode == 0


def test_a_read_only_folder_is_a_clear_error(tmp_path: Path, tmpfs: Callable[[str], Path]) -> None:
    disk = tmpfs("2m")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    refused = run(write(tmp_path, disk / "runs"))
    assert refused.returncode == 1
    assert str(disk) in refused.stderr
    assert "Read-only" in refused.stderr


@pytest.mark.slow
def test_a_second_process_is_turned_away_while_the_first_is_alive(tmp_path: Path) -> None:
    file = tmp_path / "toy.yaml"
    file.write_text(f"workflow: toy\nitems: 1\nsleep_s: 60\noutput: {tmp_path / 'runs'}\n")
    command = [sys.executable, "-m", "loopwright", "run", str(file), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        try:
            while not list(all_runs(tmp_path / "runs")) and first.poll() is None:
                pass
            second = run(file)
            assert first.poll() is None
            assert second.returncode == 75
            assert str(first.pid) in second.stderr
        finally:
            first.kill()
