"""What trials brought in: rows and how many were accepted, with what their calls took; and at what rejected rows fell."""

# ruff: noqa: S608 (only names of our own stand in the statements)

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from loopwright.store.reader import RunReader
from loopwright.store.rows import SPAN
from loopwright.store.summary import BILLED, Total

_TRIALS_AT_ONCE = 200


class Yield(NamedTuple):
    """Of one trial; `arm` is that of its last decision, None where it took none, `earned` the sum of its rewards."""

    trial: int
    arm: str | None
    earned: float
    samples: int
    accepted: int
    calls: int
    tokens: Total
    nano_usd: Total


class Rejection(NamedTuple):
    """A sample that was not accepted, and the first verdict that it failed: `late` where that was given in settling."""

    trial: int
    sample: int
    validator: str
    late: bool
    reason: str


_UNKNOWN = "count(*) FILTER (WHERE {billed} AND ({column}) IS NULL)"
_SUMS = ", ".join(
    f"coalesce(sum({column}) FILTER (WHERE {BILLED}), 0) AS {name},"
    f" {_UNKNOWN.format(billed=BILLED, column=column)} AS {name}_unknown"
    for name, column in (("tokens", "input_tokens + output_tokens"), ("nano", "nano_usd"))
)
_YIELDS = (
    "WITH rows AS (SELECT trial, count(*) AS samples, coalesce(sum(accepted), 0) AS accepted FROM sample"
    "  WHERE key >= :low AND key < :high GROUP BY trial),"
    " decided AS (SELECT trial, arm, max(step) FROM decision WHERE key >= :low AND key < :high GROUP BY trial),"
    " earned AS (SELECT trial, sum(value) AS value FROM reward WHERE key >= :low AND key < :high GROUP BY trial),"
    f" asked AS (SELECT trial, count(*) AS calls, {_SUMS} FROM call WHERE trial >= :first AND trial < :end GROUP BY trial)"
    " SELECT number, arm, coalesce(value, 0.0), coalesce(samples, 0), coalesce(accepted, 0), coalesce(calls, 0),"
    " coalesce(tokens, 0), coalesce(tokens_unknown, 0), coalesce(nano, 0), coalesce(nano_unknown, 0)"
    " FROM trial LEFT JOIN decided ON decided.trial = number LEFT JOIN earned ON earned.trial = number"
    " LEFT JOIN rows ON rows.trial = number LEFT JOIN asked ON asked.trial = number"
    " WHERE number >= :first AND number < :end ORDER BY number"
)
_REJECTIONS = (
    "SELECT trial, sample, validator, late, coalesce(reason, ''), min(key) FROM verdict"
    " WHERE key >= :low AND key < :high AND passed = 0 GROUP BY trial, sample ORDER BY 6"
)


def yields(reader: RunReader, trials: int) -> Iterator[Yield]:
    """Of the first so many trials, in the order of the run; some of them in memory at a time."""
    for span in _spans(trials):
        for number, arm, earned, samples, accepted, calls, *sums in reader.query(_YIELDS, span):
            yield Yield(number, arm, earned, samples, accepted, calls, Total(*sums[:2]), Total(*sums[2:]))


def rejections(reader: RunReader, trials: int) -> Iterator[Rejection]:
    """Of the first so many trials, in the order of the run. SQLite takes the bare columns from the row that has the minimum."""
    for span in _spans(trials):
        low_high = {name: span[name] for name in ("low", "high")}
        for trial, sample, validator, late, reason, _ in reader.query(_REJECTIONS, low_high):
            yield Rejection(trial, sample, validator, bool(late), reason)


def in_order(reader: RunReader) -> list[str]:
    """The validators whose verdicts there are, as samples meet them: what one passed stands before what comes next."""
    rows = reader.query(
        "SELECT validator FROM verdict WHERE late = 0 GROUP BY validator"
        " ORDER BY min(key) FILTER (WHERE passed = 1) IS NULL, min(key) FILTER (WHERE passed = 1), min(key)"
    )
    return [name for (name,) in rows]


def calls_before(reader: RunReader) -> int:
    """Those of the stages, before the first trial."""
    ((number,),) = reader.query("SELECT count(*) FROM call WHERE trial < 0")
    return int(number)


def _spans(trials: int) -> Iterator[dict[str, int]]:
    for first in range(0, trials, _TRIALS_AT_ONCE):
        stop = min(trials, first + _TRIALS_AT_ONCE)
        yield {"first": first, "end": stop, "low": first * SPAN, "high": stop * SPAN}
