"""Rows per CPU second and memory of whole runs beside DataDesigner and distilabel: one call per row to a server on loopback.

    python bench/datagen_peers.py [ROWS]

All three write rows from the same replies and hold them to the same: a length, no exact and no near duplicates. What a peer
cannot express is plain Python in its script (bench/peers), with the library that we use. The server is a process of its own,
which nobody's CPU includes; counted are the client and its children, from the start of Python until the dataset is written.
The peers' environments are made by `make bench-peers`. A peer that would take longer than `--seconds` writes fewer rows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loopwright.policy.keyed import Keyed

ROWS = 20_000
FEW = 100
"""A run of so many rows beside the long one tells what starting costs."""

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
IN_FLIGHT = 64
PROMPT = "Write one message to the support desk of an online shop, casual, 8 to 14 words, as JSON with the field text."


class Client(NamedTuple):
    """Whose run is measured: a script, and the Python that runs it."""

    name: str
    python: Path
    script: Path


CLIENTS = (
    Client("loopwright", Path(sys.executable), HERE / "peers" / "ours.py"),
    Client("DataDesigner", ROOT / ".venv-peer-data-designer" / "bin" / "python", HERE / "peers" / "with_data_designer.py"),
    Client("distilabel", ROOT / ".venv-peer-distilabel" / "bin" / "python", HERE / "peers" / "with_distilabel.py"),
)


# the server


def rows() -> Iterator[str]:
    """Messages that differ; of a hundred, one is too short, one was there before, and one nearly."""
    draw = Keyed(0, purpose="rows")
    known = [
        "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(2 + draw.below(2))) for _ in range(4000)
    ]
    last = "a message that is like no other one at all"
    for number in itertools.count():
        kind = number % 100
        if kind == 1:
            yield "help"
        elif kind == 2:
            yield last
        elif kind == 3:
            yield f"{last}, ok"
        else:
            last = " ".join(draw.choice(known) for _ in range(8 + draw.below(7)))
            yield last


async def serve() -> None:
    from loopwright.llm.practice.answers import Asked
    from loopwright.llm.practice.server import PracticeServer

    left = rows()

    def answer(asked: Asked) -> str:
        """As JSON, in a fence where the client asks for one in words (DataDesigner does)."""
        said = json.dumps({"text": next(left)})
        return said if "response_format" in asked.document else f"```json\n{said}\n```"

    server = PracticeServer(keep=False, answer=answer)
    await server.start(0)
    print(server.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The server in a process of its own, anew for each run, so that every client meets the same rows."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


# the clients


class Cost(NamedTuple):
    """Of one run: rows written and kept; seconds of CPU of the client and its processes; bytes at the peak, which are those of
    its largest process, or of all together where that is more and what they share counts once."""

    rows: int
    kept: int
    cpu: float
    wall: float
    peak: int


def measured(client: Client, rows: int, seconds: float) -> Cost | str:
    """What a run cost, or why there is none."""
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        command = [str(client.python), str(client.script), url, str(rows), folder, PROMPT]
        home = {"HOME": folder, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        began = time.perf_counter()
        with (Path(folder) / "said").open("wb") as said:
            process = subprocess.Popen(command, cwd=folder, env={**os.environ, **home}, stdout=said, stderr=said)
            used, status, peak = _awaited(process, seconds)
        wall = time.perf_counter() - began
        dataset = Path(folder) / "dataset.jsonl"
        if status is None:
            return f"it did not write {rows:,} rows in {seconds:.0f} s"
        if status or not dataset.is_file():
            return f"it ended with {status}: " + " ".join((Path(folder) / "said").read_text(errors="replace").split()[-60:])
        kept = sum(1 for _ in dataset.open("rb"))
    return Cost(rows, kept, used.ru_utime + used.ru_stime, wall, peak)


class Awaited(NamedTuple):
    used: resource.struct_rusage
    status: int | None
    peak: int


def _awaited(process: subprocess.Popen[bytes], seconds: float) -> Awaited:
    """What the process and its children used, and what it ended with: None where it had to be stopped."""
    deadline, stopped, peak = time.monotonic() + seconds, False, 0
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return Awaited(used, None if stopped else process.returncode, max(peak, used.ru_maxrss * 1024))
        peak = max(peak, sum(map(_bytes, _family(process.pid))))
        if time.monotonic() > deadline and not stopped:
            stopped = True
            process.terminate()
            deadline += 20
        elif time.monotonic() > deadline:
            process.kill()
        time.sleep(0.2)


def _family(pid: int) -> list[int]:
    """The process and those that it has started, and they."""
    with contextlib.suppress(OSError):
        children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
        return [pid, *(each for child in children for each in _family(child))]
    return []


def _bytes(pid: int) -> int:
    """In memory, with its share of what it has in common with others."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0


class Compared(NamedTuple):
    """A short run and a long one."""

    few: Cost
    many: Cost

    @property
    def rate(self) -> float:
        return self.many.rows / self.many.cpu

    @property
    def steady(self) -> float:
        """Without what starting costs."""
        return (self.many.rows - self.few.rows) / (self.many.cpu - self.few.cpu)


def compared(client: Client, rows: int, seconds: float) -> Compared | str:
    few = measured(client, FEW, seconds)
    if isinstance(few, str):
        return few
    many = measured(client, rows, seconds)
    while isinstance(many, str) and many.startswith("it did not") and rows >= 2000:
        print(f"{client.name}: {many}; now fewer", flush=True)
        rows //= 4
        many = measured(client, rows, seconds)
    return many if isinstance(many, str) else Compared(few, many)


def line(name: str, found: Compared) -> str:
    few, many = found
    return (
        f"{name:13} {many.rows:7,} rows, {many.kept:,} kept: {found.rate:7,.0f} rows per CPU s, {found.steady:7,.0f} without "
        f"the start; {many.cpu:.1f} s of CPU, {many.wall:.0f} s in all, {many.peak / 1e6:.0f} MB; {FEW} rows: "
        f"{few.cpu:.1f} s of CPU, {few.peak / 1e6:.0f} MB"
    )


def ratios(ours: Compared, name: str, theirs: Compared) -> str:
    return (
        f"loopwright beside {name}: {ours.rate / theirs.rate:.1f} times the rows per CPU s, "
        f"{ours.steady / theirs.steady:.1f} times without the start; {ours.many.peak / theirs.many.peak:.2f} times the memory"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    parser.add_argument("--seconds", type=float, default=360.0, help="after which a run is stopped, and tried with fewer rows")
    parser.add_argument("--only", default="", help="clients whose name holds this")
    parser.add_argument("--serve", action="store_true", help="be the server")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    done: dict[str, Compared] = {}
    for client in CLIENTS:
        if options.only not in client.name:
            continue
        found = compared(client, options.rows, options.seconds) if client.python.is_file() else "it is not installed"
        print(f"{client.name}: not measured: {found}" if isinstance(found, str) else line(client.name, found), flush=True)
        if not isinstance(found, str):
            done[client.name] = found
    for name, theirs in done.items() if "loopwright" in done else ():
        if name != "loopwright":
            print(ratios(done["loopwright"], name, theirs))


if __name__ == "__main__":
    main()
