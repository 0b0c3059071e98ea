"""Evaluation in the loop: a small model judges what is accepted on real rows, and each arm hears what its rows are worth."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.datagen_downstream import ABOUT, message, play, ratio, real, recipe
from tests.killing import killed_after
from tests.workflows.datagen.conftest import Desk

from loopwright.quality.gate import Gate
from loopwright.records import DecisionId
from loopwright.workflows.datagen.evaluating import Evaluation
from loopwright.workflows.datagen.ledger import Ledger, Taken
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.state import State

SEED = 3
ROOT = Path(__file__).parents[3]
WITHOUT_LEARNING = """
import sys
sys.modules["sklearn"] = None
from loopwright.cli import main
main(["runs", "resume", sys.argv[1], "--quiet"])
"""


def laid_out(desk: Desk, **changes: Any) -> str:
    """The planted recipe with its dev rows, in the desk's folder."""
    given = recipe(SEED, True, 220)
    given["evaluation"] |= changes.pop("evaluation", {})
    (desk.folder / "planted.yaml").write_text(json.dumps({**given, "name": "planted", **changes}))
    dev = real(90, "dev")
    lines = ["text,label", *(f"{text},{label}" for text, label in zip(dev.texts, dev.targets, strict=True))]
    (desk.folder / "dev.csv").write_text("\n".join(lines))
    return "planted.yaml"


def asked(place: Path, query: str) -> list[Any]:
    with sqlite3.connect(f"file:{place / 'run.sqlite'}?mode=ro", uri=True) as store:
        return store.execute(query).fetchall()


@pytest.mark.slow
def test_each_arm_hears_late_what_its_rows_are_worth(desk: Desk) -> None:
    assert desk.call("run", laid_out(desk), "--quiet").code == 0
    late = asked(
        desk.place,
        "SELECT r.settled_by, arm, r.value, r.weight, r.parts FROM reward r JOIN decision USING (trial, step)"
        " WHERE r.parts LIKE '%gain%' ORDER BY r.key",
    )
    assert {settled for settled, *_ in late} == {10, 20}
    first = {arm: (value, weight, json.loads(parts)) for settled, arm, value, weight, parts in late if settled == 10}
    assert len(first) == sum(settled == 10 for settled, *_ in late) == 3, "one for each arm"
    assert first["misleading"][0] < min(first["honest"][0], first["also_honest"][0])
    assert all(weight == parts["batches"] for _, weight, parts in first.values())
    data = json.loads(asked(desk.place, "SELECT data FROM trial WHERE number = 10")[0][0])["evaluation"]
    assert sum(weight for _, weight, _ in first.values()) == sum(data["batches"].values()) == 7, "what had settled by then"
    assert data["low"] <= data["score"] <= data["high"]
    assert desk.call("report", "planted").code == 0
    page = (desk.place / "report.html").read_text()
    assert "Worth on real rows" in page
    assert "Score on the dev set, in accuracy; n = 2 evaluations" in page
    assert {arm: each["gain"] for arm, each in data["arms"].items()} == {
        arm: parts["gain"] for arm, (_, _, parts) in first.items()
    }


@pytest.mark.slow
def test_a_weight_of_0_only_looks(desk: Desk) -> None:
    assert desk.call("run", laid_out(desk, evaluation={"weight": 0.0}), "--quiet").code == 0
    assert asked(desk.place, "SELECT count(*) FROM reward WHERE parts LIKE '%gain%'") == [(0,)]
    assert asked(desk.place, "SELECT count(*) FROM trial WHERE data LIKE '%evaluation%'") == [(2,)]
    assert desk.call("runs", "export", str(desk.place), "--as", "hf", "-o", "published").code == 0
    assert "on real dev rows, of a small model trained on the first" in (desk.folder / "published/README.md").read_text()


@pytest.mark.slow
def test_a_killed_run_comes_to_the_same_and_trains_nothing_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ["PYTHONPATH"])))
    name = laid_out(desk)
    killed_after(12, desk.folder, "run", name)
    (desk.folder / "dev.csv").unlink()
    assert desk.call("run", name, "--quiet").code == 0, "the dev rows are the run's own by now"
    first = desk.place
    laid_out(desk)
    assert desk.call("run", name, "--quiet", "--fresh").code == 0
    (second,) = (store.parent for store in desk.runs() if store.parent != first)
    for table in ("decision", "reward", "sample"):
        query = f"SELECT * FROM {table}"
        assert asked(first, query) == asked(second, query)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LEARNING, second.name], cwd=desk.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_rows_that_stand_in_the_dev_set_are_said_and_not_learned_from(desk: Desk) -> None:
    """The writer writes two of the dev rows; one seed is another."""
    name = laid_out(desk, seeds={"path": "seeds.csv"})
    dev = real(90, "dev")
    written = [message(label, f"{SEED}") for label in ABOUT]
    (desk.folder / "seeds.csv").write_text(f"text,label\n{dev.texts[5].upper()},account\n{written[0]},refund")
    assert desk.call("run", name, "--quiet").code == 0
    accepted = [row["data"]["text"] for row in map(_record, asked(desk.place, "SELECT data FROM sample WHERE accepted = 1"))]
    (desk.folder / "dev.csv").write_text("text,label\n" + "\n".join(f"{text},account" for text in (*accepted[:2], *dev.texts)))
    ended = desk.call("run", name, "--quiet", "--fresh")
    assert "warning: LEAK: seeds stand in the dev set" in ended.err
    assert ended.err.count("warning: LEAK: accepted rows stand in the dev set") == 1
    (again,) = (store.parent for store in desk.runs() if store.parent.name.endswith("-2"))
    events = [
        json.loads(detail) for (detail,) in asked(again, "SELECT detail FROM event WHERE kind = 'dev_overlap' ORDER BY id")
    ]
    assert [event["of"] for event in events] == ["seeds", "accepted rows"]
    assert [event["rows"] for event in events] == [1, 2]
    assert {pair["row"] for pair in events[1]["closest"]} == set(accepted[:2])
    found = json.loads(asked(again, "SELECT data FROM trial WHERE number = 10")[0][0])["evaluation"]
    assert found["learned"] == found["rows"] - 2


