"""`runs list`, `runs show`, `runs trace`, `runs diff`: what is stored, as tables or as JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loopwright.cli import rows
from loopwright.cli.differing import show_dataset_diff
from loopwright.cli.rows import fields
from loopwright.cli.screen import Column, Screen, as_json
from loopwright.cli.text import line
from loopwright.report.amounts import count, duration, share, usd
from loopwright.runs import read
from loopwright.runs.caveats import caveats
from loopwright.runs.compare import TableDiff, compare
from loopwright.runs.differ import differ
from loopwright.runs.editions import entries
from loopwright.runs.ended import glance
from loopwright.runs.folder import RunFolder, find
from loopwright.runs.read import Overview, Whole
from loopwright.runs.trace import trace

LIST = (
    Column("run"), Column("workflow"), Column("status"), Column("trials", right=True), Column("failed", right=True),
    Column("accepted", right=True), Column("spent", right=True), Column("changed", right=True),
)  # fmt: skip


def list_runs(root: Path, screen: Screen) -> None:
    found = list(read.overviews(root))
    if screen.json:
        for overview in found:
            screen.data(_overview(overview))
        return
    if not found:
        screen.tell(f"there are no runs in {root}")
        return
    now = time.time()
    screen.table(LIST, [_listed(overview, now) for overview in found])


def _listed(overview: Overview, now: float) -> Sequence[object]:
    counts = overview.counts
    return (
        overview.folder.name, overview.workflow or "-", overview.status, count(counts.trials), count(counts.failed),
        count(counts.accepted), overview.spent.told(usd), f"{duration(max(0.0, now - overview.changed))} ago",
    )  # fmt: skip


def _overview(overview: Overview) -> dict[str, Any]:
    return {
        "run": overview.folder.name,
        "folder": str(overview.folder.path),
        "workflow": overview.workflow,
        "status": overview.status,
        "reason": overview.reason,
        **overview.counts._asdict(),
        "nano_usd": overview.spent.exact,
        "changed": overview.changed,
    }


def show_run(folder: RunFolder, screen: Screen) -> None:
    whole, own, notes = read.whole(folder), glance(folder), list(caveats(folder))
    if screen.json:
        screen.data({**_overview(whole.overview), **_details(whole), "caveats": notes, **({} if own is None else own.data)})
        return
    for label, fact in (*_facts(whole), *(("note", note) for note in notes), *(() if own is None else own.lines)):
        screen.result(f"{label:<9} {line(fact)}")
    if whole.arms:
        screen.apart(rows.ARMS, [rows.arm(arm) for arm in whole.arms])
    if whole.pass_rates:
        screen.apart(rows.PASSED, [rows.passed(rate) for rate in whole.pass_rates])
    if whole.spending:
        screen.apart(rows.SPENT, [rows.spent(spend) for spend in whole.spending])
    if whole.failures:
        screen.apart(rows.FAILURES, [rows.failures(failure) for failure in whole.failures])


def _facts(whole: Whole) -> list[tuple[str, str]]:
    overview, counts = whole.overview, whole.overview.counts
    facts = [
        ("run", overview.folder.name),
        ("status", f"{overview.status}: {overview.reason}" if overview.reason else overview.status),
        ("workflow", f"{overview.workflow}, seed {whole.seed}"),
        ("trials", f"{count(counts.trials)}, {count(counts.failed)} failed"),
        ("samples", f"{count(counts.samples)}, {count(counts.accepted)} accepted ({share(counts.accepted, counts.samples)})"),
        ("calls", f"{count(counts.calls)}, {overview.spent.told(usd)}"),
        ("began", _beginning(whole)),
        *(("budget", rows.cap(cap)) for cap in whole.caps),
        ("set", ", ".join(whole.sets)),
        ("stages", rows.stages(whole.stages)),
        ("changed", f"{duration(max(0.0, time.time() - overview.changed))} ago"),
        ("folder", str(overview.folder.path)),
    ]
    return [(label, fact) for label, fact in facts if fact]


def _beginning(whole: Whole) -> str:
    found = whole.recalled
    if found is None:
        return ""
    return f"with what {found.sources} of {found.domain} learned in {count(found.trials)} trials"


def _details(whole: Whole) -> dict[str, Any]:
    return {
        "digest": whole.digest,
        "seed": whole.seed,
        "recalled": whole.recalled and whole.recalled._asdict(),
        "sets": whole.sets,
        "caps": [asdict(cap) for cap in whole.caps],
        "arms": [arm._asdict() for arm in whole.arms],
        "pass_rates": [rate._asdict() for rate in whole.pass_rates],
        "spending": [fields(spend) for spend in whole.spending],
        "failures": [failure._asdict() for failure in whole.failures],
        "stages": whole.stages.first,
        "stage_count": whole.stages.ended,
    }


def show_part(folder: RunFolder, part: str, limit: int, screen: Screen) -> None:
    found = read.part(folder, part, limit)
    columns, cells = rows.PARTS[part]
    if screen.json:
        for record in found:
            screen.data(fields(record))
    elif found:
        screen.table(columns, [cells(record) for record in found])
    else:
        screen.tell(f"there are no {part}")


def show_trace(folder: RunFolder, id: str, screen: Screen) -> None:
    found = trace(folder, id)
    if screen.json:
        screen.data({**fields(found.lineage), "outside": found.outside})
        return
    for origin in found.lineage.origins:
        screen.result(rows.origin(origin))
    for root, content in found.outside.items():
        screen.result(f"{root}, from outside the run" + ("" if content is None else f"\n  row       {as_json(content)}"))
    if found.lineage.cut:
        screen.result("there are more ancestors")


def show_diff(root: Path, left: str, right: str, tables: bool, screen: Screen) -> int:
    """Of two datasets, where both are, else of two runs, table by table."""
    sides = (None, None) if tables else (entries(root, left), entries(root, right))
    if sides[0] is not None and sides[1] is not None:
        return show_dataset_diff(differ(sides[0], sides[1]), screen)
    found = compare(find(root, left), find(root, right))
    same = not any(table.rows for table in found)
    if screen.json:
        screen.data({"same": same, "tables": [_diff(table) for table in found]})
    else:
        screen.table(rows.DIFFS, [rows.diff(table) for table in found])
        for table in found:
            for parting in table.first:
                screen.result(rows.parting(parting))
        screen.result("the same results" if same else "different results")
    return 0 if same else 1


def _diff(table: TableDiff) -> dict[str, Any]:
    return {**table._asdict(), "first": [parting._asdict() for parting in table.first]}
