"""What the loop and the store cost per trial: the toy without a model, at 100,000 trials, beside a bare asyncio loop.

The bare loop makes a task per trial, as ours must, and settles nothing: the ratio is what order, policy and store cost.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

from loopwright.runs.live import Live, Unwatched
from loopwright.runs.start import Start, start

SPEC = """\
workflow: toy
items: {items}
steps: 1
window: 64
policy: {{epsilon_greedy: 0.1}}
output: {output}
"""


class Growth(Unwatched):
    """Notes the process's memory after 5,000 trials."""

    def __init__(self) -> None:
        self.early = 0.0

    async def watch(self, live: Live) -> None:
        while live.progress.settled < 5000:
            await asyncio.sleep(0.01)
        self.early = rss()


def rss() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def bare(trials: int) -> None:
    async def nothing() -> None:
        await asyncio.sleep(0)

    for _ in range(trials // 64):
        await asyncio.gather(*(nothing() for _ in range(64)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="changes nothing here: there are no peers")
    parser.add_argument("--trials", type=int, default=100_000)
    options = parser.parse_args()
    started = time.process_time()
    asyncio.run(bare(options.trials))
    floor = (time.process_time() - started) / options.trials * 1e6
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "toy.yaml"
        spec.write_text(SPEC.format(items=options.trials, output=Path(folder) / "runs"))
        growth = Growth()
        started, wall = time.process_time(), time.perf_counter()
        result = start(Start(spec), growth)
        cpu, wall = time.process_time() - started, time.perf_counter() - wall
        assert result.progress.settled == options.trials
        size = result.folder.store.stat().st_size / 1e6
    per_trial = cpu / options.trials * 1e6
    print(f"{options.trials:,} trials of the toy, no model (decision, reward, sample and 2 verdicts each):")
    print(
        f"  {per_trial:.0f} us CPU per trial ({per_trial / floor:.0f}x a bare task), {wall / options.trials * 1e6:.0f} us wall"
    )
    print(f"  memory: {growth.early:.0f} MB after 5,000 trials, {rss() - growth.early:+.0f} MB at the end; store {size:.0f} MB")


if __name__ == "__main__":
    main()
