"""The loop's promises, on the toy workflow with real stores: what a run comes to, whatever the speed and however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

import loopwright_toy.trial
from loopwright.errors import BoundaryError, BudgetReached, ReplayDiffers
from loopwright.loop.chooser import Chooser
from loopwright.loop.trial import Item, Trial
from loopwright.loop.work import Outcome, Settlement
from loopwright.records import DecisionId
from loopwright.runs.folder import RunFolder, all_runs
from loopwright.runs.live import Live, Unwatched
from loopwright.runs.read import learned
from loopwright.runs.start import Result, Start, resume, start
from loopwright.runs.states import state_of
from loopwright.store.compare import differences
from loopwright.store.decided import decided
from loopwright.store.reader import RunReader
from loopwright_toy.trial import Toy

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Writes a toy spec from keyword arguments and runs it."""

    def go(text: str = "", name: str = "toy", watcher: Unwatched | None = None, **more: Any) -> Result:
        file = tmp_path / f"{name}.yaml"
        file.write_text(f"workflow: toy\noutput: {tmp_path / 'runs'}\n{text}")
        return start(Start(file, **more), watcher or Unwatched())

    return go


def same(ours: RunFolder, theirs: RunFolder) -> bool:
    with RunReader.open(ours.store) as a, RunReader.open(theirs.store) as b:
        return not list(differences(a, b))


def rows(folder: RunFolder, query: str) -> list[Any]:
    with sqlite3.connect(f"file:{folder.store}?mode=ro", uri=True) as store:
        return store.execute(query).fetchall()


class Stopper(Unwatched):
    """Interrupts a run as Ctrl-C would, once so many trials have settled."""

    def __init__(self, after: int, times: int = 1) -> None:
        self.after = after
        self.times = times
        self.notices: list[str] = []

    async def watch(self, live: Live) -> None:
        while live.progress.settled < self.after:
            await asyncio.sleep(0)
        for _ in range(self.times):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)

    def notice(self, text: str) -> None:
        self.notices.append(text)


def test_a_run_settles_every_item_once_and_in_order(run: Run) -> None:
    result = run("items: 50\nwindow: 8\n")
    assert (result.end.status, result.exit_code) == ("done", 0)
    assert [number for (number,) in rows(result.folder, "SELECT number FROM trial ORDER BY rowid")] == list(range(50))
    assert result.progress.settled == 50
    assert result.progress.samples == 100


@pytest.mark.parametrize(("window", "block"), [(1, 1), (7, 1), (16, 1), (7, 5), (1, 10)])
def test_a_trial_decides_and_sees_as_of_the_trial_a_window_before(run: Run, window: int, block: int) -> None:
    folder = run(f"items: 60\nwindow: {window}\nupdate_every: {block}\npolicy: {{epsilon_greedy: 0.3}}\n").folder
    accepted = dict(rows(folder, "SELECT trial, sum(accepted) FROM sample GROUP BY trial"))
    with RunReader.open(folder.store) as reader:
        for decision in reader.decisions(limit=1000).rows:
            settled = max(0, decision.id.trial - window + 1)
            assert decision.version == settled - settled % block
        for sample in reader.samples(limit=1000).rows:
            settled = max(0, sample.trial - window + 1)
            assert sample.data["seen"] == sum(accepted[trial] for trial in range(settled))  # type: ignore[index,call-overload]


def test_late_rewards_reach_the_decision_they_are_for(run: Run) -> None:
    folder = run("items: 30\nlate: 4\nsteps: 2\n").folder
    late = rows(folder, "SELECT trial, step, settled_by FROM reward WHERE settled_by != trial ORDER BY rowid")
    assert late == [(trial, 1, trial + 4) for trial in range(26)]
    early = rows(folder, "SELECT count(*) FROM reward WHERE settled_by = trial AND step = 0")
    assert early == [(30,)]


