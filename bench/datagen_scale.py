"""What a row costs as a dataset grows: CPU per accepted row at 10^3, 10^4 and 10^5 rows of a grammar without slots.

    python bench/datagen_scale.py [ROWS] [--without VALIDATOR]

Each row passes all the validators that ask no model; files are written, too. Every size is a run in a process of its own.
Its memory is looked at many times a second, while rows are made and while the files are written. Beside it stands what
comparing with earlier rows needs of it, and what is left without that.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from loopwright.policy.keyed import Keyed
from loopwright.quality.row import Row
from loopwright.runs.check import check
from loopwright.runs.live import Live, Unwatched
from loopwright.runs.start import Result, Start, start
from loopwright.workflows.datagen.recipe import Recipe

ROWS = 100_000
LABELS = ("refund", "delivery", "account")
PLACES = 8
"""Where a message has a word of its own."""


def vocabulary(size: int, start: int) -> list[str]:
    """Words that can be said, none of them twice."""
    draw = Keyed(start, purpose="vocabulary")
    found: dict[str, None] = {}
    while len(found) < size:
        found["".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(2 + draw.below(2)))] = None
    return list(found)


def grammar() -> dict[str, Any]:
    message = [
        "hello, I have a question about the <label> of my <w0> and the <w1> <w2>, it is <w3> and not <w4> as you said",
        "could you please look at the <w0> <label>, we have been waiting for the <w1> from <w2> since <w3>, thanks, <w4>",
        "my <w0> is <w1>: what about the <label>? The <w2> of the <w3> says that this was <w4>",
        "<w0> <w1> and <w2> <w3> were in the box, but not the <w4>; I want a <label> for that",
    ]
    row = {"text": "<message>", "label": "<label>", "contact": "<w5>@<w6>.example", "code": "<w7>-<digit><digit>"}
    rules: dict[str, Any] = {
        "row": [{"template": orjson.dumps(row).decode()}],
        "label": list(LABELS),
        "message": message,
        "digit": [str(number) for number in range(10)],
    }
    return {"start": "row", "rules": rules | {f"w{at}": vocabulary(200, at) for at in range(PLACES)}, "row_values": ["label"]}


VALIDATORS: dict[str, Any] = {
    "length": {"field": "text", "min_words": 3, "max_words": 60},
    "format": {"name": "email", "field": "contact"},
    "regex": {"must": "^[a-z]+-[0-9]{2}$", "field": "code"},
    "language": {"languages": "en", "field": "text"},
    "label": {"keywords": {label: [label] for label in LABELS}, "field": "text"},
    "entailment": {"premise": "<label>", "hypothesis": "<text>"},
    "deduplication": {"field": "text", "near": 0.8},
    "similarity": {"field": "text", "max": 0.92},
}


def recipe(rows: int, without: str) -> dict[str, Any]:
    return {
        "workflow": "datagen",
        "task": {"labels": list(LABELS)},
        "grammar": grammar(),
        "validators": {name: given for name, given in VALIDATORS.items() if name != without},
        "target": {"accepted": rows},
        "output": {"formats": ["jsonl", "csv", "text"]},
    }


class Memory(Unwatched):
    """The most bytes that the process took, while rows were made and after the loop had ended."""

    def __init__(self) -> None:
        self.making = self.writing = 0
        self._made = False
        self._done = threading.Event()

    async def watch(self, live: Live) -> None:
        """Is cancelled when the loop ends."""
        try:
            await asyncio.Event().wait()
        finally:
            self._made = True

    @contextlib.contextmanager
    def looked_at(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            if self._made:
                self.writing = max(self.writing, resident())
            else:
                self.making = max(self.making, resident())


class Cost(NamedTuple):
    """Of one run: seconds of CPU until its last row was accepted and its files were written; bytes of the process at its peak
    while rows were made, while files were written, before the run began, and of what the comparing validators remember."""

    rows: int
    written: int
    cpu: float
    making: int
    writing: int
    before: int
    remembered: dict[str, int]


def run(rows: int, without: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scale.yaml"
        file.write_bytes(orjson.dumps(recipe(rows, without)))  # JSON is YAML
        request, memory = Start(file, (f"output.runs={folder}/runs",)), Memory()
        check(file)  # imports what a run imports
        before, began = resident(), time.process_time()
        with memory.looked_at():
            result = start(request, memory)
        cpu = time.process_time() - began
        if result.progress.accepted != rows:
            raise SystemExit(f"{result.progress.accepted} rows of {rows}: {result.end.reason}")
        return Cost(rows, result.progress.samples, cpu, memory.making, memory.writing, before, remembered(file, result))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def remembered(file: Path, result: Result) -> dict[str, int]:
    """What is remembered of all accepted rows, which are admitted again for this."""
    memories = cast(Recipe, check(file).spec).brief.gate().memories()
    for line in (result.folder.path / "dataset.jsonl").read_bytes().splitlines():
        row = orjson.loads(line)
        memories.admit(row["id"], Row(row["data"]))
    return memories.bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS, help="the most")
    parser.add_argument("--without", default="", choices=VALIDATORS, help="a validator to leave out")
    options = parser.parse_args()
    for rows in (size for size in (1_000, 10_000, 100_000) if size <= options.rows):
        with get_context("spawn").Pool(1) as pool:
            cost = pool.apply(run, (rows, options.without))
        print(line(cost), flush=True)


def line(cost: Cost) -> str:
    rows, index = cost.rows, sum(cost.remembered.values())
    each = ", ".join(f"{name} {size / rows:,.0f}" for name, size in cost.remembered.items())
    return (
        f"{rows:7,} rows: {1000 * cost.cpu / rows:.2f} ms of CPU per accepted row, "
        f"{rows / cost.written:.0%} of those written; peak {cost.making / 1e6:.0f} MB: "
        f"the index {index / 1e6:.0f} MB, which is {index / rows:,.0f} bytes per row ({each}), "
        f"the rest {(cost.making - index) / 1e6:.0f} MB; {cost.writing / 1e6:.0f} MB while files are written, "
        f"{cost.before / 1e6:.0f} MB before the run"
    )


if __name__ == "__main__":
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if not one_thread.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **one_thread})  # numpy reads them when imported
    main()
