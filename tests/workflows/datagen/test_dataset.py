"""From a recipe to a dataset, without a model: the target, the shares, the files, and what a kill does to them."""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
from pathlib import Path

import pytest
from tests.killing import killed_after
from tests.workflows.datagen.conftest import FREE, TASK, Desk

from loopwright.spec.digest import digest
from loopwright.workflows.datagen.recipe import Recipe

ROWS = 300


def test_a_recipe_becomes_a_dataset_with_the_wanted_shares(desk: Desk) -> None:
    ended = desk.run(f"{FREE}\ntarget: {{accepted: {ROWS}}}\noutput: {{formats: [jsonl, csv, text, parquet]}}")
    assert (ended.code, ended.out.splitlines()[0]) == (0, f"done: target reached: {ROWS} rows accepted")
    rows = desk.rows()
    assert len(rows) == ROWS
    assert len({row["data"]["text"] for row in rows}) == ROWS
    about = desk.about()
    assert about["rows"] == ROWS
    assert all(abs(label["share"] - label["wanted"]) <= 0.02 for label in about["labels"].values())
    for row in rows:
        assert row["data"]["label"] in row["data"]["text"]
        assert row["lineage"]["arm"] == "templater"
        assert row["lineage"]["probability"] == 1.0
        assert row["lineage"]["path"].startswith("message.")
    for reject in desk.rows("rejects.jsonl"):
        assert reject["rejected_by"] in ("deduplication", "target")
        assert reject["reason"]


def test_the_files_hold_the_same_rows(desk: Desk) -> None:
    desk.run(f"{FREE}\ntarget: {{accepted: 40}}\noutput: {{formats: [jsonl, csv, text, parquet], path: data/out}}")
    place = desk.folder / "data/out"
    rows = [row["data"] for row in desk.rows(place=place)]
    with (place / "dataset.csv").open(newline="") as sheet:
        assert list(csv.DictReader(sheet)) == [{"id": row["id"], **row["data"]} for row in desk.rows(place=place)]
    assert (place / "dataset.txt").read_text().splitlines() == [row["text"] for row in rows]
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(place / "dataset.parquet").to_pylist()
    assert [{"text": row["text"], "label": row["label"]} for row in table] == rows
    whole = desk.rows(place=place)
    assert [json.loads(row["lineage"]) for row in table] == [row["lineage"] for row in whole]
    assert [(row["id"], json.loads(row["scores"]), json.loads(row["usage"])) for row in table] == [
        (row["id"], row["scores"], row["usage"]) for row in whole
    ]


def test_where_only_data_is_written_its_lineage_lies_beside(desk: Desk) -> None:
    recipe = f"{FREE}\ntarget: {{accepted: 40}}\noutput: {{formats: [csv, text]}}"
    assert "dataset.lineage.jsonl" in desk.run(recipe).out
    assert not (desk.place / "dataset.jsonl").exists()
    beside = desk.rows("dataset.lineage.jsonl")
    with (desk.place / "dataset.csv").open(newline="") as sheet:
        written = list(csv.DictReader(sheet))
    assert [row["id"] for row in beside] == [row["id"] for row in written]
    assert desk.run(recipe, "--set", "output.formats=[jsonl]").code == 0
    assert [{name: row[name] for name in ("id", "scores", "lineage", "usage")} for row in desk.rows()] == beside
    assert [row["data"]["text"] for row in desk.rows()] == (desk.place / "dataset.txt").read_text().splitlines()


SHAPES = """
task: {labels: {good: 0.5, bad: 0.5}}
seeds: {path: seeds.csv}
grammar:
  start: row
  rules:
    row:
      - '{"n": "<digit>", "text": "<text>", "label": "<label>"}'
      - '{"text": "<text>", "label": "<label>", "more": {"deep": "<digit>"}}'
    text: ["<digit> is <label>"]
    label: [good, bad]
    digit: [1, 2, 3, 4]
  row_values: [label]
target: {accepted: 6}
output: {formats: [jsonl, text]}
"""


