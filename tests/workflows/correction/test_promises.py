"""A correction run is a function of its spec, its seed and the replies: neither speed nor kills change what comes out."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from tests.killing import killed_after
from tests.workflows.correction.conftest import SPEC, Desk

from loopwright.store.compare import differences
from loopwright.store.reader import RunReader

POLICY = "policy: {kind: lin_ts, safe_start: {explore: 0.5, at_random: 0.5}, update_every: 5}\n"


def same(one: Path, other: Path) -> None:
    """The stores row for row, and what the policies learned byte for byte."""
    with RunReader.open(one / "run.sqlite") as a, RunReader.open(other / "run.sqlite") as b:
        assert list(differences(a, b)) == []
    assert (one / "final_policy.json").read_bytes() == (other / "final_policy.json").read_bytes()


@pytest.mark.slow
def test_how_many_calls_are_in_flight_changes_nothing(desk: Desk) -> None:
    desk.questions(range(15, 115))
    spec = SPEC.replace('"model:answer"', '"model:answer", limits: {concurrency: CALLS}')
    places = []
    for calls in (1, 16):
        done = desk.run(f"{POLICY}seed: 3\n", "--name", f"calls{calls}", spec=spec.replace("CALLS", str(calls)))
        assert done.code == 0, done.err
        places.append(desk.place)
    same(*places)


@pytest.mark.slow
def test_kills_at_random_moments_change_nothing(desk: Desk) -> None:
    desk.questions(range(15, 415))
    done = desk.run(POLICY, "--name", "whole")
    assert done.code == 0, done.err
    whole, chance = desk.place, Random(7)
    again = ("run", "spec.yaml", "--quiet", "--name", "killed")
    for trials in sorted(chance.sample(range(400), 4)):
        killed_after(trials, desk.folder, *again, runs="runs/killed-*")
    done = desk.call(*again)
    assert done.code == 0, done.err
    same(whole, desk.place)
    traces = [each.glob("traces_*.jsonl") for each in (whole, desk.place)]
    first, second = (len(next(files).read_text().splitlines()) for files in traces)
    assert first == second == 400


PROXY = """
workflow: correction
name: proxy
dataset: {source: gsm8k, path: questions.jsonl}
models: [{id: proxy, provider: replay_proxy, cassette: answers.jsonl, model: 6b_finetuning}]
policy: uniform
window: 16
"""


@pytest.mark.slow
def test_answers_of_several_models_stand_in_for_revisions_and_are_labelled_so(desk: Desk) -> None:
    data = Path(__file__).parents[4] / "shared/data/gsm8k"
    if not data.exists():
        pytest.skip(f"{data} is not on this machine")
    for source, name in (("test_first_660", "questions"), ("model_answers_first_660", "answers")):
        lines = (data / f"{source}.jsonl").read_text().splitlines()[:150]
        (desk.folder / f"{name}.jsonl").write_text("\n".join(lines))
    assert "replay-proxy" in desk.check(spec=PROXY).out
    done = desk.run(spec=PROXY)
    assert done.code == 0, done.err
    name = desk.place.name
    for told in (done.out, desk.call("runs", "show", name).out, desk.call("policy", "show", name).out):
        assert "replay-proxy" in told
    assert "replay-proxy" in desk.call("classifier", "label", name, "-o", "labels.csv").err
    outcome = desk.summary()["outcome"]
    right = [json.loads(line)["6b_finetuning"]["is_correct"] for line in lines]
    assert outcome["first_accuracy"]["mean"] == pytest.approx(sum(right) / 150), "as the authors of the answers marked them"
    assert outcome["reprompts"]["fixed"] > 0 < outcome["reprompts"]["broken"]
    assert "replay-proxy" in desk.summary()["answers_of"]
    assert desk.call("report", desk.place.name, "-o", "report.html").code == 0
    assert "replay-proxy" in (desk.folder / "report.html").read_text()
