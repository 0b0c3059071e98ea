"""Kill it anywhere, cut its log anywhere: what is there is a whole prefix of what was handed over."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.errors import RunHeld, StoreCorrupt, StoreError
from loopwright.store.compare import differences
from loopwright.store.lock import hold
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import TABLES
from loopwright.store.writer import RunStore

Intact = Callable[[Path], bool]


def kill_at(command: list[str | Path], progress: int, alive: Callable[[], None]) -> int:
    """Kills the process once it has said that many lines; returns how many trials it last said were durable."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [int(process.stdout.readline()) for _ in range(progress)]
        alive()
        assert process.poll() is None
        process.kill()
        rest = process.stdout.read().split()
        assert process.wait() == -9
    return max(said + [int(line) for line in rest[:-1]])


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_equals_one_that_is_not(
    tmp_path: Path, program: list[str], intact: Intact
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    rng = random.Random(5)
    durable = 0

    def held() -> None:
        with pytest.raises(RunHeld), hold(killed):
            pass

    for _ in range(8):
        said = kill_at([*program, "write", killed, "1000000"], rng.randrange(1, 12), held)
        assert intact(killed / "run.sqlite")
        with RunReader.open(killed / "run.sqlite") as reader:
            count = reader.count(TABLES["trial"])
            assert said <= count and durable <= count
            # the call of a trial was handed over before the trial, so it cannot be missing where the trial is not
            settled = {call.trial for call in reader.calls(Where(status="settled"), limit=10**6).rows}
            assert settled >= set(range(count))
        with closing(sqlite3.connect(killed / "run.sqlite")) as store:
            parted = "SELECT count(*) FROM call WHERE status = 'settled' AND id NOT IN (SELECT call FROM reply)"
            assert store.execute(parted).fetchone() == (0,)
            durable = count
    for folder in (killed, whole):
        subprocess.run([*program, "write", folder, str(durable + 20)], check=True, capture_output=True)
    with RunReader.open(killed / "run.sqlite") as a, RunReader.open(whole / "run.sqlite") as b:
        assert list(differences(a, b)) == []
        assert a.count(TABLES["trial"]) == durable + 20


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory, program: list[str]) -> Path:
    """A store whose process went away without closing it: nearly all is in the log."""
    folder = tmp_path_factory.mktemp("left")
    subprocess.run([*program, "abandon", folder, "60"], check=True, capture_output=True)
    assert (folder / "run.sqlite-wal").stat().st_size > 40_000
    return folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_log_cut_at_any_byte_opens_to_a_prefix(data: st.DataObject, left: Path, tmp_path: Path, intact: Intact) -> None:
    log = (left / "run.sqlite-wal").read_bytes()
    cut = data.draw(st.integers(0, len(log)))
    path = copied(left / "run.sqlite", tmp_path)
    (tmp_path / "run.sqlite-wal").write_bytes(log[:cut])
    async with RunStore.open(path) as store:
        told = list(store.history())
        assert store.settled() == len(told)
    assert intact(path)
    with RunReader.open(path) as reader, RunReader.open(left / "run.sqlite") as whole:
        assert all(difference.left is None for difference in differences(reader, whole))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_changed(data: st.DataObject, run: Path, tmp_path: Path) -> None:
    content = bytearray(run.read_bytes())
    # most flips hit the pages' heads, where they hurt
    page = data.draw(st.integers(0, len(content) // 4096 - 1)) * 4096
    for place in data.draw(st.lists(st.one_of(st.integers(0, 120), st.integers(0, 4095)), min_size=1, max_size=4)):
        content[page + place] ^= data.draw(st.integers(1, 255))
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "run.sqlite"
    path.write_bytes(content)
    try:
        with RunReader.open(path) as reader:
            for table in TABLES.values():
                reader.page(table, limit=1000)
            list(reader.history())
    except StoreError:
        pass
    assert path.read_bytes() == content
    try:
        store = RunStore.open(path)
    except StoreError:
        assert path.read_bytes() == content
    else:
        asyncio.run(read_and_close(store))
        assert path.stat().st_size >= len(content)


async def read_and_close(store: RunStore) -> None:
    with suppress(StoreError):
        list(store.history())
    with suppress(StoreError):
        await store.close()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look at" * 200, b"SQLite format 3\0" + b"\1" * 5000, b"x"]
)
def test_a_file_that_is_no_store_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    path.write_bytes(content)
    for opened in (RunStore.open, RunReader.open):
        with pytest.raises(StoreCorrupt, match="restore"):
            opened(path)
    assert path.read_bytes() == content


def copied(store: Path, folder: Path) -> Path:
    for suffix in ("", "-wal", "-shm"):
        (folder / f"run.sqlite{suffix}").unlink(missing_ok=True)
    return Path(shutil.copy(store, folder / "run.sqlite"))
