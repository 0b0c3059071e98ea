"""No word of a user leads out of the folder that holds the runs, unless it is itself the path of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopwright.errors import LoopwrightError, RunNotFound
from loopwright.runs.folder import find, named


@given(st.text(max_size=80))
@example("..")
@example("../../etc")
@example("/etc/passwd")
@example("a/../../b")
@example("nul\0byte")
@example("x" * 80)
def test_a_name_stays_under_its_root_or_is_refused(name: str) -> None:
    root = Path("/tmp/some/runs")
    try:
        folder = named(root, name, "0123456789abcdef")
    except LoopwrightError:
        return
    assert folder.path.parent == root.resolve()


@given(st.text(max_size=80))
@example("../../etc")
@example("nul\0byte")
def test_a_word_finds_a_run_or_nothing(word: str) -> None:
    with pytest.raises(RunNotFound):
        find(Path("/tmp/there/are/no/runs"), word)
