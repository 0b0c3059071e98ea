"""Memory across runs: a run begins with what earlier ones of its domain learned, adds its own once, and stays its folder's."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from loopwright.errors import StoreCorrupt, StoreTooNew
from loopwright.policy import build
from loopwright.policy.encoding import Encoding
from loopwright.policy.state import export, parse
from loopwright.records import Arm
from loopwright.runs.domain import Domain, own_learning
from loopwright.runs.live import Live, Unwatched
from loopwright.runs.start import Result, Start, resume, start
from loopwright.spec.blocks import Named
from loopwright.store.compare import differences
from loopwright.store.reader import RunReader

POLICY = Named(kind="epsilon_greedy", argument=0.1)
ARMS = ("narrow", "wide")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LOOPWRIGHT_HOME", str(tmp_path / "home"))

    def go(seed: int, text: str = "", watcher: Unwatched | None = None) -> Result:
        file = tmp_path / f"toy{seed}.yaml"
        file.write_text(
            f"workflow: toy\nitems: 60\nsteps: 1\nlate: 0\nwindow: 4\nseed: {seed}\nmemory: numbers\n"
            f"policy: {{epsilon_greedy: 0.1}}\noutput: {tmp_path / 'runs'}\n{text}"
        )
        return start(Start(file), watcher or Unwatched())

    return go


def domain(folder: Path) -> Domain:
    return Domain("numbers", POLICY, ARMS, folder / "home")


class Stopper(Unwatched):
    async def watch(self, live: Live) -> None:
        while live.progress.settled < 20:
            await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)


def meta(result: Result, key: str) -> Any:
    with RunReader.open(result.folder.store) as reader:
        return reader.meta()[key]


def test_the_second_run_begins_where_the_first_ended(run: Run, tmp_path: Path) -> None:
    first = run(1)
    assert meta(first, "beginning")["memory"]["state"] is None
    after_one = domain(tmp_path).known()
    assert list(after_one.runs.values()) == [60]
    second = run(2)
    assert meta(second, "beginning")["memory"]["state"] == (after_one.state and after_one.state.plain())
    with RunReader.open(second.folder.store) as reader:
        reasons = [decision.reason for decision in reader.decisions(limit=10).rows]
    assert not any("nothing yet" in reason for reason in reasons), "every arm has earned something before"


def test_what_two_runs_add_is_the_sum_of_their_own_learning(run: Run, tmp_path: Path) -> None:
    results = [run(seed) for seed in (1, 2)]
    own = [export(POLICY, own_learning(result.folder.store, build(POLICY), None), ARMS) for result in results]
    other = Domain("numbers", POLICY, ARMS, tmp_path / "elsewhere")
    for number, state in reversed(list(enumerate(own))):
        other.add(f"run {number}", state)
    assert other.known().state == domain(tmp_path).known().state


def test_a_run_adds_once_however_often_it_is_started(run: Run, tmp_path: Path) -> None:
    result = run(1)
    before = domain(tmp_path).file.read_bytes()
    resume(result.folder, (), Unwatched())
    assert domain(tmp_path).file.read_bytes() == before


def test_a_resumed_run_keeps_the_memory_it_was_started_with(run: Run, tmp_path: Path) -> None:
    """What other runs add meanwhile does not reach it."""
    run(1)
    whole = run(2)
    (tmp_path / "runs").rename(tmp_path / "before")
    (tmp_path / "home").rename(tmp_path / "grown")
    run(1)
    cut = run(2, watcher=Stopper())
    assert cut.end.status == "interrupted"
    run(3)
    resumed = resume(cut.folder, (), Unwatched())
    with (
        RunReader.open(resumed.folder.store) as ours,
        RunReader.open(tmp_path / "before" / whole.folder.name / "run.sqlite") as a,
    ):
        assert not list(differences(ours, a))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x80\x04]q\x00.", StoreCorrupt),
        (b"{}", StoreCorrupt),
        (b'{"loopwright_memory": 2, "runs": {}, "state": {}}', StoreTooNew),
    ],
)
def test_a_file_that_is_no_memory_is_refused_and_left_alone(
    run: Run, tmp_path: Path, content: bytes, error: type[Exception]
) -> None:
    file = domain(tmp_path).file
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(error, match=file.name):
        run(1)
    assert file.read_bytes() == content


def _add(home: Path, number: int) -> None:
    state = parse({**SUM, "trials": number + 1, "memory": {"": {"wide": [(number + 1) * 10**9, 10**9]}}}, "it")
    Domain("numbers", POLICY, ARMS, home).add(f"run {number}", state)


SUM = {"loopwright_policy_state": 1, "policy": {"epsilon_greedy": 0.1}, "arms": ["narrow", "wide"]}


def test_runs_that_end_at_once_are_all_added(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:  # each opens the lock by itself, as a process does
        list(pool.map(_add, [tmp_path] * 24, range(24)))
    known = Domain("numbers", POLICY, ARMS, tmp_path).known()
    assert len(known.runs) == 24
    assert known.state is not None
    assert known.state.memory == {"": {"wide": [300 * 10**9, 24 * 10**9]}}


def test_a_run_that_is_not_done_adds_nothing_and_one_with_failed_trials_what_it_learned(run: Run, tmp_path: Path) -> None:
    cut = run(1, "", Stopper())
    assert cut.end.status == "interrupted"
    assert domain(tmp_path).known().runs == {}
    crashed = run(2, "crash_at: 30\n")
    assert crashed.end.status == "crashed"
    assert domain(tmp_path).known().runs == {}
    assert run(3, "fail_every: 2\n").exit_code == 1
    assert list(domain(tmp_path).known().runs.values()) == [60]
    resume(cut.folder, (), Unwatched())
    assert len(domain(tmp_path).known().runs) == 2


def test_other_features_are_another_memory(tmp_path: Path) -> None:
    def file(*names: str, heat: float = 0.5) -> Path:
        encoding = Encoding(dict.fromkeys(names, (0.0, 1.0)), arms=[Arm("one", features={"heat": heat})])
        return Domain("numbers", Named(kind="linucb"), ("one",), tmp_path, encoding).file

    assert file("progress") == file("progress", heat=0.9) != file("progress", "grammar")


def test_other_arms_are_another_memory(run: Run, tmp_path: Path) -> None:
    run(1)
    other = run(2, "arms: {narrow: 10, wide: 1000, huge: 5000}\n")
    assert meta(other, "beginning")["memory"]["state"] is None
    assert len(list((tmp_path / "home" / "memory" / "numbers").glob("*.json"))) == 2


@pytest.mark.parametrize("policy", ["{linucb: 0.5}", "{discounted: {by: 0.9, policy: {lin_ts: {shared: true}}}}"])
def test_linear_policies_remember_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    monkeypatch.setenv("LOOPWRIGHT_HOME", str(tmp_path / "home"))
    text = f"workflow: toy\nitems: 40\nwindow: 4\nrewards: measured\nmemory: m\npolicy: {policy}\noutput: {tmp_path / 'runs'}\n"
    for seed in (1, 2):
        (tmp_path / f"{seed}.yaml").write_text(f"{text}seed: {seed}\n")
        start(Start(tmp_path / f"{seed}.yaml"), Unwatched())
    (file,) = (tmp_path / "home" / "memory" / "m").glob("*.json")
    assert sorted(orjson.loads(file.read_bytes())["runs"].values()) == [40, 40]
