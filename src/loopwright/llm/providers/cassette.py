"""Recorded outcomes and their replay: `record` writes what a model answers to a JSONL file, `replay` serves it and no more.

A line is one outcome, keyed by the digest of the request as sent and by how many equal requests came before it.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

import orjson

from loopwright.errors import CallError, CassetteMiss, Problem, SpecError, StoreCorrupt, StoreError, StoreFull, StoreReadOnly
from loopwright.llm.book import Outcome
from loopwright.llm.messages import Reply, Request, digest, wire_form
from loopwright.llm.outcome import dump, load
from loopwright.llm.provider import Provider
from loopwright.llm.providers.misses import fields, nearest, prompt
from loopwright.llm.quoting import quote
from loopwright.llm.structured import Ability
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context


class Key(NamedTuple):
    digest: str
    occurrence: int


def key_of(request: Request) -> str:
    return digest(wire_form(request)).hex()


class Record:
    """Asks the model that `of` names, and appends each outcome to the cassette before it is given back."""

    def __init__(self, block: ModelBlock, context: Context) -> None:
        from loopwright.llm.providers import build  # noqa: PLC0415 - the table imports this module

        recorded = context.blocks.get(block.of or "")
        if recorded is None:
            raise SpecError([Problem(f"models[{block.id}].of", f"there is no model {block.of!r}")])
        self._inner: Provider = build(recorded, context)
        self.ability: Ability | None = getattr(self._inner, "ability", None)
        self._path = _path(block, context)
        self._seen: Counter[str] = Counter()
        if self._path.exists():
            self._seen.update(key.digest for key, _ in read(self._path))

    async def complete(self, request: Request) -> Reply:
        try:
            reply = await self._inner.complete(request)
        except CallError as error:
            self._write(request, error)
            raise
        self._write(request, reply)
        return reply

    def _write(self, request: Request, outcome: Outcome) -> None:
        digest_ = key_of(request)
        occurrence = self._seen[digest_]
        self._seen[digest_] += 1
        entry = {
            "key": digest_,
            "occurrence": occurrence,
            "request": fields(request),
            "outcome": orjson.Fragment(dump(outcome)),
        }
        append(self._path, orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))


class Replay:
    """Serves what a cassette holds, each recording once and in its order; any other request is an error."""

    ability: ClassVar[Ability] = "json_schema"

    def __init__(self, block: ModelBlock, context: Context) -> None:
        self._path = _path(block, context)
        if not self._path.exists():
            problem = Problem(f"models[{block.id}].cassette", f"there is no file {self._path.name}; record it first")
            raise SpecError([problem])
        self._kept = dict(read(self._path))
        self._seen = Counter({digest.hex(): times for digest, times in context.answered(block.id).items()})

    async def complete(self, request: Request) -> Reply:
        digest_ = key_of(request)
        kept = self._kept.get(Key(digest_, self._seen[digest_]))
        if kept is None:
            self._miss(request, digest_)
        self._seen[digest_] += 1
        outcome = load(orjson.dumps(kept["outcome"]))
        if isinstance(outcome, CallError):
            raise outcome
        return replace(outcome, model=f"replay:{outcome.model}")

    def _miss(self, request: Request, digest_: str) -> NoReturn:
        times = self._seen[digest_]
        what = f"the cassette {self._path.name} has no answer to {quote(prompt(request), limit=80)!r} (key {digest_[:12]})"
        if times:
            raise CassetteMiss(f"{what}: it was recorded {times} times and is now asked once more; record it again")
        raise CassetteMiss(f"{what}; {nearest(request, list(self._kept.values()))}; record it again")


def _path(block: ModelBlock, context: Context) -> Path:
    return context.folder / (block.cassette or "")


def read(path: Path) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The recordings of a cassette. A last line without its end was torn by a kill: it is left out, with a warning."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                warnings.warn(f"{path.name}:{number}: the last recording is torn and is left out", stacklevel=2)
                return
            yield _entry(line, f"{path.name}:{number}")


def _entry(line: bytes, place: str) -> tuple[Key, dict[str, Any]]:
    try:
        entry: dict[str, Any] = orjson.loads(line)
        load(orjson.dumps(entry["outcome"]))
        return Key(entry["key"], entry["occurrence"]), entry
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorrupt(f"{place}: this is not a recording; restore the cassette or record it anew") from error


def append(path: Path, line: bytes) -> None:
    """One write of one whole line; what an earlier kill left torn is cut off first."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _cut_torn(file)
            written = os.write(file, line)
        finally:
            os.close(file)
    except OSError as error:
        raise _disk(path, error) from error
    if written != len(line):
        raise StoreFull(f"the cassette {path.name} could not be written whole; free space and resume")


def _cut_torn(file: int) -> None:
    size = os.fstat(file).st_size
    if size == 0 or os.pread(file, 1, size - 1) == b"\n":
        return
    start = size
    while start > 0:
        step = min(start, 65536)
        newline = os.pread(file, step, start - step).rfind(b"\n")
        start -= step
        if newline >= 0:
            start += newline + 1
            break
    os.ftruncate(file, start)


def _disk(path: Path, error: OSError) -> StoreError:
    kind = {errno.ENOSPC: StoreFull, errno.EDQUOT: StoreFull, errno.EROFS: StoreReadOnly, errno.EACCES: StoreReadOnly}
    return kind.get(error.errno or 0, StoreError)(f"the cassette {path.name} cannot be written: {error.strerror}")
