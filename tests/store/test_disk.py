"""Disks that are full, files that may not grow, folders that cannot be written: a typed error, and nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from loopwright.errors import StoreFull, StoreReadOnly
from loopwright.store.export import export
from loopwright.store.lock import hold
from loopwright.store.reader import RunReader
from loopwright.store.rows import TRIAL
from loopwright.store.writer import RunStore

Settle: TypeAlias = Callable[[RunStore, int], None]
Mount: TypeAlias = Callable[[str], Path]
Intact: TypeAlias = Callable[[Path], bool]


async def until_full(store: RunStore, settle: Settle) -> int:
    """Settles until the store says that it is full; returns how many trials it had said were durable before."""
    durable = store.settled()
    with pytest.raises(StoreFull, match="make room"):
        for n in range(durable, 1_000_000):
            settle(store, n)
            if n % 10 == 9:
                await store.flush()
                durable = n + 1
    with pytest.raises(StoreFull):
        settle(store, store.settled())
    with pytest.raises(StoreFull):
        await store.close()
    return durable


async def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(tmpfs: Mount, settle: Settle, intact: Intact) -> None:
    disk = tmpfs("1m")
    path = disk / "run.sqlite"
    durable = await until_full(RunStore.open(path), settle)
    assert durable > 20 and intact(path)
    with RunReader.open(path) as reader:
        assert reader.count(TRIAL) >= durable
    resize(disk, "8m")
    async with RunStore.open(path) as store:
        assert store.settled() >= durable
        for n in range(store.settled(), durable + 500):
            settle(store, n)
    assert intact(path)


async def test_a_file_size_limit_is_a_full_disk(tmp_path: Path, settle: Settle, intact: Intact) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, before[1]))
    try:
        durable = await until_full(RunStore.open(tmp_path / "run.sqlite"), settle)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert durable > 20 and intact(tmp_path / "run.sqlite")
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        assert store.settled() >= durable


def test_a_disk_that_is_read_only_can_be_read(tmpfs: Mount, run: Path) -> None:
    disk = tmpfs("8m")
    path = Path(shutil.copy(run, disk))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(StoreReadOnly, match="writable"), hold(disk):
        pass
    with pytest.raises(StoreReadOnly, match="writable"):
        RunStore.open(path)
    with pytest.raises(StoreReadOnly):
        RunStore.open(disk / "new.sqlite")
    with RunReader.open(path) as reader:
        assert reader.count(TRIAL) == 40
        with pytest.raises(StoreReadOnly):
            export(reader, "trial", disk / "trials.csv")


def test_an_export_that_does_not_fit_leaves_the_one_that_was_there(run: Path, tmpfs: Mount) -> None:
    disk = tmpfs("16k")
    file = disk / "samples.jsonl"
    file.write_text("whole\n")
    with RunReader.open(run) as reader:
        for form in ("jsonl", "csv", "parquet"):
            with pytest.raises(StoreFull):
                for _ in range(20):  # parquet is small
                    export(reader, "sample", file, form)
                    file.replace(disk / f"{len(list(disk.iterdir()))}.{form}")
                    file.write_text("whole\n")
            assert file.read_text() == "whole\n"
            assert not [draft for draft in disk.iterdir() if draft.name.startswith(".")]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can look into and only its owner can write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_a_user_without_the_right_to_write_is_told_so_and_may_read(open_folder: Path, run: Path, program: list[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can take another user's place, with setpriv")
    path = Path(shutil.copy(run, open_folder))
    other = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    held = subprocess.run([*other, *program, "write", open_folder, "9"], capture_output=True, text=True, check=False)
    assert held.returncode == 1 and "StoreReadOnly" in held.stderr and "make the folder" in held.stderr
    look = f"from pathlib import Path; from loopwright.store.reader import RunReader; r = RunReader.open(Path({str(path)!r}))"
    read = subprocess.run(
        [*other, sys.executable, "-c", f"{look}; print(len(r.trials().rows))"], capture_output=True, text=True, check=True
    )
    assert read.stdout == "40\n"
    write = f"from pathlib import Path; from loopwright.store.writer import RunStore; RunStore.open(Path({str(path)!r}))"
    written = subprocess.run([*other, sys.executable, "-c", write], capture_output=True, text=True, check=False)
    assert written.returncode == 1 and "StoreReadOnly" in written.stderr


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
