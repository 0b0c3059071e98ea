"""Runs with models: what was paid for is kept, caps hold, a shared cache serves other runs, a schema is probed first."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import loopwright_toy.trial
from loopwright.errors import BoundaryError
from loopwright.llm.practice import PracticeServer
from loopwright.loop.chooser import Chooser
from loopwright.loop.trial import Trial
from loopwright.loop.work import Outcome
from loopwright.runs.folder import RunFolder
from loopwright.runs.live import Live, Unwatched
from loopwright.runs.start import Result, Start, resume, start
from loopwright.store.compare import differences
from loopwright.store.groups import Group, Groups
from loopwright.store.reader import RunReader
from loopwright_toy.trial import Toy

SPEC = """\
workflow: toy
items: {items}
window: 16
arms: {{narrow: 30, wide: 5000}}
output: {output}
models:
  - {{id: writer, provider: openai, base_url: "{url}", max_output_tokens: 32, limits: {{concurrency: 8}}}}
{more}
"""


class Desk:
    """Writes toy specs against a practice server and runs them in a thread, as the server has this thread's loop."""

    def __init__(self, folder: Path, server: PracticeServer) -> None:
        self.folder = folder
        self.server = server

    async def run(self, more: str = "", items: int = 20, name: str = "toy", **options: Any) -> Result:
        file = self.folder / f"{name}.yaml"
        file.write_text(SPEC.format(items=items, output=self.folder / "runs", url=self.server.url, more=more))
        return await asyncio.to_thread(start, Start(file, **options), Unwatched())

    async def resume(self, folder: RunFolder, *sets: str) -> Result:
        return await asyncio.to_thread(resume, folder, sets, Unwatched())


def rows(folder: RunFolder, query: str) -> list[Any]:
    with sqlite3.connect(f"file:{folder.store}?mode=ro", uri=True) as store:
        return store.execute(query).fetchall()


def same(ours: RunFolder, theirs: RunFolder) -> bool:
    with RunReader.open(ours.store) as a, RunReader.open(theirs.store) as b:
        return not list(differences(a, b))


async def test_every_reply_stands_for_one_settled_call(tmp_path: Path) -> None:
    async with PracticeServer() as server:
        result = await Desk(tmp_path, server).run()
    assert result.exit_code == 0
    assert rows(result.folder, "SELECT count(*), count(DISTINCT call) FROM reply") == [(40, 40)]
    assert rows(result.folder, "SELECT DISTINCT status FROM call") == [("settled",)]
    assert server.calls == 40


async def test_speed_and_concurrency_do_not_change_the_result(tmp_path: Path) -> None:
    async with PracticeServer() as quick, PracticeServer(delay=0.02) as slow:
        one = await Desk(tmp_path, quick).run(name="one")
        other = await Desk(tmp_path, slow).run(name="other", sets=("models.writer.limits.concurrency=3",))
    assert same(one.folder, other.folder)


async def test_a_budget_of_calls_ends_the_run_and_raising_it_goes_on_to_the_same_result(tmp_path: Path) -> None:
    async with PracticeServer(delay=0.002) as server:
        desk = Desk(tmp_path, server)
        whole = await desk.run(name="whole")
        before = server.calls
        cut = await desk.run("budget: {calls: 25}", name="cut")
        assert (cut.end.status, cut.exit_code) == ("budget", 3)
        assert "budget.calls" in cut.end.reason
        assert server.calls - before <= 25
        assert 0 < cut.progress.settled < 20
        resumed = await desk.resume(cut.folder, "budget.calls=1000")
        assert resumed.end.status == "done"
        assert server.calls - before == 40
    assert same(resumed.folder, whole.folder)
    changed = [detail for (detail,) in rows(cut.folder, "SELECT detail FROM event WHERE kind = 'resumed'")]
    assert len(changed) == 1 and "budget.calls" in changed[0]


async def test_a_cap_that_is_set_on_resume_counts_what_was_spent_before(tmp_path: Path) -> None:
    async with PracticeServer(delay=0.002) as server:
        desk = Desk(tmp_path, server)
        cut = await desk.run("budget: {calls: 20}")
        spent = server.calls
        assert spent > 15
        resumed = await desk.resume(cut.folder, "budget.calls=null", f"models.writer.budget.calls={spent + 4}")
    assert resumed.end.status == "budget"
    assert server.calls <= spent + 4


async def test_a_change_that_makes_another_run_is_refused_on_resume(tmp_path: Path) -> None:
    async with PracticeServer() as server:
        desk = Desk(tmp_path, server)
        result = await desk.run()
        with pytest.raises(Exception, match="another run"):
            await desk.resume(result.folder, "seed=8")


