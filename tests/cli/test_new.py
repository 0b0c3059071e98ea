"""From what a user has to a recipe: inferred, asked on a real terminal, or talked over with a (scripted) model."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

# The fixtures of the neighbouring conftest, by their shape.
Here = Any
Terminals = Any

MESSAGES = {
    "refund": ["When will I get my money back for the kettle?", "You charged me twice, please return one of the payments."],
    "delivery": ["My parcel should have come on Monday, where is it?", "The tracking has not moved for three days now."],
    "account": ["I cannot log in, it says that my password is wrong."],
}
TALKER = '''
import json

RECIPE = """workflow: datagen
task: {description: Messages to a bank., labels: [complaint, praise]}
models: [{id: writer, provider: scripted, script: "talker:answer"}]
target: {accepted: 20}
"""

def answer(request):
    """Asks once, proposes a recipe with a mistake, and mends what the loader says."""
    said = [message.content for message in request.messages]
    if len(said) == 2:
        return "Which labels are wanted?"
    if len(said) == 4:
        assert "complaint" in said[-1] or "assume" in said[-1]
        return "Here it is:\\n```yaml\\n" + RECIPE.replace("accepted", "acepted") + "```"
    assert "did you mean 'accepted'?" in said[-1], said[-1]
    return "```yaml\\n" + RECIPE + "```"

def stubborn(request):
    return "```yaml\\nworkflow: datagen\\n```"
'''


def seeds(here: Here, name: str = "mine.csv", text: str = "message", label: str = "intent") -> str:
    with (here.folder / name).open("w", newline="") as sheet:
        lines = csv.writer(sheet)
        lines.writerow(["number", text, label])
        lines.writerows([n, said, kind] for kind, some in MESSAGES.items() for n, said in enumerate(some * 4))
    return name


def recipe(here: Here, name: str = "recipe.yaml") -> Any:
    return YAML(typ="safe").load(here.folder / name)


def begun(here: Here, *words: str) -> Any:
    ended = here.call("new", "datagen", *words)
    assert ended.code == 0, ended.err
    return ended


def test_seeds_tell_labels_shares_lengths_and_language(here: Here) -> None:
    ended = begun(here, "--seeds", seeds(here), "--yes")
    assert ended.out == "recipe.yaml\n"
    told = recipe(here)
    assert told["task"]["labels"] == {"refund": 0.4, "delivery": 0.4, "account": 0.2}
    assert told["task"]["languages"] == ["en"]
    assert told["seeds"] == {"path": "mine.csv", "fields": {"text": "message", "label": "intent"}}
    assert told["constraints"]["facts"] == ["6 to 16 words"]
    for said in ("the text is in 'message', the label in 'intent'", "assumed: 500 rows are wanted", "`tiny` writes"):
        assert said in ended.err
        assert said in (here.folder / "recipe.yaml").read_text()


@pytest.mark.slow
def test_what_it_writes_is_checked_and_runs_with_the_embedded_model(here: Here) -> None:
    begun(here, "--seeds", seeds(here), "--yes")
    assert "chosen: length for" in here.call("check", "recipe.yaml").out
    assert here.call("run", "recipe.yaml", "--quiet", "--set", "target.accepted=10").code == 0
    assert len((here.folder / "recipe-data/dataset.jsonl").read_text().splitlines()) == 10


def test_labels_that_the_embedded_model_does_not_know_get_a_placeholder(here: Here) -> None:
    begun(here, "--about", "300 messages to a bank, either complaint, praise or question", "--yes")
    told = recipe(here)
    assert (told["task"]["labels"], told["target"]["accepted"]) == (["complaint", "praise", "question"], 300)
    assert told["models"][0]["provider"] == "openai"
    assert "No model was named: this one stands in its place" in (here.folder / "recipe.yaml").read_text()
    assert here.call("check", "recipe.yaml").code == 0


def test_a_schema_tells_the_fields(here: Here) -> None:
    fields = {"stars": {"type": "integer"}, "review": {"type": "string"}, "mood": {"enum": ["good", "bad"]}}
    schema = {"title": "Reviews", "type": "object", "properties": fields, "required": ["review", "mood"]}
    (here.folder / "row.json").write_text(json.dumps(schema))
    begun(here, "--schema", "row.json", "--model", "openai:some-model", "--yes", "-o", "reviews.yaml")
    told = recipe(here, "reviews.yaml")
    assert (told["task"]["text"], told["task"]["label"], told["task"]["labels"]) == ("review", "mood", ["good", "bad"])
    assert told["constraints"]["schema"] == schema
    assert (told["models"][0]["model"], told["task"]["description"]) == ("some-model", "Reviews")
    assert here.call("check", "reviews.yaml").code == 0


def test_a_recipe_elsewhere_finds_its_seeds(here: Here) -> None:
    (here.folder / "deep").mkdir()
    begun(here, "--seeds", seeds(here), "--yes", "-o", "deep/recipe.yaml")
    assert recipe(here, "deep/recipe.yaml")["seeds"]["path"] == "../mine.csv"


def test_what_a_label_says_stays_a_label(here: Here) -> None:
    labels = ["no", "5", "a: b", "x\nbudget: {calls: 1}", "# y"]
    with (here.folder / "odd.csv").open("w", newline="") as sheet:
        lines = csv.writer(sheet)
        lines.writerow(["text", "label"])
        lines.writerows([f"a text number {n}", label] for label in labels for n in range(4))
    begun(here, "--seeds", "odd.csv", "--yes")
    assert recipe(here)["task"]["labels"] == labels
    assert recipe(here)["budget"]["calls"] > 1


def test_a_label_that_some_rows_lack_is_said_not_to_be_one(here: Here) -> None:
    (here.folder / "gaps.csv").write_text("text,intent\nhello there,a\ngood bye,\nwhere is it,b\nwhat is it,a\n")
    ended = begun(here, "--seeds", "gaps.csv", "--yes")
    assert "'intent' is not taken for the label, since 1 rows have none" in ended.err
    assert "labels" not in recipe(here)["task"]


def test_nothing_is_replaced_unless_that_is_asked_for(here: Here) -> None:
    (here.folder / "recipe.yaml").write_text("mine")
    for words in (("--yes",), ("--chat", "--model", "tiny", "--yes")):
        ended = here.call("new", "datagen", "--about", "some rows", *words)
        assert (ended.code, (here.folder / "recipe.yaml").read_text()) == (2, "mine")
        assert "--force replaces it" in ended.err
    begun(here, "--about", "some rows", "--yes", "--force")
    assert recipe(here)["task"]["description"] == "some rows"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--about", "some rows"), "add --yes"),
        (("--seeds", "gone.csv", "--yes"), "gone.csv cannot be read"),
        (("--schema", "broken.json", "--yes"), "broken.json is no JSON"),
        (("--model", "opnai:x", "--yes"), "did you mean 'openai'?"),
        (("--chat",), "--chat needs a model"),
        (("--yes", "-o", "no/such/recipe.yaml"), "there is no folder"),
    ],
)
def test_what_cannot_be_used_is_said(here: Here, words: tuple[str, ...], said: str) -> None:
    (here.folder / "broken.json").write_text("{")
    ended = here.call("new", "datagen", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert not (here.folder / "recipe.yaml").exists()


def test_only_what_nothing_told_is_asked_and_a_bad_answer_is_asked_again(here: Here, terminal: Terminals) -> None:
    shown = terminal("new", "datagen", "--seeds", seeds(here))
    shown.until(r"What are the rows\? One sentence \[Rows like those of mine\.csv\.\]: ")
    shown.type("Messages of customers.\r")
    shown.until(r"How many rows are wanted\? \[500\]: ")
    shown.type("many\r")
    shown.until("give a whole number above 0")
    shown.type("1,200\r")
    shown.until(r"Which model writes\?")
    shown.type("\r")
    assert shown.end() == 0
    assert "labels, separated by commas" not in shown.shown
    told = recipe(here)
    assert (told["task"]["description"], told["target"]["accepted"]) == ("Messages of customers.", 1200)
    assert told["models"] == [{"id": "writer", "provider": "tiny"}]


@pytest.mark.slow
def test_a_model_asks_proposes_and_mends_what_the_loader_refuses(here: Here, terminal: Terminals) -> None:
    (here.folder / "talker.py").write_text(TALKER)
    words = ("--about", "messages to a bank", "--chat", "--model", "scripted:talker.py")
    shown = terminal("new", "datagen", *words)
    shown.until("Which labels are wanted")
    shown.type("complaint and praise\r")
    assert shown.end() == 0
    assert recipe(here)["task"]["labels"] == ["complaint", "praise"]
    assert here.call("check", "recipe.yaml").code == 0


def test_a_conversation_that_nobody_attends_assumes(here: Here) -> None:
    (here.folder / "talker.py").write_text(TALKER)
    begun(here, "--about", "messages to a bank", "--chat", "--model", "scripted:talker.py", "--yes")
    assert recipe(here)["target"]["accepted"] == 20


def test_a_model_that_does_not_mend_its_recipe_comes_to_an_end(here: Here) -> None:
    (here.folder / "talker.py").write_text(TALKER)
    ended = here.call("new", "datagen", "--chat", "--model", "scripted:talker.py:stubborn", "--yes")
    assert (ended.code, (here.folder / "recipe.yaml").exists()) == (2, False)
    assert "proposed 5 recipes that cannot be used" in ended.err
    assert "target: is missing" in ended.err


def test_the_draft_that_a_model_is_shown_can_be_used(here: Here, tmp_path: Path) -> None:
    script = "def answer(request):\n    return request.messages[0].content.rpartition('```yaml')[2].join(['```yaml', ''])\n"
    (here.folder / "echo.py").write_text(script)
    begun(here, "--seeds", seeds(here), "--chat", "--model", "scripted:echo.py", "--yes")
    assert recipe(here)["task"]["labels"] == {"refund": 0.4, "delivery": 0.4, "account": 0.2}
