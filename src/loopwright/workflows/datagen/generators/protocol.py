"""What a generator is: it is given orders for rows and writes them, with what it knows of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.material import Material, Past


@dataclass(frozen=True, slots=True)
class Order:
    """A row to write: its place in the batch, and the label it is to have."""

    index: int
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an order: a row, or (`trouble`) why there is none. `facts` are what the row claims to be, `lineage` and
    `usage` where it came from and what it cost, `parents` the seeds and rows that it was made from."""

    order: Order
    data: Json = None
    facts: Fields = field(default_factory=dict)
    trouble: str | None = None
    lineage: Fields = field(default_factory=dict)
    usage: Fields = field(default_factory=dict)
    parents: tuple[Past, ...] = ()


class Generator(Protocol):
    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        """The long steps before the first batch; `seeds` are the rows of the recipe's file."""
        ...

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        """The orders that it has something to work on for. Where there is none its arm is not offered."""
        ...

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        """A row for each order that it takes. What it asks side by side has seeds of its own, drawn from `trial.rng`."""
        ...


class Way(Protocol):
    """A member of the table: a block of parameters."""

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        """Why rows cannot be written so in this recipe."""
        ...

    def begins(self, brief: Brief) -> bool:
        """Whether it can write before any row has settled."""
        ...

    def asks(self, model: str | None) -> Sequence[str]:
        """The models that it asks for JSON."""
        ...

    def generator(self, brief: Brief, model: str | None) -> Generator: ...


class FromNothing:
    """Generators that need no material: they take every order."""

    def takes(self, orders: Sequence[Order], material: Material) -> Sequence[Order]:
        return orders
