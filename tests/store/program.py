"""A small run without a loop: deterministic trials for the tests of the store, in this process or in one to be killed.

python program.py write|abandon|hold|fork FOLDER COUNT
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from loopwright.records import Call, Decision, DecisionId, Failure, Reward, Sample, TrialRecord, Verdict
from loopwright.store.lock import hold
from loopwright.store.rows import ReplyRow
from loopwright.store.writer import RunStore

ARMS = ("plain", "careful", "stop")


def settle(store: RunStore, n: int) -> None:
    """Two steps, two samples, a late reward now and then, a failure every tenth time; each trial makes one call."""
    id = store.next_call_id()
    store.enter_call(Call(id, n, 0, "writer", 1, "open", "write"))
    answered = Call(id, n, 0, "writer", 1, "settled", "write", 20, 10, 0, None, None if n % 4 == 3 else 7)
    store.keep_reply(ReplyRow(n, 0, 0, "writer", n.to_bytes(16, "big"), id, 0, b'{"text": "yes"}'), answered)
    if n % 10 == 9:
        store.settle(TrialRecord(n, f"item-{n}", Failure("TimedOut", f"no answer to {n}"), None, 1.0, 2.0))
        return
    decisions = [
        Decision(DecisionId(n, s), {"turn": s, "é": n / 7}, ARMS, ARMS[(n + s) % 3], (n % 9) / 8, n, "drawn") for s in (0, 1)
    ]
    rewards = [Reward(DecisionId(n, 1), n % 5 / 4, float(n % 5), {"quality": n % 5, "cost": 0.5}, n)]
    if n >= 3 and (n - 3) % 10 != 9:
        rewards.append(Reward(DecisionId(n - 3, 0), 0.25, 0.25, {}, n))
    parents = (f"{n - 1}.0",) if n % 10 else ("seed",)
    samples = [Sample(n, i, {"q": f"what is {n}?", "a": n + i}, i, parents, i == n % 2) for i in (0, 1)]
    verdicts = [
        Verdict(n, i, name, (n + i) % 3 > 0, n / 3, late=name == "fresh") for i in (0, 1) for name in ("length", "fresh")
    ]
    store.settle(TrialRecord(n, f"item-{n}", None, {"tokens": n}, 1.0, 2.0), decisions, rewards, samples, verdicts)


async def write(folder: Path, count: int, close: bool = True) -> None:
    """Goes on where an earlier life was, and says after every few trials how many are durable."""
    with hold(folder):
        store = RunStore.open(folder / "run.sqlite")
        store.lose_open_calls()
        store.event("started", {"by": "a test"})
        for n in range(store.settled(), count):
            settle(store, n)
            if n % 7 == 6:
                await store.flush()
                print(n + 1, flush=True)
            await store.room()
        await store.flush()
        if not close:
            os._exit(0)
        await store.close()


def main(verb: str, folder: Path, count: int) -> None:
    if verb == "hold":
        with hold(folder):
            print("held", flush=True)
            sys.stdin.read()
    elif verb == "fork":
        with hold(folder):
            if os.fork() == 0:
                print(os.getpid(), flush=True)
            signal.pause()
    else:
        asyncio.run(write(folder, count, close=verb == "write"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
