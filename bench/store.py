"""What the run store costs: microseconds of CPU per trial and per call with its reply, caller and thread together, beside
a plain `executemany` of the same rows in the same process.

    python bench/store.py [TRIALS]
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from loopwright.records import Call, Decision, DecisionId, Reward, Sample, TrialRecord, Verdict
from loopwright.store.rows import CALL, DECISION, REWARD, SAMPLE, TRIAL, VERDICT, ReplyRow
from loopwright.store.writer import RunStore

TEXT = "A sentence that a model may well have written, of the length that such sentences tend to have. " * 2
REPLY_BYTES = b'{"text": "' + TEXT.encode() * 3 + b'", "model": "writer", "finish": "stop"}'
ARMS = ("plain", "careful", "stop")


def settle(store: RunStore, n: int) -> None:
    store.settle(
        TrialRecord(n, f"item-{n}", None, {"tokens": n % 700}, 1.0, 2.0),
        [Decision(DecisionId(n, 0), {"hard": 0.25, "length": 60}, ARMS, "plain", 0.5, n, "drawn uniformly")],
        [Reward(DecisionId(n, 0), 0.5, 1.5, {"quality": 2.0, "cost": 0.5}, n)],
        [Sample(n, 0, {"question": TEXT, "answer": "42"}, 0, (), True)],
        [Verdict(n, 0, "length", True, 0.75)],
    )


def call_and_reply(store: RunStore, n: int) -> None:
    id = store.next_call_id()
    store.enter_call(Call(id, n, 0, "writer", 1, "open", "write", started=1.0))
    answered = Call(id, n, 0, "writer", 1, "settled", "write", 200, 150, 0, 0, 120_000, 0.05, None, 1.0)
    store.keep_reply(ReplyRow(n, 0, 0, "writer", n.to_bytes(16, "big"), id, 0, REPLY_BYTES), answered)


async def through_the_store(path: Path, one: Callable[[RunStore, int], None], count: int) -> float:
    """CPU seconds of this process, which has nothing else to do."""
    store = RunStore.open(path)
    began = time.process_time()
    for n in range(count):
        one(store, n)
        if n % 10 == 0:
            await asyncio.sleep(0)
            await store.room()
    await store.close()
    return time.process_time() - began


def plainly(path: Path, source: Path, tables: Iterator[str], per_commit: int) -> float:
    """The rows of `source` once more, by `executemany` in groups of as many as the store commits, built beforehand."""
    with closing(sqlite3.connect(source)) as connection:
        schema = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + ";".join(schema))
        began = time.process_time()
        for first in range(0, max(map(len, rows.values())), per_commit):
            connection.execute("BEGIN")
            for name, content in rows.items():
                marks = ", ".join("?" * len(content[0]))
                connection.executemany(f"INSERT INTO {name} VALUES ({marks})", content[first : first + per_commit])
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return time.process_time() - began


def report(what: str, count: int, ours: float, plain: float) -> None:
    print(f"{what}: {ours / count * 1e6:.1f} us CPU; plain executemany {plain / count * 1e6:.1f} us; ratio {ours / plain:.2f}")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        here = Path(folder)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        trials = asyncio.run(through_the_store(here / "trials.sqlite", settle, count))
        calls = asyncio.run(through_the_store(here / "calls.sqlite", call_and_reply, count))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        names = (table.name for table in (TRIAL, DECISION, REWARD, SAMPLE, VERDICT))
        plain_trials = plainly(here / "plain-trials.sqlite", here / "trials.sqlite", names, 50)
        plain_calls = plainly(here / "plain-calls.sqlite", here / "calls.sqlite", iter((CALL.name, "reply")), 1000)
    report("trial (decision, reward, sample, verdict)", count, trials, plain_trials)
    report("call and reply", count, calls, plain_calls)
    print(f"memory grew by {grown / 1024:.1f} MB over {2 * count:,} of them")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
