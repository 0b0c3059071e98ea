"""A long run takes no more memory than a short one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, gc, runpy, sys
from pathlib import Path
from loopwright.store.writer import RunStore

settle = runpy.run_path(sys.argv[1])["settle"]


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def main():
    async with RunStore.open(Path(sys.argv[2]) / "run.sqlite") as store:
        for n in range(100_000):
            settle(store, n)
            if n % 20 == 0:
                await store.room()
            if n == 20_000:
                before = resident()
        print(resident() - before)
        before = resident()
        assert sum(1 for _ in store.history()) > 99_000
        print(resident() - before)


asyncio.run(main())
"""


@pytest.mark.slow
def test_memory_stays_flat_over_a_hundred_thousand_trials(tmp_path: Path, program: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, program[1], tmp_path], capture_output=True, text=True, check=True)
    assert all(int(grown) < 20_000_000 for grown in done.stdout.split()), done.stdout
