"""The report of a run is one page that stands alone, tells what is stored, and can be made of a run in any state."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from drawing import NASTY
from places import Place
from reading import Page

from loopwright.cli import main
from loopwright.records import Call, TrialRecord
from loopwright.records import Failure as TrialFailure
from loopwright.report.curves import coarser
from loopwright.report.run import report
from loopwright.runs.delete import delete
from loopwright.runs.folder import RunFolder
from loopwright.runs.read import whole
from loopwright.runs.series import course_of, summed
from loopwright.store.lock import hold
from loopwright.store.writer import RunStore


def made(folder: RunFolder) -> Page:
    return Page(report(folder, 10))


def test_a_page_stands_alone(run: RunFolder) -> None:
    page = made(run)
    addresses = [attributes.get(name) for _, attributes in page.tags for name in ("href", "src", "srcset", "action", "data")]
    assert all(address.startswith(("#", "data:image/svg+xml,")) for address in addresses if address is not None)
    assert not page.all("script")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert not re.search(r"url\(|@import", report(run))


def test_a_page_can_be_read_by_everyone(run: RunFolder) -> None:
    page = made(run)
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("header")) == len(page.all("nav")) == len(page.all("h1")) == 1
    assert all(deeper <= higher + 1 for higher, deeper in zip(page.headings, page.headings[1:], strict=False))
    assert len(page.all("caption")) == len(page.all("table")) >= 4
    assert all(cell.get("scope") for cell in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {(link["href"] or "")[1:] for link in page.all("a")} <= set(ids)
    assert all(svg.get("role") == "img" or svg.get("aria-hidden") == "true" for svg in page.all("svg"))
    assert all(region.get("tabindex") == "0" for region in page.all("div") if region.get("role") == "region")


def test_a_page_tells_what_is_stored(run: RunFolder) -> None:
    page, stored = made(run), whole(run)
    for told in (
        run.name,
        stored.digest,
        "done",
        "all items are settled",
        "300, 5 failed",
        "BoundaryError",
        "this trial was made to fail",
        '{"epsilon_greedy":{"epsilon":0.2}}',
        "No real model answers as writer (scripted).",
        "step=1, crowded=true",
        "<wide> & co",
        "trial 299, step 1",
        "best mean",
        "Passed, by validator",
    ):
        assert told in page.text, told


def test_what_it_shows_of_each_arm_agrees_with_the_store(run: RunFolder) -> None:
    course = course_of(run, 10)
    html = report(run, 10)
    for line in course.lines:
        total, rewards = sum(cell.total for cell in line.cells), sum(cell.rewards for cell in line.cells)
        assert f'<td class="number">{total / rewards:.3f}</td>' in html


def test_stretches_that_are_drawn_apart_hold_enough_trials_and_all_of_them(run: RunFolder) -> None:
    course = course_of(run, 10)
    coarse = coarser(course, 2 * course.width + 1)
    assert coarse.width == 3 * course.width
    assert sum(coarse.decisions) == sum(course.decisions) and sum(coarse.explored) == sum(course.explored)
    assert [summed(line.cells).pulls for line in coarse.lines] == [summed(line.cells).pulls for line in course.lines]
    assert len(coarse.decisions) == -(-len(course.decisions) // 3)


def test_the_same_state_is_the_same_page(run: RunFolder) -> None:
    assert report(run, 10) == report(run, 10)


def test_a_run_under_way_is_said_to_be_and_left_alone(run: RunFolder) -> None:
    with hold(run.path):
        page = made(run)
    assert "running" in page.text


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (("budget.calls=7",), ["budget", "budget.calls is reached", "7 of 7"]),
        (("crash_at=0",), ["crashed", "It has not decided anything yet.", "No trial has failed."]),
        (("fail_every=1",), ["done", "100.0 %", "300, 300 failed"]),
    ],
    ids=lambda given: given[0],
)
def test_a_run_that_ended_early_or_badly_has_a_report(place: Place, sets: tuple[str, ...], told: list[str]) -> None:
    try:
        folder = place.run(*sets, name=re.sub(r"\W", "-", sets[0]))
    except RuntimeError:
        (folder,) = map(RunFolder, (place.folder / "runs").glob("crash-at-0-*"))
    page = made(folder)
    for words in told:
        assert words in page.text, words


async def test_a_run_that_was_killed_at_once_has_a_report(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    async with RunStore.open(folder.store):
        pass
    assert "unstarted" in made(folder).text


async def test_a_price_nobody_knows_is_called_unknown(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    async with RunStore.open(folder.store) as store:
        store.enter_call(Call(1, 0, 0, "writer", 1, "settled", input_tokens=5, output_tokens=None, nano_usd=None))
        store.enter_call(Call(2, 0, 0, "writer", 1, "settled", input_tokens=5, output_tokens=7, nano_usd=None))
        await store.flush()
    page = made(folder)
    assert re.search(r"spent\s+unknown", page.text)
    assert "7 + 1 call unknown" in page.text
    assert "$0.00" not in page.text


async def test_what_others_wrote_stays_text(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    async with RunStore.open(folder.store) as store:
        spec: Any = {
            "workflow": NASTY,
            "seed": 1,
            "policy": {NASTY: NASTY},
            "models": [{"id": NASTY, "provider": NASTY, "model": NASTY}],
        }
        store.set_meta("start", {"digest": NASTY, "sets": [NASTY], "started": 0.0, "spec": spec})
        store.set_meta("end", {"status": "stopped", "reason": NASTY, "at": 1.0})
        store.settle(TrialRecord(0, NASTY, TrialFailure("BadReply", NASTY), None, 0.0, 0.0))
        await store.flush()
    page = made(folder)
    assert not page.all("script")
    assert "<script>alert('x')</script>" in page.text
    assert "\x1b" not in page.text


def test_the_command_writes_the_file_and_says_where(run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, file in (([], run.report), (["--output", str(tmp_path / "mine.html")], tmp_path / "mine.html")):
        with pytest.raises(SystemExit) as end:
            main(["report", str(run.path), *words])
        assert not end.value.code
        assert capsys.readouterr().out == f"{file}\n"
        Page(file.read_text())


def test_a_deleted_run_takes_its_report_along(place: Place) -> None:
    folder = place.run("items=3", name="gone")
    folder.report.write_text("derived")
    assert delete(folder) == []


def test_policy_show_draws_each_arm_over_time(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["policy", "show", str(run.path), "--last", "0"])
    arms = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step=")]
    assert len(arms) == len(course_of(run).lines)
    assert all(re.fullmatch("[▁▂▃▄▅▆▇█·]{20}", line.split()[-1]) for line in arms)
    assert all(re.search("[▁▂▃▄▅▆▇█]", line) for line in arms)
