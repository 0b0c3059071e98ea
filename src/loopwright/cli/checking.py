"""`check`, `schema` and `models test`: what can be known before a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from loopwright.cli.screen import Column, Screen
from loopwright.errors import SpecError
from loopwright.report.amounts import count
from loopwright.runs.check import Checked, check, check_files, schema


def check_spec(file: Path, sets: Sequence[str], screen: Screen) -> int:
    """One line if it is right; raises with all that is wrong, or says so as JSON."""
    try:
        checked = check_files(check(file, sets), file.resolve().parent)
    except SpecError as error:
        if not screen.json:
            raise
        screen.data({"ok": False, "file": error.file, "problems": [asdict(problem) for problem in error.problems]})
        return error.exit_code
    facts = _facts(checked)
    if screen.json:
        screen.data({"ok": True, **facts})
        return 0
    models = ", ".join(block.id for block in checked.spec.models) or "none"
    expected = checked.spec.expected_trials()
    trials = "an unknown number of trials" if expected is None else f"{count(expected)} trials expected"
    screen.result(f"ok: {file}: workflow {checked.spec.workflow}, digest {checked.digest[:8]}, models: {models}, {trials}")
    for note in checked.notes:
        screen.result(f"  {note}")
    for warning in checked.warnings:
        screen.tell(f"warning: {warning}")
    return 0


def _facts(checked: Checked) -> dict[str, object]:
    spec = checked.spec
    return {
        "workflow": spec.workflow,
        "digest": checked.digest,
        "models": [{"id": block.id, "provider": block.provider, "model": block.name} for block in spec.models],
        "policy": spec.policy.kind,
        "expected_trials": spec.expected_trials(),
        "warnings": checked.warnings,
        "notes": checked.notes,
    }


def print_schema(workflow: str, screen: Screen) -> None:
    from json import dumps

    screen.result(dumps(schema(workflow), indent=2))


def test_models(file: Path, sets: Sequence[str], screen: Screen) -> int:
    """0 if every model answers."""
    from loopwright.runs.probe import probe_models

    reports = probe_models(file, sets)
    if screen.json:
        for report in reports:
            screen.data({"ok": report.ok, **report.fields()})
    elif reports:
        columns = [Column("model"), Column("answers"), Column("latency", right=True), Column("diagnosis")]
        took = {report.model: "-" if report.latency_s is None else f"{report.latency_s:.2f} s" for report in reports}
        screen.table(columns, [(r.model, "yes" if r.ok else "NO", took[r.model], r.diagnosis) for r in reports])
    else:
        screen.tell("the spec names no models")
    return 0 if all(report.ok for report in reports) else 1
