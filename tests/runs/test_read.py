"""What the read side says of real runs of the toy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopwright.errors import RunHeld, RunNotFound, UsageError
from loopwright.records import Call
from loopwright.runs import read
from loopwright.runs.compare import compare
from loopwright.runs.delete import delete
from loopwright.runs.export import Wanted, to_file
from loopwright.runs.folder import RunFolder
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, resume, start
from loopwright.runs.trace import trace
from loopwright.store import schema
from loopwright.store.lock import held, hold
from loopwright.store.writer import RunStore

SPEC = """\
workflow: toy
items: 30
window: 4
fail_every: 10
policy: {epsilon_greedy: {epsilon: 0.2}}
models:
  - {id: writer, provider: scripted, script: "answers:say", max_output_tokens: 20}
budget: {calls: 1000}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "toy.yaml").write_text(SPEC)
    (folder / "answers.py").write_text("def say(request): return 'word'\n")
    return folder


def ran(place: Path, *sets: str, name: str | None = None) -> RunFolder:
    result = start(Start(place / "toy.yaml", (f"output={place / 'runs'}", *sets), name), Unwatched())
    assert result.end.status == "done"
    return result.folder


@pytest.fixture(scope="module")
def run(place: Path) -> Iterator[RunFolder]:
    yield ran(place)


def test_an_overview_counts_what_is_stored(run: RunFolder) -> None:
    overview = read.overview(run)
    assert (overview.status, overview.reason, overview.workflow) == ("done", "all items are settled", "toy")
    assert (overview.counts.trials, overview.counts.failed, overview.counts.samples) == (30, 3, 54)
    assert overview.changed > 0
    os.utime(run.store, (1000, 1000))
    assert [read.overview(run).changed for _ in range(2)] == [1000, 1000]  # reading changes nothing