async def test_a_refused_key_stops_the_run_after_one_call_and_it_resumes(tmp_path: Path) -> None:
    async with PracticeServer(script=["401"]) as server:
        desk = Desk(tmp_path, server)
        stopped = await desk.run(sets=("window=1",))
        assert (stopped.end.status, stopped.exit_code) == ("stopped", 1)
        assert server.calls == 1
        assert stopped.progress.settled == 0
        resumed = await desk.resume(stopped.folder)
    assert (resumed.end.status, resumed.progress.settled) == ("done", 20)


async def test_a_call_that_fails_for_good_fails_its_trial_alone(tmp_path: Path) -> None:
    async with PracticeServer(script=[None, None, "context"]) as server:
        result = await Desk(tmp_path, server).run()
    failed = rows(result.folder, "SELECT failure_kind FROM trial WHERE failure_kind IS NOT NULL")
    assert failed == [("ContextTooLong",)]
    assert (result.progress.settled, result.exit_code) == (20, 1)


PARTED = """
SELECT (SELECT count(*) FROM call WHERE status IN ('settled', 'cached') AND trial >= 0 AND id NOT IN (SELECT call FROM reply))
     + (SELECT count(*) FROM reply JOIN call ON call.id = reply.call WHERE call.status = 'open')
"""


async def test_wherever_a_commit_falls_an_answered_call_stands_there_with_its_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parted: list[int] = []

    class EachAlone(Groups):
        """Commits whatever it is handed by itself, and looks at what a kill right then would leave."""

        def open(self) -> Group:
            self._close_open()
            return super().open()

        def _commit(self, group: Group) -> None:
            super()._commit(group)
            parted.append(self._connection.execute(PARTED).fetchone()[0])

    monkeypatch.setattr("loopwright.store.writer.Groups", EachAlone)
    async with PracticeServer(script=[None, "500", None, "context"]) as server:
        desk = Desk(tmp_path, server)
        first = await desk.run("cache: replies.sqlite", name="first")
        second = await desk.run("cache: replies.sqlite", name="second")
    async with PracticeServer(answer=lambda asked: "certainly! here is your answer") as server:
        prose = await Desk(tmp_path, server).run("structured: true", items=4, name="prose")
    statuses = [{status for (status,) in rows(run.folder, "SELECT DISTINCT status FROM call")} for run in (first, second)]
    assert statuses == [{"settled", "failed"}, {"settled", "cached"}]
    assert rows(prose.folder, "SELECT DISTINCT failure_kind FROM trial") == [("BadAnswer",)]
    assert len(parted) > 200 and not any(parted)


async def test_a_shared_cache_serves_the_next_run_and_costs_nothing(tmp_path: Path) -> None:
    async with PracticeServer() as server:
        desk = Desk(tmp_path, server)
        first = await desk.run("cache: replies.sqlite", name="first")
        paid = server.calls
        second = await desk.run("cache: replies.sqlite", name="second")
        assert server.calls == paid
    assert same(first.folder, second.folder)
    assert rows(second.folder, "SELECT DISTINCT status FROM call") == [("cached",)]


async def test_what_an_endpoint_can_do_is_found_before_trial_0_and_kept(tmp_path: Path) -> None:
    async with PracticeServer({"no-json-schema": 1.0}) as server:
        desk = Desk(tmp_path, server)
        result = await desk.run("structured: true")
        ability = rows(result.folder, "SELECT name, outcome FROM stage WHERE name LIKE 'probe%'")
        assert ability == [("probe writer", '"json_object"')]
        assert result.exit_code == 0


async def test_no_secret_reaches_the_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "sk-canary-0123456789abcdef"
    monkeypatch.setenv("CANARY_KEY", canary)
    async with PracticeServer(script=[None, "401", None]) as server:
        desk = Desk(tmp_path, server)
        more = '  - {id: spare, provider: openai, base_url: "http://127.0.0.1:9/v1", api_key_env: CANARY_KEY}'
        result = await desk.run(more, sets=("models.writer.api_key_env=CANARY_KEY",))
        result = await desk.resume(result.folder)
        assert any(canary in seen.headers.get("authorization", "") for seen in server.requests)
    assert result.end.status == "done"
    for file in result.folder.path.rglob("*"):
        assert canary.encode() not in file.read_bytes(), file


class Stopper(Unwatched):
    """Interrupts a run once so many trials have settled."""

    def __init__(self, after: int) -> None:
        self.after = after

    async def watch(self, live: Live) -> None:
        while live.progress.settled < self.after:
            await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)