def test_a_reward_of_weight_5_counts_as_five_wherever_it_is_learned_and_shown(run: Run) -> None:
    text = "items: 60\nsteps: 1\nlate: 4\nweight: 5\npolicy: {epsilon_greedy: 0.2}\narms: {narrow: 5, wide: 100000}\n"
    whole = run(text)
    assert rows(whole.folder, "SELECT DISTINCT weight FROM reward WHERE settled_by <> trial") == [(5.0,)]
    counted = rows(
        whole.folder,
        "SELECT arm, sum(weight), sum(weight * value) FROM reward JOIN decision USING (trial, step) GROUP BY arm ORDER BY arm",
    )
    shown = learned(whole.folder, 0).overall
    assert [each.mean for each in shown] == pytest.approx([total / weight for _, weight, total in counted])
    assert {arm: each.mean for arm, each in whole.progress.arms.items()} == pytest.approx({x.arm: x.mean for x in shown})
    with RunReader.open(whole.folder.store) as reader:
        earned = {id: value for trial in decided(reader, 60) for id, value in trial.earned.items()}
    ((immediate, late),) = rows(
        whole.folder,
        "SELECT sum(value) FILTER (WHERE weight = 1), sum(value) FILTER (WHERE weight = 5) FROM reward WHERE trial = 9",
    )
    assert earned[DecisionId(9, 0)] == pytest.approx((immediate + 5 * late) / 6), "what off-policy evaluation takes it for"
    known: Counter[str] = Counter()
    for tallies in state_of(whole.folder, own=True).memory.values():
        known.update({arm: sums[0] / 1e9 for arm, sums in tallies.items()})
    assert dict(known) == pytest.approx({arm: weight for arm, weight, _ in counted})
    run(text, name="cut", watcher=Stopper(20))
    assert same(run(text, name="cut").folder, whole.folder), "what was learned of weights is learned again on resume"


def test_rewards_are_scaled_and_keep_their_parts(run: Run) -> None:
    folder = run("items: 20\nlate: 0\n").folder
    values = {(raw, value) for raw, value in rows(folder, "SELECT raw, value FROM reward")}
    assert values <= {(2.0, 1.0), (1.0, 0.5), (0.0, 0.0)}
    assert (1.0, 0.5) in values and (2.0, 1.0) in values
    assert all('"drawn"' in parts or '"fresh"' in parts for (parts,) in rows(folder, "SELECT parts FROM reward"))


def test_a_target_ends_the_run_after_a_trial_and_what_settled_is_a_prefix(run: Run) -> None:
    whole = run("items: 80\n", name="whole")
    cut = run("items: 80\ntarget: 25\n", name="cut")
    assert (cut.end.status, cut.end.reason) == ("done", "target reached")
    settled = cut.progress.settled
    assert 0 < settled < 80
    query = "SELECT trial, number, data, accepted FROM sample WHERE trial < {} ORDER BY key"
    assert rows(cut.folder, query.format(settled)) == rows(whole.folder, query.format(settled))


def test_a_failing_trial_settles_as_failed_and_its_siblings_go_on(run: Run) -> None:
    result = run("items: 21\nfail_every: 5\n")
    failed = rows(result.folder, "SELECT number, failure_kind FROM trial WHERE failure_kind IS NOT NULL")
    assert failed == [(number, "BoundaryError") for number in (0, 5, 10, 15, 20)]
    assert (result.end.status, result.progress.settled, result.exit_code) == ("done", 21, 1)


def test_a_bug_stops_the_run_loudly_and_what_came_before_is_kept(run: Run) -> None:
    result = run("items: 40\nwindow: 8\ncrash_at: 17\n")
    assert result.end.status == "crashed"
    assert isinstance(result.end.error, RuntimeError)
    assert result.progress.settled == 17
    assert result.exit_code == 1


