"""Validators of other packages: a function in a package that is really installed, used by a recipe; also one that raises."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.workflows.datagen.conftest import FREE, PROGRAM, TASK, Desk, Ended
from tests.workflows.datagen.test_models import SCRIPT

PROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "desk-checks"
version = "1.0"

[project.entry-points."loopwright.plugins"]
"validator.short" = "desk_checks:short"
"validator.fragile" = "desk_checks:fragile"
"validator.taught" = "desk_checks:Taught"
"""
CHECKS = '''
"""Checks of ours."""

from loopwright.quality.row import Ruling
from loopwright.quality.validator import Parameters


class Taught(Parameters):
    field: str
    premise: str

    def fitted(self, given):
        return self

    def judge(self, row):
        return Ruling(True)


def short(row):
    return len(row.text("text")) <= 60


def fragile(row):
    return {"hi": True, "good": True}[row.text("text").split()[0].strip(",")]
'''

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the package is installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "desk_checks.py").write_text(CHECKS)
    words = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(target), str(source)]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], check=True, capture_output=True)
    return target


def _run(desk: Desk, installed: Path, validators: str, recipe: str = f"target: {{accepted: 40}}\n{FREE}") -> Ended:
    name = desk.write(f"{recipe}{validators}")
    path = os.pathsep.join(filter(None, (str(installed), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [*PROGRAM, "run", name, "--quiet"],
        cwd=desk.folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_a_validator_of_an_installed_package_is_one_function(desk: Desk, installed: Path) -> None:
    ended = _run(desk, installed, "  short: {}\n")
    assert ended.code == 0, ended
    assert len(desk.rows()) == 40
    assert all(len(row["data"]["text"]) <= 60 for row in desk.rows())
    long = [row for row in desk.rows("rejects.jsonl") if row["rejected_by"] == "short"]
    assert long
    assert all(len(row["data"]["text"]) > 60 and row["reason"] == "says no" for row in long)


def test_its_parameters_mean_what_it_says(desk: Desk, installed: Path) -> None:
    ended = _run(desk, installed, "  taught: {field: economics, premise: supply <meets> demand}\n")
    assert ended.code == 0, ended


def test_rows_at_which_it_raises_are_rejects_that_say_so(desk: Desk, installed: Path) -> None:
    ended = _run(desk, installed, "  fragile: {}\n")
    assert ended.code == 0, ended
    assert {row["data"]["text"].split()[0] for row in desk.rows()} == {"hi,", "good"}
    raised = [row["reason"] for row in desk.rows("rejects.jsonl") if row["rejected_by"] == "fragile"]
    assert raised
    assert all(reason.startswith("the validator fragile raised KeyError: ") for reason in raised)


ASKING = f"""{TASK}
models: [{{id: writer, provider: scripted, script: "script:good"}}]
arms: [{{id: one, kind: naive}}]
target: {{accepted: 40}}
validators:
"""
MENDED = CHECKS.replace('"good"', '"about"')


def _calls(desk: Desk) -> Counter[str]:
    with sqlite3.connect(f"file:{desk.place / 'run.sqlite'}?mode=ro", uri=True) as store:
        return Counter(f"{trial} {purpose}" for trial, purpose in store.execute("SELECT trial, purpose FROM call"))


def test_where_it_raises_at_every_row_the_run_stops_and_judges_the_same_answers_once_it_is_mended(
    desk: Desk, installed: Path
) -> None:
    (desk.folder / "script.py").write_text(SCRIPT)
    broken = _run(desk, installed, "  fragile: {}\n", recipe=ASKING)
    assert broken.code == 1, broken
    assert "stopped: the validator fragile raised KeyError: " in broken.out
    assert "so it did at all of the last rows that it looked at: mend it, then go on" in broken.out
    assert "loopwright runs resume" in broken.err
    assert desk.rows("rejects.jsonl") == []
    paid = _calls(desk)
    assert paid

    (installed / "desk_checks.py").write_text(MENDED)
    mended = _run(desk, installed, "  fragile: {}\n", recipe=ASKING)
    (installed / "desk_checks.py").write_text(CHECKS)
    assert mended.code == 0, mended
    assert len(desk.rows()) == 40
    assert desk.rows("rejects.jsonl") == []
    assert _calls(desk) >= paid
    assert set(_calls(desk).values()) == {1}


def test_batches_of_one_row_are_counted_together(desk: Desk, installed: Path) -> None:
    recipe = f"{ASKING.replace('validators:', 'batch_size: 1')}window: 1\nvalidators:\n"
    (desk.folder / "script.py").write_text(SCRIPT)
    broken = _run(desk, installed, "  fragile: {}\n", recipe=recipe)
    assert broken.code == 1, broken
    assert "so it did at all of the last rows" in broken.out
    assert len(desk.rows("rejects.jsonl")) == 4
