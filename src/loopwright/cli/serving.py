"""`models serve`: the practice server in the foreground, a line per request, and a summary when it is stopped."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.cli.screen import Screen, as_json
from loopwright.cli.text import line
from loopwright.errors import UsageError
from loopwright.report.amounts import count

if TYPE_CHECKING:
    from loopwright.llm.practice import Exchange, PracticeServer
    from loopwright.llm.practice.models import Chosen


@dataclass(frozen=True, slots=True)
class Serving:
    """What was asked for on the command line."""

    model: str
    names: Sequence[str]
    port: int
    latency: float
    faults: Sequence[str]
    rpm: int | None
    tpm: int | None
    seed: int
    log: Path | None


def serve(wanted: Serving, screen: Screen) -> None:
    """Serves until it is interrupted."""
    with ExitStack() as files:
        log = files.enter_context(_opened(wanted.log)) if wanted.log else None
        asyncio.run(_serve(wanted, screen, log))


def _opened(path: Path) -> FileIO:
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise UsageError(f"the log {path} cannot be written: {error.strerror}") from error


async def _serve(wanted: Serving, screen: Screen, log: FileIO | None) -> None:
    from loopwright.llm.http import Http
    from loopwright.llm.practice import PracticeServer, Served
    from loopwright.llm.practice.faults import rated
    from loopwright.llm.practice.models import chosen

    http = Http()
    tally = Tally(screen, log)
    async with AsyncExitStack() as opened:
        opened.push_async_callback(http.close)
        model = chosen(wanted.model, http)
        names = tuple(wanted.names) or (model.name,)
        served = Served(model.provider, names, rpm=wanted.rpm, tpm=wanted.tpm, seed=wanted.seed)
        faults = dict(map(rated, wanted.faults))
        server = PracticeServer(faults, seed=wanted.seed, delay=wanted.latency, answer=served, keep=False)
        server.log = tally.add
        stopped = _stopped()
        await _start(server, wanted.port)
        opened.push_async_callback(server.close)
        screen.result(_greeting(server, wanted, model, names))
        await stopped.wait()
    screen.tell(tally.summary())


def _stopped() -> asyncio.Event:
    """Set by Ctrl-C, and by whoever ends the process in good order."""
    stopped = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sent, stopped.set)
    return stopped


async def _start(server: PracticeServer, port: int) -> None:
    import errno

    try:
        await server.start(port)
    except OSError as error:
        taken = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        raise UsageError(f"port {port} of 127.0.0.1 {taken}: name another with --port, or 0 for any free one") from error


def _greeting(server: PracticeServer, wanted: Serving, model: Chosen, names: Sequence[str]) -> str:
    faults = f"{', '.join(wanted.faults)} (seed {wanted.seed})" if wanted.faults else "none"
    limits = [f"{count(most)} {what} per minute" for most, what in ((wanted.rpm, "requests"), (wanted.tpm, "tokens")) if most]
    return f"""\
Practice server: {server.url}
  model    {", ".join(names)}: {model.about}
  faults   {faults}
  limits   {", ".join(limits) or "none"}; latency {wanted.latency:g} s

In a spec:
  models:
    - id: {names[0].rpartition("/")[2]}
      provider: openai
      model: {names[0]}
      base_url: {server.url}

In Python, with the openai SDK:
  client = openai.OpenAI(base_url="{server.url}", api_key="none")
  client.chat.completions.create(model="{names[0]}", messages=[{{"role": "user", "content": "..."}}])

Only this machine can reach it. Ctrl-C ends it.
"""


@dataclass(slots=True)
class Tally:
    """Tells of each request as it ends, and of all of them at last."""

    screen: Screen
    log: FileIO | None = None
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    input: int = 0
    output: int = 0

    def add(self, exchange: Exchange) -> None:
        status = str(exchange.status or "no answer")
        self.statuses[status] += 1
        if exchange.fault is not None:
            self.faults[exchange.fault] += 1
        self.input += exchange.input
        self.output += exchange.output
        at = self.now()
        ms = (asyncio.get_running_loop().time() - exchange.began) * 1000
        self.screen.tell(_line(exchange, at, ms))
        self._keep(_record(exchange, at, ms))

    def _keep(self, record: dict[str, object]) -> None:
        if self.log is None:
            return
        try:
            self.log.write(f"{as_json(record)}\n".encode())
        except OSError as error:
            self.screen.error(f"the log {self.log.name} cannot be written, and ends here: {error.strerror}")
            self.log = None

    def summary(self) -> str:
        statuses = _listed(self.statuses)
        faults = _listed(self.faults)
        return (
            f"\n{count(self.statuses.total())} requests{f' ({statuses})' if statuses else ''}; "
            f"{count(self.input)} tokens in, {count(self.output)} out; faults: {faults or 'none'}"
        )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name}: {count(number)}" for name, number in sorted(counts.items()))


def _line(exchange: Exchange, at: datetime, ms: float) -> str:
    seen = exchange.seen
    said = [
        f"{at:%H:%M:%S}  {exchange.status or '---'}  {exchange.input:>6,} in {exchange.output:>6,} out {ms:>7,.0f} ms",
        "" if seen.path.endswith("/chat/completions") else f"{seen.method} {seen.path}",
        "stream" if exchange.streamed else "",
        f"fault {exchange.fault}" if exchange.fault else "",
        "the client left" if exchange.left else "",
        exchange.error or "",
    ]
    return line("  ".join(part for part in said if part), 240)


def _record(exchange: Exchange, at: datetime, ms: float) -> dict[str, object]:
    seen = exchange.seen
    return {
        "time": at.isoformat(timespec="milliseconds"),
        "method": seen.method,
        "path": seen.path,
        "status": exchange.status,
        "input_tokens": exchange.input,
        "output_tokens": exchange.output,
        "ms": round(ms, 3),
        "stream": exchange.streamed,
        "fault": exchange.fault,
        "error": exchange.error,
        "client_left": exchange.left,
        "request": _document(seen.body),
    }


def _document(body: bytes) -> object:
    """The request as data, or as text where it is none, or none that can be written again."""
    import orjson

    try:
        return orjson.Fragment(orjson.dumps(orjson.loads(body)))
    except (ValueError, TypeError):
        return body.decode("utf-8", "replace")
