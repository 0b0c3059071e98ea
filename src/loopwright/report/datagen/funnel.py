"""From written to accepted: how many rows came to each gate, how many fell there, for which reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from loopwright.report.amounts import count, share
from loopwright.report.bars import Bar, bars
from loopwright.report.datagen.made import Made
from loopwright.report.datagen.tally import Fallen, Gate
from loopwright.report.frame import Axis, Caption
from loopwright.report.markup import Child, Markup, joined, shortened
from loopwright.report.page import charts, figure, paragraph
from loopwright.report.tables import Group, heads, table
from loopwright.store.yields import in_order
from loopwright.workflows.datagen.settling import TARGET, WRITTEN

_GATES = heads("gate >came >fell >share")
_REASONS = heads("gate >rows >share ~reason")
_MOST = 15


class Passing(NamedTuple):
    """How many rows came to a gate, and which of them fell."""

    gate: Gate
    came: int
    fallen: Fallen


def panel(made: Made) -> Markup:
    if not made.tally.rows:
        return paragraph("No row has been written yet.", "quiet")
    passing = list(passings(made))
    seen = charts([_drawn(made, passing), _table(made, passing)])
    return joined([seen, _reasons(passing), _silent(made, passing), _unsaid(made, passing)])


def passings(made: Made) -> Iterator[Passing]:
    """In the order in which rows meet them: what nothing says is no gate."""
    fallen = made.tally.fallen
    said = [name for name in in_order(made.shown.reader) if name != WRITTEN]
    early = [Gate(WRITTEN, False), *(Gate(name, False) for name in said)]
    late = [gate for gate in fallen if gate.late]
    last = [gate for gate in fallen if gate.validator == TARGET]
    left = made.tally.rows
    for gate in [*early, *sorted(late, key=lambda gate: said.index(gate.validator) if gate.validator in said else -1), *last]:
        found = fallen.get(gate, Fallen())
        yield Passing(gate, left, found)
        left -= found.rows


def _drawn(made: Made, passing: list[Passing]) -> Markup:
    rows = made.tally.rows
    steps = [Bar("written", float(rows), note=count(rows))]
    steps += [
        Bar(name(each.gate), float(left), note=f"{count(left)}  −{count(each.fallen.rows)}")
        for each in passing
        if each.fallen.rows
        for left in (each.came - each.fallen.rows,)
    ]
    caption = Caption("Rows that are left after each gate", "rows", f"{count(rows)} rows written")
    return figure(
        bars(caption, steps, Axis("rows", 0)), "Gates at which no row fell are left out. At the end: how many fell there."
    )


def _table(made: Made, passing: list[Passing]) -> Markup:
    rows: list[list[Child]] = [
        [name(each.gate), count(each.came), count(each.fallen.rows), share(each.fallen.rows, each.came)] for each in passing
    ]
    rows.append(["accepted", count(made.tally.accepted), "", ""])
    said = (
        "Gates in the order in which rows meet them; a row falls at the first it fails. Late ones compare it with what was "
        "accepted while it was written."
    )
    return table(said, _GATES, [Group(None, rows)])


def _reasons(passing: list[Passing]) -> Markup | None:
    found = [(reason, each.gate) for each in passing for reason in each.fallen.reasons.values()]
    if not found:
        return None
    found.sort(key=lambda pair: -pair[0].rows)
    total = sum(each.fallen.rows for each in passing)
    rows: list[list[Child]] = [
        [name(gate), count(reason.rows), share(reason.rows, total), shortened(reason.said, 200)]
        for reason, gate in found[:_MOST]
    ]
    left = len(found) - len(rows)
    more = f" Rarer ones that are left out: {count(left)}." if left else ""
    said = f"Why rows fell, the most frequent reasons first; where they differ in numbers alone these are left out (#).{more}"
    return table(said, _REASONS, [Group(None, rows)])


def _silent(made: Made, passing: list[Passing]) -> Markup | None:
    there = {each.gate.validator for each in passing}
    silent = [name for name in made.recipe.brief.validators if name not in there]
    return paragraph(f"Of no row has anything been said by: {', '.join(silent)}.", "quiet") if silent else None


def _unsaid(made: Made, passing: list[Passing]) -> Markup | None:
    unsaid = made.tally.rows - made.tally.accepted - sum(each.fallen.rows for each in passing)
    return paragraph(f"{count(unsaid)} rows were not accepted without a verdict.", "notice") if unsaid else None


def name(gate: Gate) -> str:
    known = {WRITTEN: "read as a row", TARGET: "place left"}
    return known.get(gate.validator, f"late {gate.validator}" if gate.late else gate.validator)