def one_at_a_time(folder: Path, model: str) -> Path:
    """A spec whose prompts are all alike, so that only the order of the answers tells them apart."""
    file = folder / "same.yaml"
    file.write_text(
        f"workflow: toy\nitems: 40\nsteps: 1\nwindow: 1\npolicy: {{fixed: only}}\narms: {{only: 1000000}}\n"
        f"same_prompt: true\noutput: {folder / 'runs'}\nmodels:\n  - {model}\n"
    )
    return file


def test_a_list_of_answers_goes_on_where_it_was(tmp_path: Path) -> None:
    answers = [f"answer {number}" for number in range(40)]
    file = one_at_a_time(tmp_path, f"{{id: writer, provider: scripted, script: {answers}}}")
    whole = start(Start(file, name="whole"), Unwatched())
    cut = start(Start(file, name="cut"), Stopper(after=15))
    assert 15 <= cut.progress.settled < 40
    resumed = resume(cut.folder, (), Unwatched())
    assert (resumed.end.status, resumed.exit_code) == ("done", 0)
    assert same(resumed.folder, whole.folder)


def test_a_replay_goes_on_where_it_was(tmp_path: Path) -> None:
    answers = [f"answer {number}" for number in range(40)]
    live = f"{{id: live, provider: scripted, script: {answers}}}"
    recorded = one_at_a_time(tmp_path, f"{{id: writer, provider: record, of: live, cassette: tape.jsonl}}\n  - {live}")
    first = start(Start(recorded, name="first"), Unwatched())
    file = one_at_a_time(tmp_path, "{id: writer, provider: replay, cassette: tape.jsonl}")
    cut = start(Start(file, name="cut"), Stopper(after=15))
    assert 15 <= cut.progress.settled < 40
    resumed = resume(cut.folder, (), Unwatched())
    assert same(resumed.folder, first.folder)


class Hasty(Toy):
    """Asks twice side by side; the one fails, the other would ask on."""

    async def act(self, trial: Trial, seen: Any, chooser: Chooser) -> Outcome:
        await asyncio.gather(self.ask_on(trial), self.fail(trial))
        raise AssertionError("the failure comes first")

    async def ask_on(self, trial: Trial) -> None:
        while True:
            await trial.ask("writer", f"item {trial.number}")

    async def fail(self, trial: Trial) -> None:
        await trial.ask("writer", "once")
        raise BoundaryError("toy", "enough")


async def test_what_a_failed_act_left_running_asks_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopwright_toy.trial, "Toy", Hasty)
    async with PracticeServer(delay=0.005) as server:
        result = await Desk(tmp_path, server).run(items=6)
        asked = server.calls
        assert result.progress.failed == 6
    last = max(rows(result.folder, "SELECT max(started_at) FROM call")[0])
    settled = rows(result.folder, "SELECT max(settled_at) FROM trial")[0][0]
    assert last <= settled
    assert asked < 6 * 20
    assert rows(result.folder, "SELECT count(*) FROM call WHERE status = 'open'") == [(0,)]


@pytest.mark.slow
async def test_a_first_question_that_meets_a_passing_error_is_asked_again(tmp_path: Path) -> None:
    async with PracticeServer(script=["500"]) as server:
        result = await Desk(tmp_path, server).run("structured: true", sets=("models.writer.limits.retries=0",))
    assert (result.end.status, result.exit_code) == ("done", 0)


async def test_a_stage_that_met_an_error_says_what_to_mend_and_is_tried_again_on_resume(tmp_path: Path) -> None:
    async with PracticeServer(script=["400"]) as server:
        desk = Desk(tmp_path, server)
        stopped = await desk.run("structured: true")
        assert (stopped.end.status, stopped.exit_code, stopped.progress.settled) == ("stopped", 1, 0)
        assert stopped.end.reason.startswith("before the first trial: ")
        assert stopped.end.reason.endswith("the endpoint refuses the request: look at the block's parameters")
        resumed = await desk.resume(stopped.folder)
    assert (resumed.end.status, resumed.exit_code) == ("done", 0)


async def test_an_endpoint_that_answers_prose_is_asked_in_weaker_forms(tmp_path: Path) -> None:
    async with PracticeServer(answer=lambda asked: "certainly! here is your answer") as server:
        result = await Desk(tmp_path, server).run("structured: true", items=2)
    assert rows(result.folder, "SELECT outcome FROM stage WHERE name LIKE 'probe%'") == [('"prompt"',)]
    assert {kind for (kind,) in rows(result.folder, "SELECT failure_kind FROM trial")} == {"BadAnswer"}


async def test_a_cap_that_a_stage_reaches_ends_the_run_as_a_cap(tmp_path: Path) -> None:
    async with PracticeServer() as server:
        result = await Desk(tmp_path, server).run("structured: true\nbudget: {calls: 0}")
    assert (result.end.status, result.exit_code) == ("budget", 3)
