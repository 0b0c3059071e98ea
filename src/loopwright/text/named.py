"""The embedder that a spec or a command names, loaded once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

if TYPE_CHECKING:
    from loopwright.text.embedding import Embedder


EmbedderName = Annotated[
    str, Field(min_length=1, description="`lexical` (sees wording, not meaning), or a sentence model's folder or hub name")
]


@cache
def embedder(name: str) -> Embedder:
    """`lexical`, or a sentence model. Raises ExtraMissing or UsageError where that cannot be loaded."""
    if name == "lexical":
        from loopwright.text.embedding import Lexical  # noqa: PLC0415 - numpy, which checking a spec does without

        return Lexical()
    from loopwright.text.sentences import Sentences  # noqa: PLC0415

    return Sentences(name)