async def test_a_price_nobody_knows_is_unknown_not_zero(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    async with RunStore.open(folder.store) as store:
        store.enter_call(Call(1, 0, 0, "writer", 1, "settled", nano_usd=5))
        await store.flush()
        assert read.overview(folder).spent == (5, 0)
        store.enter_call(Call(2, 0, 0, "writer", 1, "settled", nano_usd=None))
        await store.flush()
        assert read.overview(folder).spent == (5, 1)
        assert read.overview(folder).spent.exact is None
    assert read.overview(folder).status == "unstarted"


def test_the_whole_holds_caps_arms_verdicts_and_failures(run: RunFolder) -> None:
    whole = read.whole(run)
    (cap,) = whole.caps
    assert (cap.account, cap.limit) == ("run:calls", 1000)
    assert cap.taken == whole.overview.counts.calls
    assert sum(arm.decisions for arm in whole.arms) == whole.overview.counts.decisions
    assert {rate.validator for rate in whole.pass_rates} == {"even", "new"}
    assert [(failure.kind, failure.trials) for failure in whole.failures] == [("BoundaryError", 3)]


def test_a_run_of_an_older_version_says_what_to_do_and_doing_it_helps(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ran(place, name="old")
    newer = (*schema.migrations(), schema.Migration(schema.latest() + 1, "ALTER TABLE event ADD COLUMN more TEXT;"))
    monkeypatch.setattr(schema, "migrations", lambda: newer)
    assert "resume the run once" in read.overview(run).reason
    assert resume(run, (), Unwatched()).end.status == "done"
    assert read.overview(run).status == "done"


def test_a_run_that_never_came_to_its_tables_is_not_sent_in_circles(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.store.touch()
    assert "start it again" in read.overview(folder).reason
    with pytest.raises(RunNotFound, match="never started"):
        resume(folder, (), Unwatched())


def test_what_was_learned_agrees_with_the_log(run: RunFolder) -> None:
    learned = read.learned(run, last=3)
    whole = read.whole(run)
    for arm in whole.arms:
        rows = [row for row in learned.arms if row.arm == arm.arm]
        assert sum(row.decisions for row in rows) == arm.decisions
        assert sum(row.rewards for row in rows) == arm.rewards
        assert arm.mean is not None
        total = sum(row.mean * row.rewards for row in rows if row.mean is not None)
        assert total == pytest.approx(arm.mean * arm.rewards)
    assert [decision.id.trial for decision in learned.decisions] == [28, 29, 29]


def test_an_unknown_sample_is_said_to_be_unknown(run: RunFolder) -> None:
    assert trace(run, "1.0").lineage.origins[0].sample.id == "1.0"
    for id in ("0.7", "99.0", "nonsense", "../1"):
        with pytest.raises(RunNotFound, match=r"TRIAL\.INDEX"):
            trace(run, id)


def test_two_runs_of_one_spec_are_the_same_and_of_two_seeds_are_not(run: RunFolder, place: Path) -> None:
    twin, other = ran(place, name="twin"), ran(place, "seed=1", name="other")
    assert all(table.rows == 0 and not table.first for table in compare(run, twin))
    decisions = next(table for table in compare(run, other, show=2) if table.table == "decision")
    assert decisions.rows > 0
    assert len(decisions.first) == 2
    assert decisions.first[0].row.count(".") == 1


def test_a_shorter_run_differs_by_the_rows_it_lacks(run: RunFolder, place: Path) -> None:
    shorter = ran(place, "items=29", name="shorter")
    trials = next(table for table in compare(run, shorter) if table.table == "trial")
    assert (trials.left_rows, trials.right_rows, trials.rows) == (30, 29, 1)
    assert (trials.first[0].row, trials.first[0].column, trials.first[0].right) == ("29", None, None)


def test_only_samples_are_accepted(run: RunFolder, tmp_path: Path) -> None:
    assert to_file(run, Wanted(accepted=True), tmp_path / "samples.jsonl") == read.overview(run).counts.accepted
    with pytest.raises(UsageError, match="samples"):
        to_file(run, Wanted("trials", accepted=True), tmp_path / "trials.jsonl")
    with pytest.raises(UsageError, match="no folder"):
        to_file(run, Wanted(), tmp_path / "nowhere" / "samples.jsonl")


def test_a_run_is_running_while_a_process_holds_it(run: RunFolder) -> None:
    assert not held(run.path)
    with hold(run.path):
        assert held(run.path)
        assert read.overview(run).status == "running"
        with pytest.raises(RunHeld):
            delete(run)
    assert read.overview(run).status == "done"


def test_a_dead_holder_holds_nothing_and_its_lock_is_not_touched(tmp_path: Path) -> None:
    dies = "from pathlib import Path; from loopwright.store.lock import hold\nwith hold(Path()): __import__('os')._exit(0)"
    subprocess.run([sys.executable, "-c", dies], cwd=tmp_path, check=True)
    assert (tmp_path / "lock").read_text().startswith("process ")
    assert not held(tmp_path)
    (tmp_path / "lock").write_text("nonsense")
    assert not held(tmp_path)
    assert not held(tmp_path / "nowhere")


def test_deleting_removes_the_run_and_follows_no_link(place: Path, tmp_path: Path) -> None:
    run = ran(place, name="gone")
    outside = tmp_path / "outside.yaml"
    outside.write_text("mine")
    run.spec.unlink()
    run.spec.symlink_to(outside)
    (run.path / "notes").symlink_to(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(run.path)
    with pytest.raises(UsageError, match="is a link"):
        delete(RunFolder(link))
    assert delete(run) == ["notes"]
    assert [entry.name for entry in run.path.iterdir()] == ["notes"]
    assert outside.read_text() == "mine"
    (run.path / "notes").unlink()


def test_a_deleted_run_leaves_no_folder(place: Path) -> None:
    run = ran(place, name="all-gone")
    assert delete(run) == []
    assert not run.path.exists()
