"""`policy evaluate`, as a user calls it on a run of the toy."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from loopwright.store import schema

# The fixture of the neighbouring conftest, by its shape.
Here = Any

SPEC = "workflow: toy\nitems: 150\nwindow: 8\nsteps: 3\nlate: 5\nfail_every: 10\nseed: 7\npolicy: {epsilon_greedy: 0.3}\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "toy.yaml").write_text(SPEC)
    (folder / "wide.yaml").write_text("policy: {fixed: wide}\n")
    return folder


@pytest.fixture
def toy(place: Path, here: Here) -> Here:
    here.folder = place
    if not (place / "runs").exists():
        assert here.call("run", "toy.yaml", "--quiet").code == 1
    return here


def test_it_tells_what_the_run_and_the_other_policy_earn(toy: Here) -> None:
    told = toy.call("policy", "evaluate", "toy", "--policy", "wide.yaml")
    assert told.code == 0
    for line in (
        "the run earned",
        "the other, doubly robust",
        "SNIPS",
        "IPS",
        "direct method",
        "gain",
        "standard error",
        "support",
    ):
        assert line in told.out
    assert "warning: " in told.err
    assert "earned nothing and are left out" in told.err


def test_the_spec_file_of_a_run_stands_for_the_policy_that_was_played(toy: Here) -> None:
    assert toy.call("run", "toy.yaml", "--quiet", "--name", "played", "--policy", "fixed:wide").code == 1
    (spec,) = toy.folder.glob("runs/played-*/spec.yaml")
    (told,) = toy.call("policy", "evaluate", "toy", "--policy", str(spec), "--json").lines
    assert told["other"] == {"fixed": "wide"}, "toy.yaml as it was written says epsilon_greedy"


def test_states_are_looked_for_beside_the_file_that_names_them(toy: Here) -> None:
    (toy.folder / "beside").mkdir()
    toy.call("policy", "export", "toy", "-o", "beside/state.json")
    begins = "policy: {warm_start: {state: state.json, policy: {epsilon_greedy: 0.3}}}\n"
    (toy.folder / "beside" / "warm.yaml").write_text(begins)
    assert toy.call("policy", "evaluate", "toy", "--policy", "beside/warm.yaml").code == 0
    (toy.folder / "beside" / "state.json").unlink()
    assert "beside/state.json: the policy's state cannot be read" in (
        toy.call("policy", "evaluate", "toy", "--policy", "beside/warm.yaml").err
    )


def test_as_json_all_numbers_are_there(toy: Here) -> None:
    (told,) = toy.call("policy", "evaluate", "toy", "--policy", "wide.yaml", "--json").lines
    (shown,) = toy.call("policy", "show", "toy", "--json").lines
    decisions = sum(arm["decisions"] for arm in shown["arms"])
    assert told["support"]["decisions"] + told["support"]["unrewarded"] == decisions
    assert told["support"]["decisions"] == sum(arm["rewards"] for arm in shown["arms"])
    rewards = sum(arm["mean"] * arm["rewards"] for arm in shown["arms"] if arm["rewards"])
    assert told["estimates"]["earned"]["mean"] == pytest.approx(rewards / told["support"]["decisions"])
    assert told["scale"] == {"low": 0.0, "span": pytest.approx(2.0)}
    for estimate in told["estimates"].values():
        assert estimate["low"] <= estimate["mean"] <= estimate["high"]
    assert told["other"] == {"fixed": "wide"}


def test_a_run_evaluated_with_its_own_spec_earns_the_same(toy: Here) -> None:
    (told,) = toy.call("policy", "evaluate", "toy", "--policy", "toy.yaml", "--json").lines
    estimates = told["estimates"]
    assert estimates["ips"]["mean"] == pytest.approx(estimates["earned"]["mean"])
    assert told["support"]["share"] == pytest.approx(1)


def test_frozen_counts_the_second_half(toy: Here) -> None:
    words = ("policy", "evaluate", "toy", "--policy", "toy.yaml", "--json")
    (whole,) = toy.call(*words).lines
    (half,) = toy.call(*words, "--frozen").lines
    assert half["frozen"]
    assert 0 < half["support"]["decisions"] < whole["support"]["decisions"]


def test_alone_each_decision_is_asked_of_by_itself(toy: Here) -> None:
    words = ("policy", "evaluate", "toy", "--policy", "wide.yaml", "--json")
    (whole,) = toy.call(*words).lines
    (alone,) = toy.call(*words, "--alone").lines
    assert (whole["alone"], alone["alone"]) == (False, True)
    assert alone["support"]["effective"] > whole["support"]["effective"]


def test_what_was_never_tried_is_no_number(toy: Here) -> None:
    toy.spec("sure.yaml", "items: 60\nseed: 7\npolicy: {fixed: narrow}\n")
    assert toy.call("run", "sure.yaml", "--quiet").code == 0
    told = toy.call("policy", "evaluate", "sure", "--policy", "wide.yaml")
    (robust,) = (line for line in told.out.splitlines() if "doubly robust" in line and "the other" in line)
    assert robust.split()[4:] == ["-", "0.000", "to", "1.000", "-", "-"]
    for words in ("they do not tell what it would earn", "the run took it never", "the run could take one arm only"):
        assert words in told.err
    itself = toy.call("policy", "evaluate", "sure", "--policy", "sure.yaml")
    assert (itself.code, itself.err) == (0, "")


def test_a_run_of_thompson_sampling_is_evaluated_though_its_probabilities_are_null(toy: Here) -> None:
    toy.spec("drawn.yaml", "items: 100\nseed: 7\npolicy: thompson\n")
    assert toy.call("run", "drawn.yaml", "--quiet").code == 0
    (told,) = toy.call("policy", "evaluate", "drawn", "--policy", "wide.yaml", "--json").lines
    assert told["support"]["computed"] == told["support"]["decisions"]
    assert told["estimates"]["doubly_robust"]["low"] < told["estimates"]["doubly_robust"]["high"]
    (itself,) = toy.call("policy", "evaluate", "drawn", "--policy", "drawn.yaml", "--json").lines
    assert itself["support"]["estimated"] == itself["support"]["decisions"]
    assert itself["support"]["share"] > 0.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("policy: {fixed: wid}\n", "other.yaml:1: policy.fixed.arm: no arm is called 'wid'; expected narrow | wide"),
        ("policy: {fixt: wide}\n", "no policy is called 'fixt'; did you mean 'fixed'?"),
        ("policy: linucb\n", "does not declare how its contexts become numbers"),
        ("policy: {epsilon_greedy: 3}\n", "policy.epsilon_greedy.epsilon"),
        ("policy: 3\n", "policy: is neither a name nor"),
        ("seed: 3\n", "policy: missing"),
        ("", "policy: missing"),
        ("policy: [\n", "other.yaml"),
    ],
)
def test_a_wrong_policy_is_an_error_with_its_place(toy: Here, text: str, says: str) -> None:
    (toy.folder / "other.yaml").write_text(text)
    told = toy.call("policy", "evaluate", "toy", "--policy", "other.yaml")
    assert told.code == 2
    assert says in told.err


def test_what_is_not_there_is_an_error(toy: Here) -> None:
    assert toy.call("policy", "evaluate", "toy", "--policy", "none.yaml").code == 2
    assert toy.call("policy", "evaluate", "nothing", "--policy", "wide.yaml").code == 2
    assert toy.call("policy", "evaluate", "toy", "--policy", "wide.yaml", "--clip", "0.5").code == 2


def test_a_run_without_decisions_or_rewards_says_so(toy: Here) -> None:
    toy.spec("early.yaml", "items: 20\nfail_every: 1\nsteps: 1\n")
    assert toy.call("run", "early.yaml", "--quiet").code == 1
    told = toy.call("policy", "evaluate", "early", "--policy", "wide.yaml")
    assert (told.code, "has earned anything yet" in told.err) == (2, True)
    (folder,) = (toy.folder / "runs").glob("early-*")
    with sqlite3.connect(folder / "run.sqlite") as store:
        store.execute("DELETE FROM decision")
    told = toy.call("policy", "evaluate", "early", "--policy", "wide.yaml")
    assert (told.code, "has taken no decisions" in told.err) == (2, True)


def test_a_store_of_a_newer_version_says_upgrade(toy: Here) -> None:
    toy.spec("newer.yaml", "items: 5\n")
    assert toy.call("run", "newer.yaml", "--quiet").code == 0
    (folder,) = (toy.folder / "runs").glob("newer-*")
    with sqlite3.connect(folder / "run.sqlite") as store:
        store.execute(f"PRAGMA user_version = {schema.latest() + 1}")
    told = toy.call("policy", "evaluate", "newer", "--policy", "wide.yaml")
    assert (told.code, "upgrade Loopwright" in told.err) == (1, True)


def test_probabilities_that_are_null_are_computed(toy: Here) -> None:
    """As from a policy that states none: the same estimate, within its error."""
    (before,) = toy.call("policy", "evaluate", "toy", "--policy", "wide.yaml", "--json").lines
    toy.spec("silent.yaml", SPEC.partition("\n")[2])
    assert toy.call("run", "silent.yaml", "--quiet").code == 1
    (folder,) = (toy.folder / "runs").glob("silent-*")
    with sqlite3.connect(folder / "run.sqlite") as store:
        store.execute("UPDATE decision SET probability = NULL")
    (told,) = toy.call("policy", "evaluate", "silent", "--policy", "wide.yaml", "--json").lines
    assert told["support"]["computed"] == told["support"]["decisions"]
    robust = before["estimates"]["doubly_robust"]
    assert told["estimates"]["doubly_robust"]["mean"] == pytest.approx(robust["mean"], abs=2 * robust["error"])
    assert (
        "by drawing until its arm had come 30 times"
        in toy.call("policy", "evaluate", "silent", "--policy", "wide.yaml", "--draws", "30").out
    )