def test_an_interrupted_run_resumes_to_what_an_uninterrupted_one_comes_to(run: Run) -> None:
    text = "items: 300\nwindow: 16\npolicy: {epsilon_greedy: 0.2}\n"
    whole = run(text, name="whole")
    stopper = Stopper(after=60)
    cut = run(text, name="cut", watcher=stopper)
    assert (cut.end.status, cut.exit_code) == ("interrupted", 130)
    assert 60 <= cut.progress.settled < 300
    assert len(stopper.notices) == 1
    resumed = resume(cut.folder, (), Unwatched())
    assert resumed.end.status == "done"
    assert resumed.progress.resumed_at == cut.progress.settled
    assert same(resumed.folder, whole.folder)


def test_starting_the_same_spec_again_goes_on_and_fresh_starts_another(run: Run) -> None:
    first = run("items: 10\n")
    again = run("items: 10\n")
    assert again.folder == first.folder
    assert again.progress.resumed_at == 10
    other = run("items: 10\n", fresh=True)
    assert other.folder != first.folder
    assert same(other.folder, first.folder)


def test_resuming_notices_that_the_inputs_have_changed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = run("items: 300\n", watcher=Stopper(after=20))
    monkeypatch.setattr(Toy, "items", lambda self: (Item(f"other-{number}") for number in range(300)))
    with pytest.raises(ReplayDiffers, match="item-0"):
        resume(cut.folder, (), Unwatched())


def test_a_deadline_is_recorded_with_the_decisions_before_it_and_replays(run: Run) -> None:
    text = "items: 6\nsleep_s: 5\ntrial_deadline_s: 0.02\nwindow: 3\n"
    result = run(text)
    assert rows(result.folder, "SELECT DISTINCT failure_kind FROM trial") == [("DeadlinePassed",)]
    assert rows(result.folder, "SELECT count(*) FROM decision") == [(6,)]
    assert rows(result.folder, "SELECT count(*) FROM reward") == [(0,)]


def test_a_stage_runs_once_and_is_kept(run: Run) -> None:
    cut = run("items: 300\n", watcher=Stopper(after=10))
    before = rows(cut.folder, "SELECT key, outcome, at FROM stage")
    assert len(before) == 1
    resumed = resume(cut.folder, (), Unwatched())
    assert rows(resumed.folder, "SELECT key, outcome, at FROM stage") == before


def test_a_missed_gate_is_said_and_ends_with_4(run: Run) -> None:
    result = run("items: 5\ngate: 1000\n")
    assert result.exit_code == 4
    assert result.missed is not None and "1000" in result.missed


def test_the_policy_learns_while_the_run_goes_on(run: Run) -> None:
    result = run("items: 400\nsteps: 1\nlate: 0\narms: {narrow: 5, wide: 100000}\npolicy: {epsilon_greedy: 0.1}\nwindow: 8\n")
    arms = result.progress.arms
    assert arms["wide"].pulls > 3 * arms["narrow"].pulls


class Bent(Toy):
    """The toy with an act of its own, for what can go wrong in one."""

    async def act(self, trial: Trial, seen: Any, chooser: Chooser) -> Outcome:
        if trial.number == 7:
            await self.go_wrong(trial)
        return await super().act(trial, seen, chooser)

    async def go_wrong(self, trial: Trial) -> None:
        inner = asyncio.ensure_future(asyncio.sleep(60))
        inner.cancel()
        await inner


class Grouped(Bent):
    async def go_wrong(self, trial: Trial) -> None:
        async def fail(error: Exception) -> None:
            raise error

        async with asyncio.TaskGroup() as group:
            group.create_task(fail(BoundaryError("toy", "one of two")))
            group.create_task(fail(BoundaryError("toy", "the other")))


class Spent(Bent):
    async def go_wrong(self, trial: Trial) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
            group.create_task(self.stop())

    async def stop(self) -> None:
        raise BudgetReached("nothing left")


class Fickle(Toy):
    """Accepts by another rule when it settles again."""

    def settle(self, trial: Trial, outcome: Outcome, state: Any) -> Settlement:
        return replace(super().settle(trial, outcome, state), accepted=frozenset())


