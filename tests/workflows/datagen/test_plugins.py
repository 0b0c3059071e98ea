"""Validators of other packages: a function in a package that is really installed, used by a recipe; also one that raises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.workflows.datagen.conftest import FREE, PROGRAM, Desk, Ended

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
"""
CHECKS = '''
"""Checks of ours."""


def short(row):
    return len(row.text("text")) <= 60


def fragile(row):
    return {"hi": True}[row.text("text").split()[0].strip(",")]
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


def _run(desk: Desk, installed: Path, validators: str, *words: str) -> Ended:
    name = desk.write(f"{FREE}{validators}\ntarget: {{accepted: 40}}")
    path = os.pathsep.join(filter(None, (str(installed), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [*PROGRAM, "run", name, "--quiet", *words],
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


def test_rows_at_which_it_raises_are_rejects_that_say_so(desk: Desk, installed: Path) -> None:
    ended = _run(desk, installed, "  fragile: {}\n")
    assert ended.code == 0, ended
    assert {row["data"]["text"].split()[0] for row in desk.rows()} == {"hi,"}
    raised = [row["reason"] for row in desk.rows("rejects.jsonl") if row["rejected_by"] == "fragile"]
    assert raised
    assert all(reason.startswith("the validator fragile raised KeyError: ") for reason in raised)


def test_where_it_raises_at_every_row_the_run_says_so_and_can_be_started_anew(desk: Desk, installed: Path) -> None:
    broken = _run(desk, installed, "  fragile: {}\n", "--set", "grammar.rules.greeting=[welcome]", "--set", "target.batches=3")
    assert broken.code == 4
    assert "rejects failed at fragile, the last because: the validator fragile raised KeyError" in broken.out
    assert len(desk.rows("rejects.jsonl")) == 30
    (installed / "desk_checks.py").write_text(
        CHECKS.replace('"hi": True', '"welcome": True, **dict.fromkeys("a I could somebody".split(), True)')
    )
    mended = _run(desk, installed, "  fragile: {}\n", "--set", "grammar.rules.greeting=[welcome]")
    assert mended.code == 0, mended
    assert len(desk.rows()) == 40
    assert len(desk.rows("rejects.jsonl")) >= 30
