"""No cap is passed, however often a run is killed: the server, which counts for itself, never sees more calls than allowed."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

import pytest
from kills import DELAY, STEPS, TRIALS, begin, check_same, killed_run, write_spec

from loopwright.llm.practice import PracticeServer
from loopwright.runs.folder import RunFolder, all_runs

CAP = 150


async def spend_up(folder: Path, concurrency: int, rng: random.Random) -> tuple[int, int, RunFolder]:
    """Kills a run with a tight cap again and again until the cap ends it; then lets it go on without one."""
    kills = 0
    async with PracticeServer(delay=DELAY[concurrency], keep=False) as server:
        file = write_spec(folder, server.url, concurrency)
        while True:
            process = await begin(file, "--set", f"budget.calls={CAP}")
            moments = rng.randrange(40, 200)
            while moments and process.returncode is None:
                moments -= 1
                await asyncio.sleep(0.01)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            await process.communicate()
            assert server.calls <= CAP
            if process.returncode == 3:
                break
            assert process.returncode == -signal.SIGKILL
        served = server.calls
        process = await begin(file, "--set", "budget.calls=100000")
        await process.communicate()
        assert process.returncode == 0
    return served, kills, next(all_runs(folder / "runs"))


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [8, 64])
async def test_a_killed_run_never_passes_its_cap_and_goes_on_to_the_same_result(tmp_path: Path, concurrency: int) -> None:
    await killed_run(tmp_path / "whole", concurrency, 0, random.Random(0))
    served, _, run = await spend_up(tmp_path / "capped", concurrency, random.Random(concurrency))
    assert 0 < served <= CAP < TRIALS[concurrency] * STEPS
    check_same(run, next(all_runs(tmp_path / "whole" / "runs")))
