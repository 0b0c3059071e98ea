"""What a Python program brings to a run, and what no spec can hold: models and questions that are objects, keys as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import environ
from typing import Any, TypeAlias

from loopwright.llm.provider import Provider
from loopwright.loop.work import Work
from loopwright.spec.blocks import RunSpec

Making: TypeAlias = Callable[[RunSpec], Work[Any]]
"""Puts the workflow to work on its spec, whose files have been read."""


@dataclass(frozen=True, slots=True)
class Given:
    """`providers` are those of the models whose provider is `python`, by id; keys are looked for in `environ`."""

    providers: Mapping[str, Provider] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: environ)
    work: Making | None = None


NOTHING = Given()