def test_rows_of_several_shapes_have_text_and_label_all_the_same(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("text,label\n1 is good,good\n1 is bad,bad\n")
    assert "no field 'label'" not in desk.check(SHAPES).out
    assert desk.run(SHAPES).code == 0
    rows = [row["data"] for row in desk.rows()]
    assert {tuple(row) for row in rows} == {("n", "text", "label"), ("text", "label", "more")}
    texts = [row["text"] for row in rows]
    assert (desk.place / "dataset.txt").read_text().splitlines() == texts
    assert len(set(texts)) == len(texts) and not {"1 is good", "1 is bad"} & set(texts)


def test_fields_of_the_rows_keep_their_names_in_parquet(desk: Desk) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    grammar = """
grammar:
  start: row
  rules:
    row: ['{"id": <digit>, "lineage": "<digit>"}']
    digit: [1, 2, 3, 4, 5, 6, 7, 8, 9]
"""
    assert (
        desk.run(f"{grammar}\ntarget: {{accepted: 5}}\nvalidators: {{}}\noutput: {{formats: [parquet, jsonl, csv]}}").code == 0
    )
    assert (desk.place / "dataset.csv").read_text().startswith("id_,id,lineage")
    table = parquet.read_table(desk.place / "dataset.parquet").to_pylist()
    assert [{"id": row["id"], "lineage": row["lineage"]} for row in table] == [row["data"] for row in desk.rows()]
    assert [row["id_"] for row in table] == [row["id"] for row in desk.rows()]


def test_the_same_recipe_again_writes_the_files_again(desk: Desk) -> None:
    recipe = f"{FREE}\ntarget: {{accepted: 30}}"
    desk.run(recipe)
    file = desk.place / "dataset.jsonl"
    before = file.read_bytes()
    file.unlink()
    assert desk.run(recipe).code == 0
    assert file.read_bytes() == before


def test_rows_are_a_function_of_recipe_and_seed(desk: Desk, tmp_path: Path) -> None:
    recipe = f"{FREE}\ntarget: {{accepted: 50}}"
    desk.run(recipe)
    version = desk.about()["version"]
    desk.run(recipe, "--fresh")
    desk.run(recipe, "--set", "seed=1")
    versions = [json.loads((run.parent / "about.json").read_text())["version"] for run in desk.runs()]
    assert sorted(versions.count(each) for each in set(versions)) == [1, 2]
    assert versions.count(version) == 2


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, pytest.param(90, marks=pytest.mark.slow)])
def test_a_kill_changes_nothing(desk: Desk, tmp_path: Path, after: int) -> None:
    recipe = f"{FREE}\ntarget: {{accepted: 1000}}"
    whole = Desk(tmp_path / "whole")
    whole.folder.mkdir()
    whole.run(recipe)
    name = desk.write(recipe)
    killed_after(after, desk.folder, "run", name)
    assert desk.call("run", name, "--quiet").code == 0
    assert desk.about()["version"] == whole.about()["version"]
    assert desk.call("runs", "diff", str(desk.place), str(whole.place), "--tables").code == 0


def test_a_target_out_of_reach_ends_by_itself_and_says_what_is_lacking(desk: Desk) -> None:
    grammar = """
grammar:
  start: row
  rules:
    row: [{template: '{"text": "a <label>", "label": "<label>"}'}]
    label: [refund, delivery, account]
  row_values: [label]
"""
    ended = desk.run(f"{TASK}{grammar}\ntarget: {{accepted: 20}}")
    assert ended.code == 4
    assert "gave up: none of the last 50" in ended.out
    assert "3 rows were accepted, 20 were asked for (refund 1 of 6, delivery 1 of 8, account 1 of 6)" in ended.out
    assert "rejects failed at deduplication, the last because: the same text as row " in ended.out
    assert len(desk.rows()) == 3


