"""The real program in a process of its own, in a folder of its own, on pipes or on a real terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from loopwright.cli import main

PROGRAM = [sys.executable, "-m", "loopwright"]


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LOOPWRIGHT_DEBUG", "COLUMNS")}
    return {**kept, "PYTHONWARNINGS": "error", "TERM": "xterm-256color", **changes}


class Here:
    """A folder with specs and runs, and the program in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def spec(self, name: str, text: str) -> str:
        (self.folder / name).write_text(f"workflow: toy\n{text}")
        return name

    def call(self, *words: str) -> Ended:
        """The program in this process, which is quick."""
        out, err = BytesIO(), BytesIO()
        hook = sys.excepthook
        try:
            with (
                contextlib.chdir(self.folder),
                written(out) as results,
                written(err) as notices,
                contextlib.redirect_stdout(results),
                contextlib.redirect_stderr(notices),
            ):
                main(words)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.excepthook = hook
        return Ended(code, out.getvalue().decode(), err.getvalue().decode())

    def run(self, *words: str, **changes: str) -> Ended:
        """The program in a process of its own."""
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextlib.contextmanager
    def begun(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A run under way that has said so: its first event has been read. It is killed at the end."""
        process = subprocess.Popen(
            [*PROGRAM, "run", *words, "--json"],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert json.loads(piped(process.stdout).readline())["event"] == "progress"
            yield process
        finally:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def written(to: BytesIO) -> Iterator[TextIOWrapper]:
    """A text stream over the bytes, as a process has it."""
    stream = TextIOWrapper(to, encoding="utf-8", newline="")
    try:
        yield stream
    finally:
        stream.detach()


def piped(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


class Terminal:
    """A program on a real terminal of 30 lines by 100 columns."""

    def __init__(self, folder: Path, words: tuple[str, ...], changes: dict[str, str]) -> None:
        self.shown = ""
        self._master, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self._process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=folder,
            env=environment(**changes),
            preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - one thread
        )
        os.close(theirs)

    def until(self, pattern: str) -> str:
        """Reads on until the pattern has been shown."""
        while not re.search(pattern, self.shown):
            assert self._read(), f"it ended without showing {pattern!r}:\n{self.shown}"
        return self.shown

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Reads to the end; the exit code."""
        while self._read():
            pass
        return self._process.wait(timeout=60)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 60)
        assert ready, f"nothing more was shown for a minute:\n{self.shown}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return False
        self.shown += data.decode()
        return bool(data)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


@pytest.fixture
def terminal(here: Here) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_one(*words: str, **changes: str) -> Terminal:
        opened.append(Terminal(here.folder, words, changes))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