class Careless(Toy):
    def items(self) -> Iterator[Item]:
        yield Item("item-0")
        raise KeyError("a secret word")


@pytest.fixture
def bent(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Toy]], None]:
    """Puts another class in the place of the toy, as another version of the package would."""
    return lambda work: monkeypatch.setattr(loopwright_toy.trial, "Toy", work)


def test_an_act_that_cancels_itself_is_a_bug_and_not_an_end(run: Run, bent: Callable[[type[Toy]], None]) -> None:
    bent(Bent)
    result = run("items: 50\n")
    assert (result.end.status, result.progress.settled, result.exit_code) == ("stopped", 7, 1)
    assert "trial 7 cancelled itself" in result.end.reason


def test_a_group_of_failures_fails_its_trial_alone(run: Run, bent: Callable[[type[Toy]], None]) -> None:
    bent(Grouped)
    result = run("items: 50\n")
    assert (result.end.status, result.progress.failed, result.progress.settled) == ("done", 1, 50)


def test_a_stop_inside_a_group_stops_the_run(run: Run, bent: Callable[[type[Toy]], None]) -> None:
    bent(Spent)
    result = run("items: 50\n")
    assert (result.end.status, result.progress.settled, result.exit_code) == ("budget", 7, 3)


def test_resuming_notices_that_settling_has_changed(run: Run, bent: Callable[[type[Toy]], None]) -> None:
    cut = run("items: 300\n", watcher=Stopper(after=20))
    bent(Fickle)
    with pytest.raises(ReplayDiffers, match="accepted"):
        resume(cut.folder, (), Unwatched())


def test_what_a_bug_says_does_not_reach_the_disk(run: Run, bent: Callable[[type[Toy]], None], tmp_path: Path) -> None:
    bent(Careless)
    with pytest.raises(KeyError):
        run("items: 50\n")
    (folder,) = all_runs(tmp_path / "runs")
    with RunReader.open(folder.store) as reader:
        assert reader.meta()["end"]["status"] == "crashed"
    for file in folder.path.rglob("*"):
        assert b"secret word" not in file.read_bytes(), file


def test_an_interrupt_that_comes_when_all_is_settled_changes_nothing(run: Run) -> None:
    result = run("items: 60\nwindow: 60\n", watcher=Stopper(after=1))
    assert (result.end.status, result.exit_code) == ("done", 0)


@pytest.mark.slow
def test_a_deadline_gives_settling_the_same_trial_in_every_life(run: Run) -> None:
    text = "items: 40\nsleep_s: 5\ntrial_deadline_s: 0.02\nwindow: 2\n"
    whole = run(text, name="whole")
    cut = run(text, name="cut", watcher=Stopper(after=5))
    assert same(resume(cut.folder, (), Unwatched()).folder, whole.folder)


def test_the_latest_setting_holds_however_it_was_given(run: Run) -> None:
    cut = run("items: 300\n", watcher=Stopper(after=5), sets=("budget.calls=2", "budget={tokens: 5}"))
    resume(cut.folder, ("budget.calls=9",), Unwatched())
    with RunReader.open(cut.folder.store) as reader:
        assert reader.meta()["start"]["spec"]["budget"] == {"calls": 9, "tokens": 5, "usd": None}


def test_the_manifest_says_what_ran_and_keeps_the_first_start(run: Run) -> None:
    cut = run("items: 300\nseed: 5\nwindow: 8\n", watcher=Stopper(after=5))
    first = orjson.loads(cut.folder.manifest.read_bytes())
    resume(cut.folder, (), Unwatched())
    last = orjson.loads(cut.folder.manifest.read_bytes())
    assert (first["end"]["status"], last["end"]["status"]) == ("interrupted", "done")
    assert first["started"] == last["started"] <= first["written"] <= last["written"]
    assert (last["seed"], last["window"], last["workflow"]) == (5, 8, "toy")
    assert cut.folder.name.endswith(last["spec_digest"][:8])
