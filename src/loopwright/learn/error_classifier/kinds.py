"""The names by which classifiers are chosen: what one looks at, and those that need no file."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["features", "tfidf", "embeddings", "torch"]
EMBEDDED, RULE = "embedded", "rule"
