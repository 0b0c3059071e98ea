"""What all tests share: no network beyond this machine, no real keys, properties that repeat themselves, a small real disk."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings

GUARD = Path(__file__).parent / "guard"


def guard() -> list[str]:
    """What this process is refused. A worker of pytest-xdist is started by a fenced process, and has its fence already."""
    fence = sys.modules.get("sitecustomize")
    if fence and Path(fence.__file__ or "").parent == GUARD:
        return cast(list[str], fence.refused)
    return cast(list[str], runpy.run_path(str(GUARD / "sitecustomize.py"))["refused"])


refused = guard()
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(GUARD), os.environ.get("PYTHONPATH"))))

for name in [name for name in os.environ if name.endswith("_API_KEY")]:
    del os.environ[name]

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("prove", max_examples=5_000, deadline=None)
settings.register_profile("quick", max_examples=20, derandomize=True, deadline=None)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def reached() -> Iterator[list[str]]:
    """Fails a test that reached for the network, also where its code swallowed the refusal."""
    refused.clear()
    yield refused
    assert not refused, f"reached beyond this machine: {refused}"


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts real disks of a given size: `tmpfs("2m")`. They are gone after the test."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        disk = tmp_path / f"disk{len(mounted)}"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine does not let us mount a tmpfs: {done.stderr.strip()}")
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(["umount", "--lazy", disk], check=True)
