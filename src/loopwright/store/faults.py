"""Turns what SQLite and the file system raise into the store's own errors, each naming the file and the way out."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loopwright.errors import RunHeld, StoreCorrupt, StoreError, StoreFull, StoreReadOnly

_SCARCE_BYTES = 256 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LOCKED = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Raises typed what goes wrong with this file inside the block."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        meant = typed(error, path)
        if meant is error:
            raise
        raise meant from error


def typed(error: Exception, path: Path) -> Exception:
    """The error to raise in its stead; a mistake of our own, such as a broken constraint, stays what it is."""
    if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
        return _of_sqlite(error, path)
    if isinstance(error, UnicodeDecodeError):
        return corrupt(path, str(error))
    if isinstance(error, OSError):
        return _of_system(error, path)
    return error


def _of_sqlite(error: sqlite3.Error, path: Path) -> StoreError | RunHeld:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _no_room(path)):
        return full(path)
    meant = next((make for start, make in _MEANINGS.items() if name.startswith(start)), None)
    return meant(path) if meant else corrupt(path, str(error))


def _of_system(error: OSError, path: Path) -> Exception:
    if error.errno in _FULL:
        return full(path)
    return read_only(path, error.strerror) if error.errno in _LOCKED else error


def full(path: Path) -> StoreFull:
    return StoreFull(
        f"{path}: no room to write (a full disk, a quota or a file size limit); what was committed is safe: "
        "make room, then start again"
    )


def read_only(path: Path, why: str | None = None) -> StoreReadOnly:
    reason = f" ({why})" if why else ""
    return StoreReadOnly(f"{path}: cannot be written{reason}; make the folder and the file writable, then start again")


def corrupt(path: Path, what: str) -> StoreCorrupt:
    return StoreCorrupt(f"{path}: not an intact run store ({what}); nothing was changed: restore the file from a copy")


def _held(path: Path) -> RunHeld:
    return RunHeld(f"{path}: another program holds a write lock on the run's store; close it, then resume")


def _disk_failed(path: Path) -> StoreCorrupt:
    return StoreCorrupt(f"{path}: the disk failed to read or write; look at the disk, then resume or restore the file")


def _unopened(path: Path) -> StoreError:
    if not path.parent.is_dir():
        return StoreError(f"{path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return read_only(path)
    return StoreError(f"{path}: cannot be opened; look at its permissions and at what stands in its place")


def _no_room(path: Path) -> bool:
    """SQLite says only "I/O error" where a size limit ends a file, or where the shared index does not fit on the disk."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY:
        return any(_size(beside(path, suffix)) + _SCARCE_BYTES > limit for suffix in ("", "-wal", "-shm"))
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < _SCARCE_BYTES
    return False


_MEANINGS: dict[str, Callable[[Path], StoreError | RunHeld]] = {
    "SQLITE_BUSY": _held,
    "SQLITE_LOCKED": _held,
    "SQLITE_READONLY": read_only,
    "SQLITE_PERM": read_only,
    "SQLITE_AUTH": read_only,
    "SQLITE_CANTOPEN": _unopened,
    "SQLITE_IOERR": _disk_failed,
}
"""By the beginning of SQLite's name for it."""


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
