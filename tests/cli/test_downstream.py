"""`evaluate`: what a dataset is worth, from a run or a file, on the terminal, as JSON and as a page."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Here

from loopwright.policy.keyed import Keyed

WORDS = {
    "refund": ["money back", "paid twice", "return the price", "refund"],
    "delivery": ["parcel late", "not arrived", "courier", "delivery"],
    "account": ["log in", "password", "my account", "sign up"],
}
TALK = (
    "please today still have what order help with since monday again why blue lamp kettle shoes chair nobody answers tell me "
    "how long week yesterday phone bicycle table would like know number small large red green"
)
FILLING = TALK.split()
RECIPE = """workflow: datagen
name: shop
task: {labels: [refund, delivery, account]}
grammar:
  start: row
  rules:
    row: [{template: '{"text": "<ask> <thing> of order <digit><digit><digit>", "label": "<label>"}'}]
    label: [refund, delivery, account]
    ask: [what of, help with, where is, why no]
    thing: ["the <label>", "that <label>", "<label> and <label>"]
    digit: [1, 2, 3, 4, 5, 6, 7, 8, 9]
  row_values: [label]
seeds: {path: seeds.csv}
target: {accepted: 60}
"""


def made(count: int, purpose: str) -> list[tuple[str, str]]:
    """Messages of random filling around what their label is about, which one in seven is not."""
    draw, found = Keyed(4, 0, 0, purpose), []
    for at in range(count):
        label = list(WORDS)[at % 3]
        about = WORDS[label] if at % 7 else WORDS["account"]
        parts = [*(draw.choice(FILLING) for _ in range(7)), draw.choice(about)]
        draw.shuffle(parts)
        found.append((" ".join(parts), label))
    return found


def write(file: Path, rows: list[tuple[Any, Any]], names: tuple[str, str] = ("text", "label")) -> str:
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([names, *rows])
    return file.name


@pytest.fixture
def files(here: Here) -> Here:
    write(here.folder / "made.csv", made(90, "made"))
    write(here.folder / "test.csv", made(120, "test"))
    write(here.folder / "real.csv", made(40, "real"))
    return here


def test_it_says_how_well_what_was_learned_does_and_against_what(files: Here) -> None:
    ended = files.call("evaluate", "made.csv", "--test", "test.csv", "--real", "real.csv", "-o", "page.html")
    assert ended.code == 0, ended.err
    for said in ("90 generated rows", "real, as many", "real and generated", "learning curve", "95 % interval"):
        assert said in ended.out
    page = (files.folder / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "Learning curve" in page
    assert 'src="http' not in page


def test_json_holds_the_figures(files: Here) -> None:
    (found,) = files.call("evaluate", "made.csv", "--test", "test.csv", "--real", "real.csv", "--json", "--quiet").lines
    names = [(each["on"], each["rows"]) for each in found["trained"]]
    assert names == [("generated", 90), ("generated, as many as real", 40), ("real, as many", 40), ("real and generated", 130)]
    for each in found["trained"]:
        for score in each["scores"]:
            assert score["low"] <= score["value"] <= score["high"]
    curves = {each["on"]: each["reached"] for each in found["curves"]}
    assert [each["rows"] for each in curves["generated"]] == [11, 22, 45, 90]
    assert [each["rows"] for each in curves["real"]] == [10, 20, 40]
    assert curves["generated"][-1]["score"]["value"] == found["trained"][0]["scores"][0]["value"]
    assert found["page"] is None
    assert sum(map(sum, found["confusion"]["counts"])) == 120


def test_planted_leaks_are_found_and_said_loudly(files: Here) -> None:
    leaks = [(text.upper(), label) for text, label in made(90, "made")[:4]]
    write(files.folder / "dev.csv", [*made(30, "dev"), *leaks])
    ended = files.call("evaluate", "made.csv", "--test", "test.csv", "--dev", "dev.csv", "-o", "page.html", "--json", "--quiet")
    assert "warning: LEAK: of 34 rows of dev, 4 are" in ended.err
    (found,) = ended.lines
    (leak,) = (each for each in found["leaks"] if each["of"] == "dev" and each["beside"] == "the generated rows")
    assert leak["found"]["equal"] == 4
    assert leak["found"]["closest"][0]["text"] in {text for text, _ in leaks}
    assert "LEAK: of 34 rows of dev, 4 are" in (files.folder / "page.html").read_text()


def test_a_score_is_given_again_without_the_rows_that_leak(files: Here) -> None:
    write(files.folder / "test.csv", [*made(120, "test"), *made(90, "made")[:30]])
    (found,) = files.call("evaluate", "made.csv", "--test", "test.csv", "--json", "--quiet").lines
    whole, apart = found["trained"]
    assert apart["scored"] == "test, without what leaks"
    assert apart["scores"][0]["value"] < whole["scores"][0]["value"]


@pytest.mark.slow
def test_a_run_is_evaluated_by_its_recipe_with_its_seeds_and_arms(here: Here) -> None:
    write(here.folder / "seeds.csv", made(6, "seeds"))
    write(here.folder / "test.csv", [*made(60, "test"), made(6, "seeds")[0]])
    (here.folder / "shop.yaml").write_text(RECIPE)
    assert here.call("run", "shop.yaml", "--quiet").code == 0
    ended = here.call("evaluate", "shop", "--test", "test.csv", "--json")
    assert ended.code == 0, ended.err
    assert "LEAK: of 61 rows of test, 1 are among the seeds" in ended.err
    (found,) = ended.lines
    assert [each["arm"] for each in found["contributions"]] == ["templater"]
    assert found["contributions"][0]["gain"] is None, "without the only arm there is nothing to learn from"
    assert Path(found["page"]).name == "downstream.html"
    assert Path(found["page"]).is_file()
    (dataset,) = (here.folder / "runs").glob("*/dataset.jsonl")
    (again,) = here.call("evaluate", str(dataset), "--test", "test.csv", "--json", "--quiet").lines
    assert again["trained"][0] == found["trained"][0], "the file of a run is what the run is"


def test_arms_that_mislead_are_named(files: Here) -> None:
    rows = [{"data": {"text": text, "label": label}, "lineage": {"arm": "good"}} for text, label in made(90, "made")]
    rows += [{"data": {"text": text, "label": "account"}, "lineage": {"arm": "bad"}} for text, _ in made(60, "bad")]
    (files.folder / "made.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (found,) = files.call("evaluate", "made.jsonl", "--test", "test.csv", "--json", "--quiet").lines
    gains = {each["arm"]: each["gain"] for each in found["contributions"]}
    assert gains["bad"]["high"] < 0 < gains["good"]["low"]


def test_numbers_are_learned_too(files: Here) -> None:
    """Stars: the more praise, the more."""
    draw = Keyed(9, 0, 0, "stars")
    rows = [
        (" ".join(["good"] * n + ["bad"] * (5 - n) + [draw.choice(FILLING)]), n + draw.random() / 5) for n in [1, 2, 3, 4] * 20
    ]
    write(files.folder / "stars.csv", rows, ("review", "stars"))
    words = ("--text", "review", "--label", "stars", "--kind", "regression", "--json", "--quiet")
    (found,) = files.call("evaluate", "stars.csv", "--test", "stars.csv", *words).lines
    told, off = found["trained"][0]["scores"]
    assert told["metric"] == "R²"
    assert told["value"] > 0.8
    assert off["value"] < 0.5
    assert found["confusion"] is None


def test_texts_without_labels_are_compared_as_wholes(files: Here) -> None:
    write(files.folder / "odd.csv", [(f"zebras sing number {at} in the rain", "x") for at in range(90)])
    like, odd = (
        files.call("evaluate", name, "--test", "test.csv", "--kind", "generation", "--json", "--quiet").lines[0]["likeness"]
        for name in ("made.csv", "odd.csv")
    )
    assert like["distance"]["p"] > 0.01 > odd["distance"]["p"]
    assert like["division"]["accuracy"] < 0.65 < odd["division"]["within"]["low"]
    assert like["surprise"]["generated"] < odd["surprise"]["generated"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("made.csv", "--test", "none.csv"), "none.csv cannot be read"),
        (("made.csv", "--test", "test.csv", "--label", "lable"), "did you mean 'label'"),
        (("made.csv", "--test", "test.csv", "--kind", "regression"), "a regression needs numbers"),
        (("made.csv", "--test", "test.csv", "--model", "ridge"), "--model ridge is for a regression"),
        (("made.csv", "--test", "test.csv", "--model", "{tfidf: {strong: 1}}"), "model.tfidf.strong"),
        (("made.csv", "--test", "test.csv", "--kind", "generation", "--model", "tfidf"), "compares texts as wholes"),
        (("nothing", "--test", "test.csv"), "no run 'nothing'"),
        (("page.html", "--test", "test.csv"), "a file of rows ends in .csv"),
    ],
)
def test_a_mistake_is_named(files: Here, words: tuple[str, ...], said: str) -> None:
    (files.folder / "page.html").write_text("")
    ended = files.call("evaluate", *words)
    assert ended.code == 2
    assert said in ended.err


def test_labels_that_no_generated_row_has_are_named(files: Here) -> None:
    write(files.folder / "test.csv", [*made(30, "test"), ("a loan please", "loan")])
    ended = files.call("evaluate", "made.csv", "--test", "test.csv", "--quiet")
    assert ended.code == 0
    assert "1 rows of test have labels that no generated row has: loan" in ended.err


def test_a_stand_in_for_a_service_is_trained_no_more_than_it_must(files: Here) -> None:
    words = ("--model", "{tinker: {service: scripted}}", "--json", "--quiet")
    (found,) = files.call("evaluate", "made.csv", "--test", "test.csv", *words).lines
    assert found["curves"] == found["contributions"] == []
    assert any("paid for" in note for note in found["notes"])
