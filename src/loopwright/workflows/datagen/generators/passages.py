"""A folder of text and Markdown as passages with ids, and which of them have to do with a label."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from loopwright.errors import UsageError
from loopwright.policy.keyed import Keyed
from loopwright.text.words import words

if TYPE_CHECKING:
    from loopwright.text.embedding import Embedder
    from loopwright.text.flat import Vectors

SUFFIXES = (".txt", ".md", ".markdown")
MOST_FILES = 5_000
MOST_BYTES = 16 * 2**20
_HEADING = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_END = re.compile(r"(?<=[.!?])\s+")
_CHANCE = 0.1
"""What a passage that shares no word with a label counts for, beside one that shares a word that half of all passages have."""
_AMONG = 4
"""With an embedder, one passage is drawn among so many of the nearest."""


class Passage(NamedTuple):
    """`id` is the file, from the folder, and the passage's place in it: "guides/faq.md#3"."""

    id: str
    text: str


def read(folder: str, base: Path, size: int) -> list[Passage]:
    """Of all its files, in the order of their names; a passage has about `size` words at most. Raises UsageError."""
    root = (base / Path(folder).expanduser()).resolve()
    if not root.is_dir():
        raise UsageError(f"folder: there is no folder {root}")
    found = [passage for file in _files(root) for passage in _of(file, root, size)]
    if not found:
        raise UsageError(f"folder: {root} holds no text; {', '.join(SUFFIXES)} are read")
    return found


def _files(root: Path) -> list[Path]:
    """Hidden ones are left out."""
    files = [file for file in sorted(root.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()]
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(root).parts)]
    for file in files:
        if not file.resolve().is_relative_to(root):
            raise UsageError(f"folder: {file} is a link that leads out of {root}")
    if len(files) > MOST_FILES:
        raise UsageError(f"folder: {root} holds {len(files):,} files; {MOST_FILES:,} at most")
    size = sum(file.stat().st_size for file in files)
    if size > MOST_BYTES:
        raise UsageError(f"folder: {root} holds {size / 2**20:.1f} MiB of text; {MOST_BYTES // 2**20} MiB at most")
    return files


def _of(file: Path, root: Path, size: int) -> Iterator[Passage]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"folder: {file} cannot be read: {reason}") from None
    name = file.relative_to(root).as_posix()
    for number, passage in enumerate(_filled(_pieces(text, file.suffix != ".txt", size), size), 1):
        yield Passage(f"{name}#{number}", passage)


def _pieces(text: str, marked: bool, size: int) -> Iterator[str]:
    """Paragraphs, a long one sentence by sentence. In Markdown an empty piece stands before every heading."""
    fenced = False
    for block in re.split(r"\n\s*\n", text.strip()):
        if marked and not fenced and _HEADING.match(block):
            yield ""
        fenced ^= bool(sum(bool(_FENCE.match(line)) for line in block.splitlines()) % 2)
        if len(block.split()) <= size:
            yield block
        else:
            yield from (piece for sentence in _END.split(block) for piece in _cut(sentence, size))


def _cut(sentence: str, size: int) -> Iterator[str]:
    said = sentence.split()
    return (" ".join(said[at : at + size]) for at in range(0, len(said), size))


def _filled(pieces: Iterator[str], size: int) -> Iterator[str]:
    """Pieces one after the other, until there are as many words as a passage may have; an empty one begins another."""
    held: list[str] = []
    count = 0
    for piece in pieces:
        more = len(piece.split())
        if held and (not more or count + more > size):
            yield "\n".join(held)
            held, count = [], 0
        if more:
            held.append(piece)
            count += more
    if held:
        yield "\n".join(held)


class Shelves:
    """Passages to draw from: those oftener that share rare words with what is sought; or, with an embedder, some of those that
    are nearest to it."""

    def __init__(self, passages: Sequence[Passage], embedder: Embedder | None = None) -> None:
        self._passages = passages
        self._embedder = embedder
        self._words = [frozenset(words(passage.text)) for passage in passages]
        self._among = Counter(word for said in self._words for word in said)

    def drawn(self, sought: str, count: int, rng: Keyed) -> list[Passage]:
        """None twice."""
        if self._embedder is not None and sought:
            (vector,) = self._embedder.embed([sought])
            near = [int(each.id) for each in self._index.nearest(vector, _AMONG * count)]
            rng.shuffle(near)
            return [self._passages[at] for at in near[:count]]
        wanted = frozenset(words(sought))
        ranked = [(-math.log(1.0 - rng.random()) / self._weight(wanted & said), at) for at, said in enumerate(self._words)]
        return [self._passages[at] for _, at in sorted(ranked)[:count]]

    @cached_property
    def _index(self) -> Vectors:
        from loopwright.text.flat import Vectors  # noqa: PLC0415 - numpy, which checking a recipe does without

        vectors = cast("Embedder", self._embedder).embed([passage.text for passage in self._passages])
        return Vectors([str(at) for at in range(len(self._passages))], vectors)

    def _weight(self, shared: frozenset[str]) -> float:
        """The rarer the words, the more."""
        number = len(self._passages)
        return _CHANCE + math.fsum(sorted(math.log2(number / self._among[word]) for word in shared))


def plain(text: str) -> str:
    """As it is compared: without case, and with single spaces."""
    return " ".join(text.casefold().split())
