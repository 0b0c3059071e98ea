"""A workflow may bring sections of its own; every member of the table copes with a run in any state."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import Place

from loopwright import workflows
from loopwright.report.markup import Markup
from loopwright.report.page import Section, paragraph
from loopwright.report.pages import KINDS, placed
from loopwright.report.run import report
from loopwright.runs.folder import RunFolder
from loopwright.store.writer import RunStore

PLUGIN = """
from loopwright.report.page import Section, paragraph

def sections(shown):
    numbers = sum(sample.accepted or False for sample in shown.reader.samples(limit=1000).rows)
    yield Section("numbers", "Numbers", paragraph(f"{numbers} <numbers> of {shown.whole.overview.counts.accepted}"))
"""


def section(anchor: str, above: str = "") -> Section:
    return Section(anchor, anchor.title(), Markup(), above)


def test_a_plugin_brings_sections_of_its_own(place: Place, tmp_path: Path) -> None:
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[loopwright.plugins]\npage.toy = mine:sections\n")
    (tmp_path / "mine.py").write_text(PLUGIN)
    run = place.run("items=40", name="with-pages")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "loopwright", "report", str(run.path)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True)
    page = run.report.read_text()
    assert " &lt;numbers&gt; of " in page
    assert page.index('href="#numbers"') < page.index('href="#policy"')
    assert "numbers" not in report(run)


def test_sections_stand_where_they_say() -> None:
    generic = [section("policy"), section("verdicts")]
    mine = [section("head"), section("between", "verdicts"), section("lost", "no-such-section")]
    assert [each.anchor for each in placed(generic, mine)] == ["head", "lost", "policy", "between", "verdicts"]
    assert placed(generic, []) == generic


def test_a_section_may_stand_instead_of_a_generic_one() -> None:
    better = Section("verdicts", "The funnel", paragraph("better"))
    lower = Section("verdicts", "The funnel", paragraph("better"), above="models")
    generic = [section("policy"), section("verdicts"), section("models")]
    assert placed(generic, [better]) == [better, generic[0], generic[2]]
    assert placed(generic, [lower]) == [generic[0], lower, generic[2]]


def test_every_member_belongs_to_a_workflow() -> None:
    assert set(KINDS.builtin) <= set(workflows.KINDS.builtin)


@pytest.mark.parametrize("kind", KINDS.builtin)
async def test_every_member_copes_with_a_run_that_has_not_begun(kind: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    async with RunStore.open(folder.store) as store:
        store.set_meta("start", {"spec": {"workflow": kind, "policy": {"uniform": {}}}})
        await store.flush()
    assert report(folder).startswith("<!doctype html>")
