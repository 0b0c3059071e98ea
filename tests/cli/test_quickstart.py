"""The first command of newcomers: a dataset and its report from nothing, in a folder that was not in use."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from tests.killing import killed_after

from loopwright.runs.starter import lay_out

# The fixture of the neighbouring conftest, by its shape.
Here = Any

SIX = ["made", "labels", "rejected", "learned", "look at", "next"]


@pytest.mark.slow
def test_a_dataset_and_its_report_come_of_nothing_also_after_a_kill(here: Here) -> None:
    killed_after(10, here.folder, "quickstart", runs="loopwright-quickstart/runs/*")
    made = here.call("quickstart")
    assert made.code == 0
    assert [line[:9].strip() for line in made.out.splitlines()] == SIX
    assert "the small embedded model tiny" in made.out
    place = here.folder / "loopwright-quickstart"
    with (place / "data/dataset.csv").open(newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    assert len(rows) == len({row["text"] for row in rows}) == 400
    assert "No real model answers as writer (embedded)." in (place / "report.html").read_text()
    arms = {json.loads(row)["lineage"]["arm"] for row in (place / "data/dataset.jsonl").read_text().splitlines()}
    assert len(arms) > 1
    again = here.call("quickstart", "--quiet")
    assert (again.code, again.err) == (0, "")
    assert "made earlier" in again.out
    assert again.out.splitlines()[1:] == made.out.splitlines()[1:]


def test_a_folder_that_holds_anything_else_is_left_alone(here: Here) -> None:
    place = here.folder / "mine"
    place.mkdir()
    (place / "notes.txt").write_text("mine")
    refused = here.call("quickstart", "mine")
    assert refused.code == 2
    assert "mine holds other files, and nothing in it is touched; name another folder" in refused.err
    assert [file.name for file in place.iterdir()] == ["notes.txt"]
    refused = here.call("quickstart", "mine/notes.txt")
    assert refused.code == 2
    assert "is a file; name another folder" in refused.err


@pytest.mark.parametrize("name", ["recipe.yaml", "seeds.csv"])
def test_what_was_edited_is_left_as_it_is(here: Here, name: str) -> None:
    place = here.folder / "loopwright-quickstart"
    assert not lay_out(place)
    assert lay_out(place)
    with (place / name).open("a") as file:
        file.write("# mine\n")
    edited = (place / name).read_bytes()
    refused = here.call("quickstart")
    assert refused.code == 2
    assert f"{name} has been edited" in refused.err
    assert "loopwright run recipe.yaml" in refused.err
    assert (place / name).read_bytes() == edited


def test_the_recipe_gives_no_cause_for_warnings(here: Here) -> None:
    lay_out(here.folder / "new")
    checked = here.call("check", "new/recipe.yaml")
    assert (checked.code, checked.err) == (0, "")
    assert "arms: grammar, careful, balanced, wild" in checked.out
