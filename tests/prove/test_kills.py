"""Kill it anywhere: a run that was killed comes to what an uninterrupted one comes to, row for row, and pays for it once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from kills import Tale, check_books, check_same, killed_run

from loopwright.runs.folder import RunFolder, all_runs


async def campaign(folder: Path, concurrency: int, kills: int, seed: int) -> Tale:
    rng = random.Random(seed)
    whole = await killed_run(folder / "whole", concurrency, 0, rng)
    assert whole.lives == 1
    reference = next(all_runs(folder / "whole" / "runs"))
    tale = await killed_run(folder / "killed", concurrency, kills, rng)
    run: RunFolder = next(all_runs(folder / "killed" / "runs"))
    check_same(run, reference)
    check_books(run, tale)
    assert tale.kills == kills
    assert tale.held_exit == 75
    return tale


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 8, 64])
async def test_a_run_killed_three_times_equals_the_uninterrupted_run(tmp_path: Path, concurrency: int) -> None:
    await campaign(tmp_path, concurrency, kills=3, seed=concurrency)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("concurrency", [1, 8, 64])
async def test_two_hundred_kills(tmp_path: Path, concurrency: int, seed: int) -> None:
    """12 runs of 17 kills: 204."""
    tale = await campaign(tmp_path, concurrency, kills=17, seed=100 * seed + concurrency)
    print(f"concurrency {concurrency}: {tale.kills} kills, settled at {tale.settled_at_kills}, {tale.calls_served} calls")
