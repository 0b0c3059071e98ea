"""A run that begins from a state file: read once and checked before anything is made, then taken from the run's own folder."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from loopwright.errors import UsageError
from loopwright.runs.domain import Domain
from loopwright.runs.live import Live, Unwatched
from loopwright.runs.start import Result, Start, resume, start
from loopwright.runs.states import state_of
from loopwright.spec.blocks import Named
from loopwright.store.compare import differences
from loopwright.store.reader import RunReader

Run = Callable[..., Result]
STATE: dict[str, Any] = {
    "loopwright_policy_state": 1,
    "policy": {"epsilon_greedy": 0.1},
    "arms": ["narrow", "wide"],
    "trials": 30,
    "memory": {'{"crowded":false,"step":0}': {"narrow": [20 * 10**9, 2 * 10**9], "wide": [10 * 10**9, 9 * 10**9]}},
}


class Told(Unwatched):
    def __init__(self, stop_at: int | None = None) -> None:
        self.said: list[str] = []
        self._stop_at = stop_at

    async def watch(self, live: Live) -> None:
        if self._stop_at is not None:
            while live.progress.settled < self._stop_at:
                await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGINT)

    def notice(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The spec stands in a folder of its own: files are looked for beside it, wherever the process is."""

    def go(watcher: Unwatched | None = None, fresh: bool = False, **state: Any) -> Result:
        folder = tmp_path / "specs"
        folder.mkdir(exist_ok=True)
        file = folder / "toy.yaml"
        file.write_text(
            f"workflow: toy\nitems: 80\nsteps: 1\nlate: 0\nwindow: 4\noutput: {tmp_path / 'runs'}\n"
            "policy: {discounted: {by: 0.99, policy: {warm_start: {state: state.json, policy: {epsilon_greedy: 0.1}}}}}\n"
        )
        (folder / "state.json").write_bytes(orjson.dumps({**STATE, **state}))
        return start(Start(file, fresh=fresh), watcher or Unwatched())

    return go


def same(one: Result, other: Result) -> bool:
    with RunReader.open(one.folder.store) as a, RunReader.open(other.folder.store) as b:
        return not list(differences(a, b))


def first_reason(result: Result) -> str:
    with RunReader.open(result.folder.store) as reader:
        return next(each.reason for each in reader.decisions(limit=50).rows if "explores" not in each.reason)


def test_a_run_begins_with_what_the_file_knows(run: Run) -> None:
    assert "0.900" in first_reason(run())


@pytest.mark.parametrize("becomes", ["gone", "edited", "broken"])
def test_what_becomes_of_the_file_changes_nothing(run: Run, tmp_path: Path, becomes: str) -> None:
    whole = run()
    (tmp_path / "runs").rename(tmp_path / "before")
    cut = run(Told(stop_at=20))
    assert cut.end.status == "interrupted"
    file = tmp_path / "specs" / "state.json"
    if becomes == "gone":
        file.unlink()
    else:
        file.write_text("{}" if becomes == "broken" else orjson.dumps({**STATE, "memory": {}}).decode())
    resumed = resume(cut.folder, (), Told())
    assert resumed.end.status == "done"
    moved = whole._replace(folder=type(whole.folder)(tmp_path / "before" / whole.folder.name))
    assert same(resumed, moved)


def test_starting_again_with_another_state_says_so_and_goes_on_with_the_first(run: Run) -> None:
    first, again = run(), Told()
    second = run(again, memory={})
    assert second.folder == first.folder
    (said,) = again.said
    assert "state.json held something else when this run began" in said
    assert "--fresh" in said
    fresh = run(fresh=True, memory={})
    assert fresh.folder != first.folder
    assert "0.900" not in first_reason(fresh)
    quiet = Told()
    run(quiet)
    assert not quiet.said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"arms": ["narrow", "wider"], "memory": {}}, r"'wider'.*not offered.*did you mean 'wide'"),
        ({"policy": "thompson"}, "thompson.*epsilon_greedy"),
        ({"loopwright_policy_state": 2}, r"state\.json.*newer"),
        ({"arms": []}, "no arms"),
        ({"memory": {"": {"wide": [1, None]}}}, "whole numbers"),
    ],
    ids=str,
)
def test_a_bad_file_is_refused_before_anything_is_made(run: Run, tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        run(**wrong)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("policy", ["linucb", "{discounted: {policy: {lin_ts: {shared: true}}}}"])
def test_a_state_of_other_features_is_refused_before_anything_is_made(tmp_path: Path, policy: str) -> None:
    text = f"workflow: toy\nitems: 20\nrewards: measured\noutput: {tmp_path / 'runs'}\n"
    file = tmp_path / "toy.yaml"
    file.write_text(f"{text}policy: {policy}\n")
    first = start(Start(file), Unwatched())
    state: Any = state_of(first.folder, own=False).plain()
    (sums,) = list(state["memory"]["#linear"].values())[:1]
    file.write_text(f"{text}policy: {{warm_start: {{state: state.json, policy: {policy}}}}}\n")
    (tmp_path / "state.json").write_bytes(orjson.dumps(state))
    assert start(Start(file), Unwatched()).end.status == "done"
    sums.append(0)
    (tmp_path / "state.json").write_bytes(orjson.dumps(state))
    with pytest.raises(UsageError, match=r"state\.json was learned from other features of contexts and arms"):
        start(Start(file, fresh=True), Unwatched())
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize("content", [pickle.dumps([1]), b'{"a": NaN}', None], ids=["pickle", "NaN", "missing"])
def test_a_file_that_is_no_state_is_refused_before_anything_is_made(run: Run, tmp_path: Path, content: bytes | None) -> None:
    run()
    (tmp_path / "runs").rename(tmp_path / "before")
    file = tmp_path / "specs" / "state.json"
    spec = tmp_path / "specs" / "toy.yaml"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(UsageError, match=r"state\.json.*(pickle|not JSON|cannot be read)"):
        start(Start(spec), Unwatched())
    assert not (tmp_path / "runs").exists()


def test_a_domain_is_taught_what_the_run_learned_and_not_what_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPWRIGHT_HOME", str(tmp_path / "home"))
    policy = {"warm_start": {"state": "state.json", "policy": {"epsilon_greedy": 0.1}}}
    (tmp_path / "state.json").write_bytes(orjson.dumps(STATE))
    file = tmp_path / "toy.yaml"
    file.write_text(
        f"workflow: toy\nitems: 40\nsteps: 1\nlate: 0\nwindow: 4\nmemory: numbers\noutput: {tmp_path / 'runs'}\n"
        f"policy: {orjson.dumps(policy).decode()}\n"
    )
    start(Start(file), Unwatched())
    known = Domain("numbers", Named.model_validate(policy), ("narrow", "wide"), tmp_path / "home").known()
    assert known.state is not None
    assert sum(sums[0] for arms in known.state.memory.values() for sums in arms.values()) == 80 * 10**9