def test_little_is_written_in_vain_towards_the_end(desk: Desk) -> None:
    assert desk.run(f"{FREE}\ntarget: {{accepted: 60}}").code == 0
    written = len(desk.rows()) + len(desk.rows("rejects.jsonl"))
    assert written <= 66  # also where nothing is rejected, whole batches would come to 70, and three more be under way


def test_more_batches_go_on_where_the_bound_ended_the_run(desk: Desk) -> None:
    recipe = f"{FREE}\ntarget: {{accepted: 60, batches: 2}}"
    ended = desk.run(recipe)
    assert ended.code == 4
    assert ended.out.startswith(
        "done: target.batches reached: 2 batches have settled; a larger bound lets the run go on\nmissed: "
    )
    told = desk.call("runs", "show", str(desk.place)).out
    assert "status    missed: target.batches reached: 2 batches have settled" in told and "60 were asked for" in told
    assert 0 < len(desk.rows()) <= 20
    assert desk.call("runs", "resume", str(desk.place), "--set", "target.batches=50", "--quiet").code == 0
    assert "status    done: target reached" in desk.call("runs", "show", str(desk.place)).out
    assert len(desk.rows()) == 60


def test_a_run_goes_on_that_was_begun_before_a_mistake_of_it_was_known(desk: Desk) -> None:
    assert desk.run(f"{FREE}\ntarget: {{accepted: 60, batches: 2}}").code == 4
    _as_if_begun_with(desk.place, "txet")
    refused = desk.call("check", str(desk.place / "spec.yaml"))
    assert (refused.code, "looks at 'txet', which no row has" in refused.err) == (2, True), refused
    assert desk.call("runs", "export", str(desk.place), "--as", "hf", "--output", str(desk.folder / "hf")).code == 0
    wrong = desk.call("runs", "resume", str(desk.place), "--set", "output.publish.license=mine", "--quiet")
    assert (wrong.code, "no licence is called" in wrong.err, "txet" in wrong.err) == (2, True, False), wrong
    resumed = desk.call("runs", "resume", str(desk.place), "--set", "target.batches=4", "--quiet")
    assert (resumed.code, "target.batches reached: 4 batches have settled" in resumed.out) == (4, True), resumed


def _as_if_begun_with(place: Path, field: str) -> None:
    """The run as an edition would have left it that did not mind at which field `length` looks."""
    file = place / "spec.yaml"
    file.write_text(file.read_text().replace("length: {field: text", f"length: {{field: {field}"))
    with contextlib.closing(sqlite3.connect(place / "run.sqlite")) as store, store:
        ((kept,),) = store.execute("SELECT value FROM meta WHERE key = 'start'")
        start = json.loads(kept)
        start["spec"]["validators"]["length"]["field"] = field
        start["digest"] = digest(Recipe.model_validate_json(json.dumps(start["spec"])))
        store.execute("UPDATE meta SET value = ? WHERE key = 'start'", (json.dumps(start),))


def test_a_row_that_is_no_object_of_the_schema_is_refused_when_the_recipe_is_read(desk: Desk) -> None:
    grammar = "grammar: {start: row, rules: {row: [hello]}}"
    schema = "constraints: {schema: {type: object, properties: {text: {type: string}}}}"
    ended = desk.check(f"{grammar}\n{schema}\ntarget: {{accepted: 5}}")
    assert ended.code == 2
    assert "makes a row that is text, and the schema asks for an object" in ended.err


def test_a_folder_that_cannot_be_made_leaves_the_rows_in_the_run(desk: Desk) -> None:
    (desk.folder / "taken").write_text("a file")
    recipe = f"{FREE}\ntarget: {{accepted: 20}}\noutput: {{path: taken/here}}"
    ended = desk.run(recipe)
    assert ended.code == 2
    assert "output.path: the folder" in ended.err
    (desk.folder / "taken").unlink()
    assert desk.run(recipe).code == 0
    assert len(desk.rows(place=desk.folder / "taken/here")) == 20
