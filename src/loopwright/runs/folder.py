"""Where runs live on disk: their names, their files, and how a user's word for a run becomes a path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import orjson

from loopwright.errors import RunNotFound, StoreError, UsageError
from loopwright.kinds import nearest
from loopwright.records import Fields
from loopwright.store.faults import faults
from loopwright.store.schema import sync_folder

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder. `run.sqlite` is the truth, the rest is derived from it or describes it."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def store(self) -> Path:
        return self.path / "run.sqlite"

    @property
    def spec(self) -> Path:
        return self.path / "spec.yaml"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def report(self) -> Path:
        """Where its report is put by default."""
        return self.path / "report.html"

    def create(self) -> None:
        """Makes the folder, and those above it, durably."""
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        with _faults(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in new:
                sync_folder(folder.parent)

    def write(self, file: Path, content: bytes) -> None:
        """Replaces one of the run's files, whole or not at all, durably."""
        partial = file.with_name(file.name + ".partial")
        with _faults(file):
            try:
                with partial.open("wb") as out:
                    out.write(content)
                    out.flush()
                    os.fsync(out.fileno())
                partial.replace(file)
                sync_folder(file.parent)
            except OSError:
                with suppress(OSError):
                    partial.unlink()
                raise

    def describe(self, facts: Fields) -> None:
        """Writes the manifest."""
        self.write(self.manifest, orjson.dumps(facts, option=orjson.OPT_INDENT_2) + b"\n")


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        with faults(path):
            yield
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def named(root: Path, name: str, digest: str) -> RunFolder:
    """The folder of the run that this spec identifies."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a run: letters, digits, '.', '_' and '-', 64 at most")
    return RunFolder(root.resolve() / f"{name}-{digest[:8]}")


def fresh(folder: RunFolder) -> RunFolder:
    """The first of them that does not exist."""
    return next(each for each in successive(folder) if not each.path.exists())


def successive(folder: RunFolder) -> Iterator[RunFolder]:
    """`name-digest`, `name-digest-2`, ..., without end."""
    yield folder
    for number in count(2):
        yield RunFolder(folder.path.with_name(f"{folder.name}-{number}"))


def all_runs(root: Path) -> Iterator[RunFolder]:
    """Every run under the folder, the newest first."""
    if not root.is_dir():
        return
    found = [RunFolder(Path(entry.path)) for entry in os.scandir(root) if entry.is_dir()]
    stores = [folder for folder in found if folder.store.is_file()]
    yield from sorted(stores, key=lambda folder: (-folder.store.stat().st_ctime, folder.name))


def find(root: Path, word: str) -> RunFolder:
    """The run that a user means: a path to its folder, its name, or the only name that begins so."""
    given = Path(word)
    if (given / "run.sqlite").is_file():
        return RunFolder(given.resolve())
    names = [folder.name for folder in all_runs(root)]
    matches = [word] if word in names else [name for name in names if name.startswith(word)]
    if len(matches) == 1:
        return RunFolder(root.resolve() / matches[0])
    if matches:
        raise RunNotFound(f"{word!r} could be any of: {', '.join(sorted(matches))}")
    hint = nearest(word, names)
    raise RunNotFound(f"no run {word!r} in {root}" + (f"; did you mean {hint!r}?" if hint else ""))
