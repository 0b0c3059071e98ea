"""The validator protocols: which method a validator has says what it needs, and so when it is asked.

`judge` looks at one row alone, `ask` asks a model about it, `memory` compares it with all accepted rows, `weigh` looks at
a batch as a whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Protocol, TypeAlias, runtime_checkable

from pydantic import Field

from loopwright.kinds import nearest
from loopwright.llm.messages import Reply
from loopwright.quality.row import Row, Ruling
from loopwright.records import Fields
from loopwright.spec.blocks import Block

Asker: TypeAlias = Callable[[str, str, Fields], Awaitable[Reply]]
"""Asks the model of that id the prompt, for an answer of that schema."""


@runtime_checkable
class Judges(Protocol):
    def judge(self, row: Row) -> Ruling:
        """A function of the row alone, and quick."""
        ...


@runtime_checkable
class Asks(Protocol):
    async def ask(self, row: Row, asker: Asker) -> Ruling: ...


class Remembers(Protocol):
    """All accepted rows, as far as one validator needs them. What is asked and admitted alike is answered alike."""

    def look(self, row: Row, among: int | None = None) -> Ruling:
        """Of the row beside those admitted; `among` looks at the first so many alone: what was there at an earlier time."""
        ...

    def admit(self, id: str, row: Row) -> None: ...

    def __len__(self) -> int:
        """How many were admitted."""
        ...

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        ...


@runtime_checkable
class Expects(Protocol):
    """A memory that is quicker with many rows at once than with one after the other."""

    def expect(self, rows: Sequence[Row], among: int | None = None) -> None:
        """These are going to be looked at, beside the first so many. What is said of them stays the same."""
        ...


@runtime_checkable
class Compares(Protocol):
    def memory(self) -> Remembers:
        """An empty one."""
        ...


@runtime_checkable
class Weighs(Protocol):
    def weigh(self, rows: Sequence[Row]) -> Ruling:
        """Of a batch as a whole."""
        ...


@runtime_checkable
class Loads(Protocol):
    def load(self) -> None:
        """What it needs beside its parameters. Raises ExtraMissing or UsageError where that is not to be had."""
        ...


Validator: TypeAlias = Judges | Asks | Compares | Weighs


@dataclass(frozen=True, slots=True)
class Given:
    """What the recipe says elsewhere and validators take where their own parameters say nothing.

    `slots` are the values that each name of the grammar can have, `models` the ids to choose from (None: not known), `batch`
    is how many rows a batch has, `novelty` whether it counts how new a row is.
    """

    schema: Fields | None = None
    labels: tuple[str, ...] = ()
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: tuple[str, ...] | None = None
    batch: int = 10
    novelty: bool = False


class Unfit(ValueError):
    """Parameters that do not fit the recipe: what is wrong, at which of them, and what was probably meant."""

    def __init__(self, message: str, parameter: str | None = None, nearest: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.nearest = nearest


class Parameters(Block):
    """The parameters of a kind of validator. `cost` is its place in the order of the gate: the cheap ones come first; `graded`
    says whether a row that passes has a score from it."""

    cost: ClassVar[int] = 40
    graded: ClassVar[bool] = True

    def fitted(self, given: Given) -> Validator:
        """The validator with these parameters in that recipe. Raises `Unfit` where there is none."""
        raise NotImplementedError


TextField = Annotated[str | None, Field(description="the field to look at; default: all strings of the row")]


def ruled(row: Row, field: str | None, rule: Callable[[str], Ruling]) -> Ruling:
    """The ruling on one text of the row, which may be missing."""
    text = row.text(field)
    return missing(field) if text is None else rule(text)


def known_model(model: str, given: Given) -> str:
    """The id, once the recipe has such a model."""
    if given.models is not None and model not in given.models:
        listed = ", ".join(given.models) or "none"
        raise Unfit(f"names a model that is not there; there are: {listed}", "model", nearest(model, given.models))
    return model


def missing(field: str | None) -> Ruling:
    return Ruling(False, reason=f"the row has no field {field!r}")
