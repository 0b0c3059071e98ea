"""The report of a correction run: what it tells stands in the run's store, in any state of the run."""

from __future__ import annotations

import json
import re

from tests.workflows.correction.conftest import Desk


def page(desk: Desk) -> str:
    done = desk.call("report", desk.place.name, "-o", "report.html")
    assert done.code == 0, done.err
    return (desk.folder / "report.html").read_text()


def text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", markup).split())


def test_it_tells_whether_asking_again_helped_and_which_words_did(desk: Desk) -> None:
    desk.questions(range(15, 115))
    desk.run("policy: uniform\n")
    told, summary = text(page(desk)), desk.summary()["outcome"]
    for title in ("Did asking again help?", "Which words helped", "Where it helped", "Error modes and confidence", "Traces"):
        assert title in told
    assert f"right at first {summary['first_accuracy']['mean']:.3f}" in told
    assert f"questions gained, and lost {summary['questions_gained']}, and {summary['questions_lost']}" in told
    rates = summary["by_prompt"]["neutral_steps"]
    assert f"neutral_steps {rates['asked']} {rates['fixed']} 100.0 %" in told
    assert "No real model answers as doubler (scripted)" in told


def test_a_trace_reads_as_a_conversation(desk: Desk) -> None:
    desk.questions(range(1, 2))
    desk.run("policy: {fixed: neutral_steps}\nmax_turns: 1\n")
    told = text(page(desk))
    said = (
        "question What is twice 1? reference 2 answer 0 Let me see. Answer: 3 "
        "wrong; predicted unchanged_correct, confidence 0.50 "
        "neutral_steps Go through the question step by step and answer it. answer 1 Let me see. Answer: 2 right;"
    )
    assert said in told
    assert "Wrong, then fixed: 1 question" in told


def test_it_copes_with_oracles_failures_and_unknowns(desk: Desk) -> None:
    desk.questions(range(11, 17))
    desk.run("policy: {fixed: neutral_steps}\nstop: {oracle: true}\n")
    told = text(page(desk))
    assert "Upper bound: this run stopped by looking at the reference answers" in told
    assert "Failed: 2 questions" in told
    assert "What other ways would have gained is not told: an oracle" in told
    desk.questions(range(1, 4), references=False)
    desk.run("policy: {fixed: neutral_steps}\n", "--name", "unknown")
    told = text(page(desk))
    assert "No question whose reference answer is known was asked again." in told
    assert "Of no question that ended so far is the reference answer known." in told
    assert "Without a reference: 3 questions" in told


def test_runs_show_says_in_a_few_lines_what_the_run_came_to(desk: Desk) -> None:
    desk.run("policy: {fixed: neutral_steps}\nmax_turns: 1\n")
    told = desk.call("runs", "show", desk.place.name).out
    assert "right     0.333 at first, 1.000 at last, of 12 questions" in told
    assert "asked     12 times again: 8 of 8 wrong answers fixed, 0 of 4 right ones broken" in told
    assert "gain      +0.667 (" in told
    data = json.loads(desk.call("runs", "show", desk.place.name, "--json").out)
    next(desk.place.glob("summary_*.json")).unlink()
    again = desk.call("runs", "show", desk.place.name).out
    assert again.partition("folder")[2] == told.partition("folder")[2], "the files are not needed"
    assert data["outcome"]["questions_gained"] == 8
    desk.questions(range(1, 2))
    assert re.search("asked +once again: ", desk.run("policy: {fixed: neutral_steps}\nmax_turns: 1\n", "--name", "one").out)
