"""The practice server as a command: prints its address, serves until it has done enough or nobody listens any more."""

from __future__ import annotations

import argparse
import asyncio
import os
import stat
import sys
from collections.abc import Sequence

from loopwright.errors import UsageError
from loopwright.llm.practice.faults import FAULTS, rated
from loopwright.llm.practice.server import PracticeServer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loopwright.llm.practice",
        description="A model server on loopback to practise against: deterministic answers, and faults on demand.",
        epilog=f"faults: {', '.join(FAULTS)}",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0: any free one (default)")
    add("--delay", type=float, default=0.0, help="seconds that each answer is held back")
    add("--fault", type=rated, action="append", default=[], metavar="NAME[:RATE]", help="a fault for this share of requests")
    add("--script", default="", metavar="NAME,NAME,...", help="faults of the first requests, in turn; `ok` is none")
    add("--seed", type=int, default=0, help="which requests meet the faults")
    add("--requests", type=int, help="stop after so many requests")
    add("--seconds", type=float, help="stop after so long")
    return parser


async def _serve(given: argparse.Namespace) -> int:
    script = [None if name == "ok" else name for name in given.script.split(",") if name]
    server = PracticeServer(dict(given.fault), script, seed=given.seed, delay=given.delay, keep=False)
    enough = asyncio.Event()
    if given.requests is not None:
        server.answered = lambda: enough.set() if server.calls >= given.requests else None
    try:
        await server.start(given.port)
    except OSError as error:
        print(f"port {given.port} of 127.0.0.1 cannot be had: {error.strerror}", file=sys.stderr)
        return 2
    print(server.url, flush=True)
    watching = asyncio.create_task(_abandoned(enough))
    try:
        async with asyncio.timeout(given.seconds):
            await enough.wait()
        # The last answer is still on its way out.
        await asyncio.sleep(given.delay + 0.2)
    except TimeoutError:
        pass
    watching.cancel()
    await server.close()
    return 0


async def _abandoned(enough: asyncio.Event) -> None:
    """Sets `enough` when the parent has gone, or has closed the pipe that is our standard input."""
    parent = os.getppid()
    if sys.stdin is not None and stat.S_ISFIFO(os.fstat(0).st_mode):
        asyncio.get_running_loop().add_reader(0, lambda: enough.set() if not os.read(0, 4096) else None)
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.5)
    enough.set()


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        return asyncio.run(_serve(_parser().parse_args(arguments)))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
