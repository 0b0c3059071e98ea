"""The exclusive lock of a run: one process at a time may write to it, and a killed one holds nothing."""

from __future__ import annotations

import fcntl
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopwright.errors import RunHeld
from loopwright.store.faults import faults

_open: set[int] = set()


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Holds the run in this folder for the length of the block, or raises `RunHeld`, which says who holds it."""
    path = folder / "lock"
    with faults(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    _open.add(handle)
    try:
        _take(handle, folder)
        with faults(path):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        _release(handle)


def held(folder: Path) -> bool:
    """Whether a process is at work on the run. Where the last one to hold it was of this host and is gone, the lock is not
    touched: a look must not keep a writer that is just starting from taking it."""
    try:
        handle = os.open(folder / "lock", os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return False
    try:
        if _gone(os.pread(handle, 200, 0).decode("utf-8", "replace")):
            return False
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _gone(holder: str) -> bool:
    match = re.fullmatch(r"process (\d{1,9}) on (\S+)\s*", holder)
    if match is None or match[2] != socket.gethostname():
        return False
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _take(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "another process"
        raise RunHeld(f"{folder}: the run is held by {holder}; wait until it ends, or stop it") from None


def _release(handle: int) -> None:
    """Unlocks before it closes: a child that is just being forked may still have the file open."""
    if handle in _open:
        _open.remove(handle)
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _let_go() -> None:
    """A forked child shares the lock's file; kept open there, it would hold the run after this process was killed."""
    while _open:
        os.close(_open.pop())


os.register_at_fork(after_in_child=_let_go)
