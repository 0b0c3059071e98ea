"""What a run comes to so far, counted in SQL: spend, rewards per arm, pass rates, failures. Unknown stays unknown."""

# ruff: noqa: S608 (only names of our own stand in the statements)

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from loopwright.records import Fields
from loopwright.store.reader import RunReader
from loopwright.store.values import from_json


class Counts(NamedTuple):
    trials: int
    failed: int
    decisions: int
    samples: int
    accepted: int
    calls: int


class Total(NamedTuple):
    """A sum over calls of which it is known, and how many it is unknown of: those are not in `known`."""

    known: int
    unknown: int

    @property
    def exact(self) -> int | None:
        return None if self.unknown else self.known

    def told(self, show: Callable[[int], str] = "{:,}".format) -> str:
        """`12,345`, `12,345 + 3 calls unknown`, or where nothing is known of it `unknown`; never 0 for what is not known."""
        if not self.unknown:
            return show(self.known)
        return f"{show(self.known)} + {self.unknown:,} call{'s'[: self.unknown - 1]} unknown" if self.known else "unknown"


NONE = Total(0, 0)


def added(totals: Iterable[Total]) -> Total:
    return Total(*(sum(column) for column in zip(NONE, *totals, strict=True)))


class Spend(NamedTuple):
    """What the calls to one model took. Calls that failed are not billed, cached ones are not sent: neither counts. `tokens`
    are those of calls of which both are known."""

    model: str
    calls: int
    billed: int
    input_tokens: Total
    output_tokens: Total
    tokens: Total
    nano_usd: Total


class ArmRewards(NamedTuple):
    """`mean` is of the scaled values by their weights, `mean_raw` in the workflow's unit; None where nothing was earned yet."""

    arm: str
    decisions: int
    rewards: int
    mean: float | None
    mean_raw: float | None


class ContextArm(NamedTuple):
    """An arm in one context, which is told apart from others by all it holds."""

    context: Fields
    arm: str
    decisions: int
    rewards: int
    mean: float | None
    mean_raw: float | None


class PassRate(NamedTuple):
    validator: str
    verdicts: int
    passed: int


class Failures(NamedTuple):
    """How many trials failed in one way; `example` is the message of the first of them."""

    kind: str
    trials: int
    example: str


_EARNED = (
    "WITH earned AS ("
    " SELECT trial, step, count(*) AS rewards, sum(weight) AS weight, sum(weight * value) AS value, sum(weight * raw) AS raw"
    " FROM reward GROUP BY trial, step)"
)
_MEANS = (
    "count(*), coalesce(sum(rewards), 0), sum(value) / sum(weight), sum(raw) / sum(weight)"
    " FROM decision LEFT JOIN earned USING (trial, step)"
)
BILLED = "status IN ('settled', 'assumed', 'lost', 'open')"


def counts(reader: RunReader) -> Counts:
    (row,) = reader.query(
        "SELECT (SELECT count(*) FROM trial), (SELECT count(*) FROM trial WHERE failure_kind IS NOT NULL),"
        " (SELECT count(*) FROM decision), (SELECT count(*) FROM sample), (SELECT count(*) FROM sample WHERE accepted = 1),"
        " (SELECT count(*) FROM call)"
    )
    return Counts(*row)


def spend(reader: RunReader) -> list[Spend]:
    """By model, in alphabetical order."""
    sums = ", ".join(
        f"coalesce(sum({column}) FILTER (WHERE {BILLED}), 0), count(*) FILTER (WHERE {BILLED} AND ({column}) IS NULL)"
        for column in ("input_tokens", "output_tokens", "input_tokens + output_tokens", "nano_usd")
    )
    rows = reader.query(
        f"SELECT model, count(*), count(*) FILTER (WHERE {BILLED}), {sums} FROM call GROUP BY model ORDER BY model"
    )
    return [Spend(row[0], row[1], row[2], *(Total(*row[at : at + 2]) for at in (3, 5, 7, 9))) for row in rows]


def arms(reader: RunReader) -> list[ArmRewards]:
    """By arm, in alphabetical order; a late reward counts for the arm that was chosen then."""
    rows = reader.query(f"{_EARNED} SELECT arm, {_MEANS} GROUP BY arm ORDER BY arm")
    return [ArmRewards(*row) for row in rows]


def offered(reader: RunReader) -> tuple[str, ...]:
    """The arms there were to choose from, in alphabetical order."""
    rows = reader.query("SELECT DISTINCT arms FROM decision")
    return tuple(sorted({arm for (arms,) in rows for arm in from_json(arms)}))


def context_arms(reader: RunReader, most: int = -1) -> list[ContextArm]:
    """By context and arm; contexts come in the order in which they first came up. At most the so many most frequent ones."""
    rows = reader.query(
        f"{_EARNED}, frequent AS (SELECT context FROM decision GROUP BY context ORDER BY count(*) DESC, min(key) LIMIT :most)"
        f" SELECT context, arm, {_MEANS} WHERE context IN (SELECT context FROM frequent) GROUP BY context, arm"
        " ORDER BY min(min(key)) OVER (PARTITION BY context), context, arm",
        {"most": most},
    )
    return [ContextArm(from_json(context), *rest) for context, *rest in rows]


def pass_rates(reader: RunReader) -> list[PassRate]:
    rows = reader.query("SELECT validator, count(*), sum(passed) FROM verdict GROUP BY validator ORDER BY validator")
    return [PassRate(*row) for row in rows]


def failures(reader: RunReader) -> list[Failures]:
    """The most frequent first. SQLite takes the bare column from the row that has the minimum."""
    rows = reader.query(
        "SELECT failure_kind, count(*), failure_message, min(number) FROM trial WHERE failure_kind IS NOT NULL"
        " GROUP BY failure_kind ORDER BY count(*) DESC, failure_kind"
    )
    return [Failures(kind, count, example) for kind, count, example, _ in rows]
