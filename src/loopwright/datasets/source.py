"""What a source of examples is, and what those that read a file share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from loopwright.records import Example
from loopwright.spec.blocks import Block


class Source(Protocol):
    """`checker` names the usual way to check its answers."""

    @property
    def checker(self) -> str: ...

    def examples(self, base: Path) -> Iterator[Example]:
        """A stream, the same each time. Files that the spec names are looked for in `base`."""
        ...


class FileSource(Block):
    """A source that reads one file."""

    checker: ClassVar[str] = "final_answer"

    path: Annotated[str, Field(min_length=1, description="the file, beside the spec")]

    def file(self, base: Path) -> Path:
        return (base / Path(self.path).expanduser()).resolve()
