"""Figures of a run under way for tools beside the terminal. Each sink lives in a thread of its own, which may hang or fail:
the run goes on without it and says so once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeAlias

import orjson

from loopwright.errors import ExtraMissing
from loopwright.llm.models import Models
from loopwright.llm.quoting import quote
from loopwright.loop.progress import Progress
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import Monitor, RunSpec

EVERY_S = 2.0
LAST_S = 30.0
"""How long the end of a run waits for a sink."""
OPENING_S = 20.0
"""How long a library may look for its server."""

Figures: TypeAlias = Mapping[str, float]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Watched(Protocol):
    """A run under way."""

    @property
    def folder(self) -> RunFolder: ...

    @property
    def spec(self) -> RunSpec: ...

    @property
    def progress(self) -> Progress: ...

    @property
    def models(self) -> Models: ...


class Sink(Protocol):
    """Takes the figures after so many settled trials."""

    def write(self, settled: int, figures: Figures) -> None: ...

    def close(self) -> None: ...


class Lines:
    """JSON lines, after those of earlier lives."""

    def __init__(self, file: Path) -> None:
        self._out = file.open("ab")

    def write(self, settled: int, figures: Figures) -> None:
        self._out.write(orjson.dumps({"settled": settled, **figures}, option=orjson.OPT_APPEND_NEWLINE))
        self._out.flush()

    def close(self) -> None:
        self._out.close()


class TensorBoard:
    def __init__(self, folder: Path) -> None:
        self._out: Any = _library("tensorboardX", "tensorboard").SummaryWriter(str(folder))

    def write(self, settled: int, figures: Figures) -> None:
        for name, value in figures.items():
            self._out.add_scalar(f"loopwright/{name}", value, settled)
        self._out.flush()

    def close(self) -> None:
        self._out.close()


class WandB:
    """A run of the project, which goes on when ours does. Whether it is online is the library's to know (WANDB_MODE)."""

    def __init__(self, project: str, live: Watched) -> None:
        library: Any = _library("wandb", "wandb")
        name, config = live.folder.name, live.spec.model_dump(mode="json")
        quiet = library.Settings(silent=True, init_timeout=OPENING_S)
        folder = str(live.folder.path)
        self._run = library.init(project=project, name=name, id=name, resume="allow", dir=folder, config=config, settings=quiet)

    def write(self, settled: int, figures: Figures) -> None:
        self._run.log(dict(figures), step=settled)

    def close(self) -> None:
        self._run.finish()


class Feed(Thread):
    """Opens a sink, writes what comes, closes it. `fail` is told what went wrong, and then nothing more is taken."""

    def __init__(self, name: str, make: Callable[[], Sink], fail: Callable[[str], None]) -> None:
        super().__init__(name=f"monitor.{name}", daemon=True)
        self._make = make
        self._fail = fail
        self._entries: SimpleQueue[tuple[int, Figures] | None] = SimpleQueue()

    def run(self) -> None:
        try:
            sink = self._make()
            while (entry := self._entries.get()) is not None:
                sink.write(*entry)
            sink.close()
        except Exception as error:
            said = str(error) if isinstance(error, ExtraMissing) else f"{type(error).__name__}: {quote(str(error))}"
            self._fail(f"warning: {self.name}: {said}; the run goes on without it")

    def put(self, entry: tuple[int, Figures] | None) -> None:
        if self.is_alive():
            self._entries.put(entry)


async def feed(live: Watched, base: Path, notice: Callable[[str], None], sleep: Sleep = asyncio.sleep) -> None:
    """Runs beside the loop, and is cancelled when that ends; then the last figures are written."""
    running = asyncio.get_running_loop()

    def fail(said: str) -> None:
        with suppress(RuntimeError):  # the run is over: nobody waits for this any more
            running.call_soon_threadsafe(notice, said)

    feeds = [Feed(name, make, fail) for name, make in _sinks(live.spec.monitor, live, base)]
    if not feeds:
        return
    for each in feeds:
        each.start()
    began = time.monotonic()
    try:
        while True:
            await sleep(EVERY_S)
            _tell(feeds, (live.progress.settled, figures(live, time.monotonic() - began)))
    finally:
        _tell(feeds, (live.progress.settled, figures(live, time.monotonic() - began)), None)
        for each in feeds:
            await asyncio.to_thread(each.join, LAST_S)
            if each.is_alive():
                notice(f"warning: {each.name}: has not taken the last figures within {LAST_S:g} s")
        await asyncio.sleep(0)  # what a sink has said last is shown


def _tell(feeds: list[Feed], *entries: tuple[int, Figures] | None) -> None:
    for each in feeds:
        for entry in entries:
            each.put(entry)


def figures(live: Watched, elapsed_s: float) -> dict[str, float]:
    """Those of every run, and those that its workflow adds. What is not known is left out."""
    progress, total = live.progress, live.models.spending().total
    known: dict[str, float | None] = {
        "trials_failed": progress.failed,
        "samples_accepted": progress.accepted,
        "trials_per_s": (progress.settled - progress.resumed_at) / elapsed_s if elapsed_s > 0 else None,
        "calls": total.calls,
        "tokens": None if total.uncounted else total.input_tokens + total.output_tokens,
        "usd": total.nano_usd / 1e9 if total.usd_known else None,
        **progress.figures(),
    }
    return {name: float(value) for name, value in known.items() if value is not None}


def _sinks(wanted: Monitor, live: Watched, base: Path) -> Iterator[tuple[str, Callable[[], Sink]]]:
    def place(name: str) -> Path:
        return (base / Path(name).expanduser()).resolve()

    lines, board, project = wanted.jsonl, wanted.tensorboard, wanted.wandb
    if lines is not None:
        yield "jsonl", lambda: Lines(place(lines))
    if board is not None:
        yield "tensorboard", lambda: TensorBoard(place(board) / live.folder.name)
    if project is not None:
        yield "wandb", lambda: WandB(project, live)


def _library(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise ExtraMissing(extra, "this monitor") from None