def _record(row: Any) -> dict[str, Any]:
    return {"data": json.loads(row[0])["row"]}


def test_batches_are_shown_what_the_model_gets_wrong() -> None:
    evaluation, ledger = judge()
    for place, (text, label) in enumerate(zip(real(60, "rows").texts, real(60, "rows").targets, strict=True)):
        if label != "account":
            ledger.add(Taken(text, label, "honest"))
            ledger.choose("honest", DecisionId(place, 0))
    assert ledger.account().judged is None
    found = evaluation.judge(ledger.account())
    assert found == json.loads(json.dumps(found)), "it is stored as it is"
    judged = evaluation.judged(found)
    assert len(judged.mistakes["account"]) == 30, "of which it has seen none"
    assert {mistake.reason for mistake in judged.mistakes["account"]} == {"refund", "delivery"}, "what it took them for"
    assert {mistake.row.claim("label") for mistake in judged.mistakes["account"]} == {"account"}
    assert judged.score == pytest.approx(1 - sum(map(len, judged.mistakes.values())) / 90, abs=1e-6)
    state = State(Gate({}).memories(), 10)
    assert not state.seen().material.mistakes
    state.ledger.judged = judged
    assert state.seen().material.mistakes == judged.mistakes


def test_an_account_stays_what_it_was() -> None:
    _, ledger = judge()
    ledger.add(Taken("my parcel", "delivery", "honest"))
    ledger.choose("honest", DecisionId(0, 0))
    account = ledger.account()
    ledger.add(Taken("my money", "refund", "misleading"))
    ledger.choose("misleading", DecisionId(1, 0))
    ledger.leave_out([0])
    assert account.kept(10) == [Taken("my parcel", "delivery", "honest")]
    assert set(account.chosen) == {"honest"}
    assert ledger.account().kept(10) == [Taken("my money", "refund", "misleading")]


def test_of_many_rows_a_fair_sample_is_learned_from() -> None:
    ledger = Ledger()
    for place in range(1000):
        ledger.add(Taken(str(place), "x", "a"))
    before = ledger.account().kept(100)
    places = [int(entry.text) for entry in before]
    assert len(places) == 100
    assert places == sorted(places)
    assert 400 < sum(places) / 100 < 600
    for place in range(1000, 1100):
        ledger.add(Taken(str(place), "x", "a"))
    assert len(set(before) & set(ledger.account().kept(100))) > 80


def judge() -> tuple[Evaluation, Ledger]:
    checked = Recipe.model_validate_json(json.dumps(recipe(SEED, True, 300)))
    assert checked.evaluation is not None
    evaluation = Evaluation(checked.evaluation, checked.brief)
    dev = real(90, "dev")
    evaluation.take(list(zip(dev.texts, dev.targets, strict=True)), [])
    return evaluation, Ledger()


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        ({"model": "tfdif"}, "did you mean 'tfidf'"),
        ({"model": "ridge"}, "ridge is for a regression"),
        ({"model": "tinker"}, "costs money that no budget counts"),
        ({"model": {"tfidf": {"strength": -1}}}, "evaluation.model.tfidf.strength"),
        ({"every": 0}, "evaluation.every"),
    ],
)
def test_a_mistake_in_the_block_is_named(desk: Desk, evaluation: dict[str, Any], said: str) -> None:
    ended = desk.call("check", laid_out(desk, evaluation=evaluation))
    assert ended.code == 2
    assert said in ended.err


def test_late_rewards_are_refused_where_the_policy_counts_by_cost(desk: Desk) -> None:
    policy = {"per_cost": {"part": "usd_per_row", "per": 0.1, "policy": "ucb1"}}
    assert "evaluation.weight" in desk.call("check", laid_out(desk, policy=policy)).err
    assert "evaluation.weight" not in desk.call("check", laid_out(desk, policy=policy, evaluation={"weight": 0.0})).err


def test_dev_rows_that_cannot_be_used_are_named(desk: Desk) -> None:
    name = laid_out(desk, evaluation={"label": "lable"})
    ended = desk.call("run", name, "--quiet")
    assert ended.code == 2
    assert "dev.csv, line 2 has no 'lable'; did you mean 'label'" in ended.err
    (desk.folder / "dev.csv").write_text("text,label\nwhere is it,DELIVERY")
    (desk.folder / name).write_text((desk.folder / name).read_text().replace("lable", "label"))
    ended = desk.call("run", name, "--quiet")
    assert ended.code == 2
    assert "none of the labels of task.labels (account, delivery, refund, ...), but DELIVERY" in ended.err


def test_a_library_that_is_missing_is_missed_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    ended = desk.call("run", laid_out(desk, evaluation={"model": "torch"}), "--quiet")
    assert ended.code == 2
    assert "loopwright[torch]" in ended.err
    assert asked(desk.place, "SELECT count(*) FROM trial") == [(0,)]


@pytest.mark.slow
def test_an_arm_that_misleads_loses_more_than_half_of_its_share() -> None:
    """The short form of bench/datagen_downstream.py."""
    with_it, without = ([play(seed, late, 500) for seed in range(3)] for late in (True, False))
    assert ratio(with_it, without).within.high < 0.5
    assert min(each.accuracy for each in with_it) > max(each.accuracy for each in without)
