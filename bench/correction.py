"""How fast a correction run goes beside the most that its model allows, and what memory it takes over many questions.

    python bench/correction.py [--traces N] [--questions N] [--profile FILE]

The model is a practice server in a process of its own that takes 200 ms for an answer, 64 requests in flight: the most is
320 answers a second. A bare client, before and after, says how much of that the machine allows while others use it. Memory is
that of a run whose model is a function in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from loopwright.runs.live import Live, Unwatched
from loopwright.runs.start import Result, Start, start

LATENCY_S, IN_FLIGHT, WINDOW = 0.2, 64, 256
BARE_S = 5.0
EARLY = 5_000
SPEC = """\
workflow: correction
dataset: {{source: mock, count: {questions}}}
models: [{{id: model, {model}}}]
policy: {policy}
window: {window}
max_turns: 2
output: {output}
"""
POLICIES = ("{fixed: neutral_steps}", "{kind: lin_ts, safe_start: {explore: 0.5, at_random: 0.5}}")
ANSWERS = '''
import random


def answer(request):
    """Wrong as a rule, and now and then another number."""
    return f"Let me see, step by step.\\nAnswer: {random.Random(request.seed).randrange(90)}"
'''


class Took(NamedTuple):
    """`asking_s` is the time from the run's start to its last question, `whole_s` has the files, too; of that, `cpu_s` was work
    and `queued_s` was spent in line for a core that others had."""

    result: Result
    asking_s: float
    whole_s: float
    cpu_s: float
    queued_s: float


class Growth(Unwatched):
    """Notes the process's memory after 5,000 trials."""

    early = 0.0

    async def watch(self, live: Live) -> None:
        while live.progress.settled < EARLY:
            await asyncio.sleep(0.05)
        self.early = rss()


def rss() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def run(folder: Path, watcher: Unwatched, **filled: object) -> Took:
    spec = folder / "correction.yaml"
    spec.write_text(SPEC.format(window=WINDOW, output=folder / "runs", **filled))
    began, cpu, queued = time.perf_counter(), time.process_time(), in_line()
    result = start(Start(spec, fresh=True), watcher)
    assert result.end.status == "done", result.end
    assert not result.progress.failed
    (summary,) = (file for file in result.files if file.name.startswith("summary_"))
    asking = json.loads(summary.read_bytes())["duration_seconds"]
    return Took(result, asking, time.perf_counter() - began, time.process_time() - cpu, in_line() - queued)


@contextmanager
def serving() -> Iterator[str]:
    """The practice server in a process of its own; its address. It ends when its standard input does."""
    command = [sys.executable, "-m", "loopwright.llm.practice", "--delay", str(LATENCY_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def in_line() -> float:
    """Seconds that this process's main thread was ready to work and had no core."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


async def bare(address: str) -> float:
    """Calls a second of 64 loops that send a request and read its answer, and do nothing else: what the machine allows now."""
    host, port = address.removeprefix("http://").partition("/")[0].split(":")
    body = json.dumps({"model": "model", "messages": [{"role": "user", "content": "What is 2 + 2?"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    answered, ends = 0, time.perf_counter() + BARE_S

    async def ask() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.perf_counter() < ends:
            writer.write((head + body).encode())
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(told.partition(b"content-length: ")[2].split()[0]))
            answered += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(IN_FLIGHT)))
    return answered / BARE_S


def throughput(folder: Path, traces: int, policy: str) -> None:
    with serving() as address:
        model = f'provider: openai, base_url: "{address}", max_output_tokens: 64, limits: {{concurrency: {IN_FLIGHT}}}'
        before = asyncio.run(bare(address))
        took = run(folder, Unwatched(), questions=traces, model=model, policy=policy)
        floor = (before + asyncio.run(bare(address))) / 2
    calls, most = took.result.spending.total.calls, IN_FLIGHT / LATENCY_S
    got, each = calls / took.asking_s, took.cpu_s / calls * 1e3
    print(f"{traces:,} questions, {calls / traces:.2f} answers each, policy {policy}:")
    print(f"  {got:.0f} answers a second, {got / most:.0%} of what the model allows; a bare client got {floor / most:.0%}")
    print(f"  {each:.2f} ms of work a call; {took.queued_s / took.whole_s:.0%} of the time in line for a core")


def memory(folder: Path, questions: int) -> None:
    (folder / "answers.py").write_text(ANSWERS)
    growth = Growth()
    model = 'provider: scripted, script: "answers:answer"'
    took = run(folder, growth, questions=questions, model=model, policy=POLICIES[1])
    calls = took.result.spending.total.calls
    size = took.result.folder.store.stat().st_size / 1e6
    print(f"{questions:,} questions of a scripted model, {calls:,} answers:")
    print(
        f"  {took.cpu_s / questions * 1e3:.2f} ms CPU a question, {took.cpu_s / calls * 1e3:.2f} an answer; store {size:.0f} MB"
    )
    print(
        f"  memory: {growth.early:.0f} MB after {EARLY:,} questions, {rss() - growth.early:+.0f} MB at the end, files written"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=3_000, help="against the server; 0: leave that out")
    parser.add_argument("--questions", type=int, default=50_000, help="in this process; 0: leave that out")
    parser.add_argument("--profile", type=Path, help="where the profile of all of it goes")
    options = parser.parse_args()
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    with tempfile.TemporaryDirectory() as folder:
        if options.traces:
            for policy in POLICIES:
                throughput(Path(folder), options.traces, policy)
        if options.questions:
            memory(Path(folder), options.questions)
    if options.profile:
        profile.dump_stats(options.profile)


if __name__ == "__main__":
    main()
