"""The log of decisions and rewards in the order of the run, with as little of each as tells how the policy went."""

# ruff: noqa: S608 (only names of our own stand in the statements)

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from loopwright.store.reader import RunReader
from loopwright.store.rows import SPAN, Row

_AT_ONCE = 10_000


class Taken(NamedTuple):
    """A decision: `context` as it is stored, `version` the trials that had been learned from."""

    trial: int
    context: str
    arm: str
    version: int


class Earned(NamedTuple):
    """A scaled reward, given when `settled_by` settled, for a decision of `trial`."""

    settled_by: int
    trial: int
    context: str
    arm: str
    value: float
    weight: float = 1.0


class Often(NamedTuple):
    """How many decisions had something, and how many such things there are."""

    first: tuple[str, ...]
    distinct: int


def taken(reader: RunReader) -> Iterator[Taken]:
    for row in _pages(reader, "SELECT key, trial, context, arm, version FROM decision WHERE key > :after ORDER BY key"):
        yield Taken(*row)


def earned(reader: RunReader) -> Iterator[Earned]:
    for row in _pages(
        reader,
        "SELECT reward.key, settled_by, reward.trial, context, arm, value, weight FROM reward"
        f" JOIN decision ON decision.key = reward.trial * {SPAN} + reward.step"
        " WHERE reward.key > :after ORDER BY reward.key",
    ):
        yield Earned(*row)


def contexts(reader: RunReader, most: int) -> Often:
    """The most frequent ones, in the order in which they first came up."""
    return _often(reader, "context", most)


def arms(reader: RunReader, most: int) -> Often:
    """The most frequent ones, in alphabetical order."""
    found = _often(reader, "arm", most)
    return found._replace(first=tuple(sorted(found.first)))


def _often(reader: RunReader, column: str, most: int) -> Often:
    rows = reader.query(
        f"SELECT {column}, min(key), count(*) OVER () FROM decision GROUP BY {column} ORDER BY count(*) DESC, 2 LIMIT :most",
        {"most": most},
    )
    return Often(tuple(name for name, _, _ in sorted(rows, key=lambda row: row[1])), rows[0][2] if rows else 0)


def _pages(reader: RunReader, statement: str) -> Iterator[Row]:
    after = -1
    while rows := reader.query(f"{statement} LIMIT {_AT_ONCE}", {"after": after}):
        yield from (row[1:] for row in rows)
        after = rows[-1][0]
