"""Plugins, as installed packages bring them: found by room, imported when asked for, and never silently wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = "from loopwright.policy import KINDS; print(KINDS.names()); print(KINDS.load('mine'))"


def install(folder: Path, line: str) -> None:
    """What pip leaves of a package with one entry point."""
    info = folder / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[loopwright.plugins]\n{line}\n")
    (folder / "mine.py").write_text("class Mine: pass\n")
    (folder / "broken.py").write_text("raise OSError('no disk today')\n")


def ask(folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-c", ASK]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)


def test_a_plugin_stands_beside_the_built_in_members(tmp_path: Path) -> None:
    install(tmp_path, "policy.mine = mine:Mine")
    asked = ask(tmp_path)
    assert "'epsilon_greedy'" in asked.stdout and asked.stdout.splitlines()[0].endswith(", 'mine']")
    assert "mine.Mine" in asked.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("policy.mine = broken:Mine", "plugin policy.mine (broken:Mine) does not load: OSError('no disk today')"),
        ("policy.uniform = mine:Mine", "plugin policy.uniform (mine:Mine) takes a name that is taken"),
        ("polcy.mine = mine:Mine", "a name is ROOM.KIND"),
        ("mine = mine:Mine", "a name is ROOM.KIND"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path, line: str, says: str) -> None:
    install(tmp_path, line)
    assert says in ask(tmp_path).stderr
