"""`loopwright classifier`: from the answers of a run to a classifier that the next run uses, with figures on the way."""

from __future__ import annotations

import csv
import json

import pytest
from tests.cli.conftest import Here

from loopwright.learn.error_classifier.fitted import read

SCRIPT = '''
import re


def answer(request):
    """Doubles numbers. Whoever is asked again is right at last; a wrong answer is one that says 'I think'."""
    number = int(re.search(r"twice (\\d+)", request.messages[0].content)[1])
    right = number % 2 == 0 or len(request.messages) > 1
    return f"Answer: {2 * number}" if right else f"I think. Answer: {2 * number + 1}"
'''
SPEC = """workflow: correction
name: twice
dataset: {source: csv, path: twice.csv}
models: [{id: doubler, provider: scripted, script: "model:answer"}]
policy: uniform
max_turns: 2
window: 4
"""


@pytest.fixture
def desk(here: Here) -> Here:
    folder = here.folder
    (folder / "model.py").write_text(SCRIPT)
    (folder / "twice.yaml").write_text(SPEC)
    lines = [f"q{number},What is twice {number}?,{2 * number}" for number in range(40)]
    (folder / "twice.csv").write_text("\n".join(["id,question,reference_answer", *lines]))
    assert here.call("run", "twice.yaml", "--quiet").code == 0
    return here


@pytest.mark.slow
def test_a_run_is_labelled_fitted_to_and_judged_and_the_next_run_uses_what_came_of_it(desk: Here) -> None:
    call, folder = desk.call, desk.folder
    labelled = call("classifier", "label", "twice", "-o", "labels.csv")
    assert labelled.code == 0
    rows = list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))
    assert {row["question_id"] for row in rows} == {f"q{number}" for number in range(40)}
    assert all(row["right"] == str(int(row["said"] == str(2 * int(row["question_id"][1:])))) for row in rows)
    fitted = call("classifier", "fit", "labels.csv", "-o", "confidence.json", "--json")
    assert fitted.code == 0
    (figures,) = fitted.lines
    assert figures["parts"][0]["found"]["auroc"] > 0.95, "'I think' gives wrong answers away"
    same = call("classifier", "fit", "twice", "-o", "same.json")
    assert "wrote    same.json" in same.out
    same_way, twice = (read(folder / name).plain() for name in ("same.json", "confidence.json"))
    assert {**same_way, "about": None} == {**twice, "about": None}
    judged = call("classifier", "evaluate", "confidence.json", "twice")
    assert judged.code == 0
    assert "calibration" in judged.out and "unchanged_correct" in judged.out
    for name in ("embedded", "rule"):
        assert call("classifier", "evaluate", name, "labels.csv").code == 0
    ended = call("run", "twice.yaml", "--set", "classifier.path=confidence.json", "--name", "next", "--quiet")
    assert ended.code == 0
    (run,) = (folder / "runs").glob("next-*")
    (folder / "confidence.json").unlink()
    assert call("runs", "resume", run.name, "--quiet").code == 0, "the run keeps what it read"
    traces = [json.loads(line) for line in next(run.glob("traces_*.jsonl")).read_text().splitlines()]
    firsts = [trace["turns"][0] for trace in traces]
    assert all((turn["confidence_score"] < 0.5) == ("think" in turn["answer"]) for turn in firsts)


@pytest.mark.slow
def test_a_run_tells_of_answers_that_changed_since_it_fitted_its_classifier_to_them(desk: Here) -> None:
    call, folder = desk.call, desk.folder
    assert call("classifier", "label", "twice", "-o", "labels.csv").code == 0
    fitting = ("--set", "classifier={fit: {sources: [labels.csv]}}", "--set", "policy={fixed: stop}", "--name", "fitted")
    assert call("run", "twice.yaml", *fitting, "--quiet").code == 0
    assert "labels.csv" not in call("run", "twice.yaml", *fitting, "--quiet").err
    lines = (folder / "labels.csv").read_text().splitlines()
    (folder / "labels.csv").write_text("\n".join(lines[:-3]))
    told = call("run", "twice.yaml", *fitting, "--quiet")
    assert told.code == 0 and "warning: labels.csv held something else when this run began" in told.err


def test_what_cannot_be_used_is_said(desk: Here) -> None:
    call, folder = desk.call, desk.folder
    (folder / "there.json").write_text("{}")
    for words, said in (
        (("fit", "twice", "-o", "there.json"), "there.json is there already"),
        (("evaluate", "there.json", "twice"), "is no classifier"),
        (("evaluate", "none.json", "twice"), "cannot be read"),
        (("label", "nobody", "-o", "x.csv"), "no run 'nobody'"),
    ):
        ended = call("classifier", *words)
        assert ended.code == 2
        assert said in ended.err
    ended = call("check", "twice.yaml", "--set", "classifier={path: a.json, fit: {sources: [b.csv]}}")
    assert ended.code == 2
    assert "one of path and fit" in ended.err
