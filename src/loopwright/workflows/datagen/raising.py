"""Validators that raise. At single rows these are rejects; at one row after the other the validator is broken, and the run
stops before such a batch settles, so that its rows are judged again once it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from loopwright.errors import BoundaryDown
from loopwright.loop.streak import LIMIT, streak
from loopwright.quality.gate import Said

RAISED = "raised"
"""Where it stands in the data of a batch at how many of its rows each validator raised."""


def raised(examined: Iterable[Sequence[Said]]) -> dict[str, int]:
    """The rows at which each validator raised."""
    return dict(Counter(one.validator for said in examined for one in said if one.ruling.raised))


def streaks(before: Mapping[str, int], said_by: Iterable[str], raised: Mapping[str, int]) -> dict[str, int]:
    """At how many rows in a row each of the validators that looked at some has raised by now, less the credit that it has."""
    looked = Counter(said_by)
    return {name: streak(before.get(name, 0), rows, raised.get(name, 0)) for name, rows in looked.items()}


def stop_if_broken(examined: Sequence[Sequence[Said]], before: Mapping[str, int]) -> None:
    found = raised(examined)
    for name, rows in streaks(before, (one.validator for said in examined for one in said), found).items():
        if rows >= LIMIT:
            why = next(one.ruling.reason for said in examined for one in said if one.validator == name)
            raise BoundaryDown(f"{why}; so it did at all of the last rows that it looked at: mend it, then go on")
