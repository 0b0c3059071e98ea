"""Which part of the data a question is in: by a hash of its words, so that no question is ever on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from loopwright.datasets.block import DatasetBlock, Split
from loopwright.datasets.source import Source
from loopwright.records import Example


def held_out(question: str, share: float, key: str = "") -> bool:
    """Whether a question is held out. Case, blanks and punctuation make no other question of it."""
    words = "".join(each for each in question.casefold() if each.isalnum())
    found = blake2b(f"{key}\0{words}".encode(), digest_size=8).digest()
    return int.from_bytes(found, "big") < share * 2.0**64


def chosen(source: Source, block: DatasetBlock, base: Path) -> Iterator[Example]:
    """The examples of a source that a spec asks for: of one part, so many at most."""
    return islice(_part(source.examples(base), block.split), block.limit)


def _part(examples: Iterable[Example], split: Split | None) -> Iterator[Example]:
    for example in examples:
        if split is None or held_out(str(example.inputs["question"]), split.held_out, split.key) == (split.part == "held_out"):
            yield example
