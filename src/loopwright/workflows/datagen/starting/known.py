"""What is known of a dataset before there is a recipe for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """None is what nothing was said of. `labels` are shares, empty where rows have no labels. `said` tells what was inferred
    from what."""

    description: str | None = None
    labels: Mapping[str, float] | None = None
    text: str = "text"
    label: str = "label"
    seeds: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our fields with their names in the file of seeds, where those differ."""
    schema: Mapping[str, Any] | None = None
    words: tuple[int, int] | None = None
    languages: tuple[str, ...] = ()
    target: int | None = None
    model: Mapping[str, Any] | None = None
    said: tuple[str, ...] = ()
