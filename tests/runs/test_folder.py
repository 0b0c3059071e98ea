"""No word of a user leads out of the folder that holds the runs, unless it is itself the path of a run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopwright.errors import LoopwrightError, RunNotFound, StoreError, StoreFull, StoreReadOnly
from loopwright.runs.folder import RunFolder, find, named


@given(st.text(max_size=80))
@example("..")
@example("../../etc")
@example("/etc/passwd")
@example("a/../../b")
@example("nul\0byte")
@example("x" * 80)
def test_a_name_stays_under_its_root_or_is_refused(name: str) -> None:
    root = Path("/tmp/some/runs")
    try:
        folder = named(root, name, "0123456789abcdef")
    except LoopwrightError:
        return
    assert folder.path.parent == root.resolve()


@given(st.text(max_size=80))
@example("../../etc")
@example("nul\0byte")
def test_a_word_finds_a_run_or_nothing(word: str) -> None:
    with pytest.raises(RunNotFound):
        find(Path("/tmp/there/are/no/runs"), word)


def test_what_a_resume_needs_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file before it gets its name, then the folders in which names are new."""
    synced: list[Path] = []
    sync = os.fsync

    def watched(handle: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")))  # noqa: PTH115
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    folder = RunFolder(tmp_path / "runs" / "toy")
    folder.create()
    assert set(synced) == {tmp_path, tmp_path / "runs"}
    synced.clear()
    folder.write(folder.spec, b"workflow: toy\n")
    assert synced == [folder.path / "spec.yaml.partial", folder.path]


def test_a_full_disk_is_called_full_and_keeps_the_file_that_was_there(tmpfs: Callable[[str], Path]) -> None:
    folder = RunFolder(tmpfs("16k") / "toy")
    folder.create()
    folder.write(folder.spec, b"old")
    with pytest.raises(StoreFull, match="make room"):
        folder.write(folder.spec, b"x" * 100_000)
    assert [file.name for file in folder.path.iterdir()] == ["spec.yaml"]
    assert folder.spec.read_bytes() == b"old"


def test_a_disk_without_room_for_a_folder_is_called_full(tmpfs: Callable[[str], Path]) -> None:
    disk = tmpfs("16k,nr_inodes=2")
    (disk / "one").touch()
    with pytest.raises(StoreFull):
        RunFolder(disk / "runs" / "toy").create()


def test_a_disk_that_is_read_only_is_called_so(tmpfs: Callable[[str], Path]) -> None:
    disk = tmpfs("16k")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(StoreReadOnly, match="writable"):
        RunFolder(disk / "toy").create()
    with pytest.raises(StoreReadOnly, match="writable"):
        RunFolder(disk).write(disk / "spec.yaml", b"")


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(StoreError, match="runs"):
        RunFolder(tmp_path / "runs" / "toy").create()
    (tmp_path / "spec.yaml").mkdir()
    with pytest.raises(StoreError, match="directory"):
        RunFolder(tmp_path).write(tmp_path / "spec.yaml", b"")
