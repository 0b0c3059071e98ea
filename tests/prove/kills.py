"""A campaign of SIGKILLs: real runs of the toy against a real server, killed while they are alive, until they are done."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
from dataclasses import dataclass, field
from pathlib import Path

from loopwright.llm.practice import PracticeServer
from loopwright.runs.folder import RunFolder, all_runs
from loopwright.store.compare import differences
from loopwright.store.reader import RunReader

STEPS = 2
TRIALS = {1: 120, 8: 160, 64: 500}
"""By concurrency, with the server's delay beside it: so that a run lives long enough to be killed often."""
DELAY = {1: 0.01, 8: 0.04, 64: 0.2}
CALLS_CAP = 20_000
TOKENS_CAP = 20_000_000

SPEC = """\
workflow: toy
items: {trials}
steps: {steps}
window: 96
arms: {{narrow: 40, wide: 2000, huge: 100000}}
policy: {{epsilon_greedy: 0.2}}
seed: 11
models:
  - id: writer
    provider: openai
    base_url: {url}
    max_output_tokens: 64
    limits: {{concurrency: {concurrency}, timeout_s: 30}}
budget: {{calls: {calls}, tokens: {tokens}}}
trial_deadline_s: 600
output: {output}
"""


@dataclass
class Tale:
    """What happened to one run until it was done."""

    concurrency: int
    kills: int = 0
    lives: int = 0
    calls_served: int = 0
    settled_at_kills: list[int] = field(default_factory=list)
    held_exit: int | None = None


def write_spec(folder: Path, url: str, concurrency: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "toy.yaml"
    file.write_text(
        SPEC.format(
            trials=TRIALS[concurrency],
            steps=STEPS,
            url=url,
            concurrency=concurrency,
            calls=CALLS_CAP,
            tokens=TOKENS_CAP,
            output=folder / "runs",
        )
    )
    return file


async def begin(file: Path, *more: str) -> asyncio.subprocess.Process:
    """A life of the run, in a process of its own."""
    command = (sys.executable, "-m", "loopwright", "run", str(file), "--quiet", *more)
    return await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "NO_COLOR": "1"}
    )


def count(folder: RunFolder, table: str) -> int:
    """Rows that are durable now."""
    with sqlite3.connect(f"file:{folder.store}?mode=ro", uri=True) as store:
        found = store.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        return int(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) if found else 0


async def served(server: PracticeServer, count: int, process: asyncio.subprocess.Process) -> bool:
    """Waits until the server has been asked so often; False where the process ended before."""
    while server.calls < count:
        if process.returncode is not None:
            return False
        await asyncio.sleep(0.002)
    return process.returncode is None


async def killed_run(folder: Path, concurrency: int, kills: int, rng: random.Random) -> Tale:
    """One run, killed `kills` times at random moments, then left to finish. Raises where a promise is seen broken."""
    tale = Tale(concurrency)
    async with PracticeServer(delay=DELAY[concurrency], keep=False) as server:
        file = write_spec(folder, server.url, concurrency)
        while tale.kills < kills:
            begun, left = server.calls, _left(folder, concurrency)
            due = begun + rng.randint(1, max(1, left // (kills - tale.kills + 1) - 2 * concurrency))
            process = await begin(file)
            tale.lives += 1
            if not await served(server, due, process):
                raise AssertionError(f"the run ended before it could be killed: {await _output(process)}")
            if tale.held_exit is None:
                tale.held_exit = await _turned_away(file, server, process)
            moments = rng.randrange(60)
            while moments and server.calls - begun < left - 2 * concurrency:
                moments -= 1
                await asyncio.sleep(0.005)
            await _kill(process, folder, tale)
        process = await begin(file)
        tale.lives += 1
        output = await _output(process)
        if process.returncode != 0:
            raise AssertionError(f"the last life ended with {process.returncode}: {output}")
        tale.calls_served = server.calls
    return tale


def _left(folder: Path, concurrency: int) -> int:
    """How many replies are still wanted, so that a life is ended while there is something left for it to do."""
    run = next(all_runs(folder / "runs"), None)
    return TRIALS[concurrency] * STEPS - (count(run, "reply") if run else 0)


async def _turned_away(file: Path, server: PracticeServer, first: asyncio.subprocess.Process) -> int:
    """What a second process on the same run ends with, while the first waits for the server."""
    usual, server.delay = server.delay, 60.0
    second = await begin(file)
    await second.communicate()
    server.delay = usual
    if first.returncode is not None:
        raise AssertionError("the first process ended while the second was turned away")
    return second.returncode or 0


async def _kill(process: asyncio.subprocess.Process, folder: Path, tale: Tale) -> None:
    """Kills a run that is alive and has unsettled trials, and says so if it is not."""
    if process.returncode is not None:
        raise AssertionError(f"nothing to kill: the process has ended: {await _output(process)}")
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    if process.returncode != -signal.SIGKILL:
        raise AssertionError(f"the process ended by itself with {process.returncode}")
    run = next(all_runs(folder / "runs"), None)
    settled = count(run, "trial") if run else 0
    if settled >= TRIALS[tale.concurrency]:
        raise AssertionError("all trials had settled: the kill proved nothing")
    tale.settled_at_kills.append(settled)
    tale.kills += 1


async def _output(process: asyncio.subprocess.Process) -> str:
    output, _ = await process.communicate()
    return output.decode(errors="replace")


def check_books(folder: RunFolder, tale: Tale) -> None:
    """The ledger of a killed run: each reply stands for one settled call, the rest is lost, no cap is passed."""
    with sqlite3.connect(f"file:{folder.store}?mode=ro", uri=True) as store:
        replies = store.execute("SELECT reply.call, call.status FROM reply LEFT JOIN call ON call.id = reply.call").fetchall()
        statuses = dict(store.execute("SELECT status, count(*) FROM call GROUP BY status"))
        granted = dict(store.execute("SELECT account, granted FROM credit"))
    assert len(replies) == TRIALS[tale.concurrency] * STEPS
    assert len({call for call, _ in replies}) == len(replies), "two replies stand for one call"
    assert {status for _, status in replies} == {"settled"}
    assert statuses["settled"] == len(replies), "a settled call has no reply"
    assert set(statuses) <= {"settled", "lost"}, statuses
    assert tale.calls_served <= CALLS_CAP
    assert tale.calls_served <= granted["run:calls"] <= CALLS_CAP, "calls were made that no credit covers"
    assert granted["run:tokens"] <= TOKENS_CAP


def check_same(folder: RunFolder, reference: RunFolder) -> None:
    """The five result tables, row for row, times aside."""
    with RunReader.open(folder.store) as ours, RunReader.open(reference.store) as theirs:
        found = list(differences(ours, theirs))
    assert not found, found[:5]
