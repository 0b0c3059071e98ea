"""Figures go to tools beside the terminal while a run goes on; what fails there never fails the run, and is said once."""

from __future__ import annotations

import json
import threading
from importlib.util import find_spec

import pytest
from tests.workflows.correction.conftest import Desk

from loopwright.runs import monitors
from loopwright.runs.monitors import Feed, Figures

STEPS = "policy: {fixed: neutral_steps}\n"


def test_the_last_figures_are_those_of_the_summary(desk: Desk) -> None:
    desk.questions(range(15, 115))
    done = desk.run(f"{STEPS}monitor: {{jsonl: live.jsonl}}\n")
    assert (done.code, done.err) == (0, "")
    *_, last = map(json.loads, (desk.folder / "live.jsonl").read_text().splitlines())
    outcome = desk.summary()["outcome"]
    assert last["settled"] == 100
    assert last["first_accuracy"] == outcome["first_accuracy"]["mean"] < 1.0
    assert last["accuracy"] == outcome["final_accuracy"]["mean"] == 1.0
    assert last["fix_rate"] == outcome["reprompts"]["fix_rate"]["mean"]
    assert last["break_rate"] == outcome["reprompts"]["break_rate"]["mean"]
    assert last["tokens_per_net_fix"] == outcome["tokens_per_net_fix"]
    assert last["trials_per_s"] > 0
    assert last["calls"] == 100 + 5 * 100


def test_where_the_figures_go_makes_no_other_run_of_it(desk: Desk) -> None:
    desk.run()
    desk.run("monitor: {jsonl: live.jsonl}\n")
    assert len(list((desk.folder / "runs").iterdir())) == 1


def test_a_sink_that_cannot_be_opened_is_said_once_and_changes_nothing(desk: Desk) -> None:
    (desk.folder / "live.jsonl").mkdir()
    done = desk.run("monitor: {jsonl: live.jsonl}\n")
    assert done.code == 0
    assert done.err.count("warning: monitor.jsonl: IsADirectoryError") == 1
    assert "the run goes on without it" in done.err


@pytest.mark.parametrize(("field", "module"), [("tensorboard", "tensorboardX"), ("wandb", "wandb")])
def test_a_missing_extra_is_named_and_the_run_goes_on(field: str, module: str, desk: Desk) -> None:
    if find_spec(module):
        pytest.skip(f"{module} is installed here")
    done = desk.run(f"monitor: {{{field}: somewhere}}\n")
    assert done.code == 0
    assert f"loopwright[{field}]" in done.err


def test_the_figures_reach_tensorboard(desk: Desk) -> None:
    pytest.importorskip("tensorboardX")
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    done = desk.run(f"{STEPS}monitor: {{tensorboard: board}}\n")
    assert (done.code, done.err) == (0, "")
    (folder,) = (desk.folder / "board").iterdir()
    events = reading.EventAccumulator(str(folder)).Reload()
    last = events.Scalars("loopwright/accuracy")[-1]
    assert (last.step, last.value) == (12, 1.0)


def test_a_run_of_weights_and_biases_is_kept_where_there_is_no_network(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    done = desk.run(f"{STEPS}monitor: {{wandb: self-correction}}\n")
    assert (done.code, done.err) == (0, "")
    (file,) = desk.place.glob("wandb/offline-run-*/*.wandb")
    assert b"tokens_per_net_fix" in file.read_bytes()


class Filling:
    """Takes one entry, then its disk is full."""

    def __init__(self) -> None:
        self.taken = 0

    def write(self, settled: int, figures: Figures) -> None:
        self.taken += 1
        if self.taken > 1:
            raise OSError("disk full")

    def close(self) -> None:
        raise AssertionError("what failed is not closed")


def test_a_sink_that_fails_on_the_way_takes_nothing_more() -> None:
    said: list[str] = []
    sink = Filling()
    feed = Feed("filling", lambda: sink, said.append)
    feed.start()
    for settled in range(3):
        feed.put((settled, {}))
    feed.join(10)
    feed.put((9, {}))
    assert sink.taken == 2
    assert said == ["warning: monitor.filling: OSError: disk full; the run goes on without it"]


def test_a_sink_that_hangs_does_not_hold_the_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors, "LAST_S", 0.05)
    over = threading.Event()

    class Hanging(Filling):
        def write(self, settled: int, figures: Figures) -> None:
            over.wait(30)
            raise OSError("too late")

    monkeypatch.setattr(monitors, "Lines", lambda file: Hanging())
    ended = desk.run("monitor: {jsonl: live.jsonl}\n")
    over.set()
    assert ended.code == 0
    assert "monitor.jsonl: has not taken the last figures within 0.05 s" in ended.err
