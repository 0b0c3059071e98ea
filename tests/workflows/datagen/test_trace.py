"""One command leads from a row to everything that led to it; and rows that come from one seed are published in one split."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.workflows.datagen.conftest import TASK, Desk
from tests.workflows.datagen.test_models import SCRIPT, model

RECIPE = f"""{TASK}
seeds: {{path: seeds.csv}}
models:
{model("good")}{model("good", "judge")}
arms: [{{id: after, kind: naive, params: {{seeds: 1, plan: 0, rows_per_call: 2}}}}]
validators: {{judge: {{model: judge, criteria: natural, threshold: 0.2}}, deduplication: {{}}}}
target: {{accepted: 30}}
output: {{publish: {{splits: {{train: 0.5, test: 0.5}}}}}}
"""


@pytest.fixture
def ended(desk: Desk) -> Desk:
    (desk.folder / "script.py").write_text(SCRIPT)
    labels = ("refund", "delivery", "account")
    lines = [f"about my {label} {n},{label}" for label in labels for n in range(4)]
    (desk.folder / "seeds.csv").write_text("text,label\n" + "\n".join(lines))
    assert desk.run(RECIPE).code == 0
    return desk


def test_a_row_leads_to_all_that_led_to_it(ended: Desk) -> None:
    row = ended.rows()[4]
    trial, index = row["id"].split(".")
    shown = ended.call("runs", "trace", str(ended.place), row["id"]).out
    (seed,) = row["lineage"]["parents"]
    for said in (
        f"row {row['id']}, accepted",
        f"  row       {json.dumps(row['data'], separators=(',', ':'))}",
        "  decision  after of after with probability 1.000",
        "  policy    as of ",
        "  model     writer",
        f"  prompts   {row['lineage']['prompts'][0]}",
        f"  parents   {seed}",
        "  verdict   judge: passed",
        "  reward    ",
        f"{seed}, from outside the run",
    ):
        assert said in shown
    told: dict[str, Any] = json.loads(ended.call("runs", "trace", str(ended.place), row["id"], "--json").out)
    assert told["outside"][seed]["label"] == row["data"]["label"]
    purposes = [call["purpose"] for call in told["origins"][0]["calls"]]
    assert purposes == [purposes[0], f"check {index}.0"]
    assert [call["id"] for call in told["origins"][0]["calls"]][:1] == row["lineage"]["calls"]
    assert told["origins"][0]["trial"]["number"] == int(trial)


def test_rows_of_one_seed_are_in_one_split(ended: Desk) -> None:
    assert ended.call("runs", "export", str(ended.place), "--as", "hf", "-o", "out").code == 0
    splits: dict[str, set[str]] = {}
    for split in ("train", "test"):
        lines = (ended.folder / f"out/lineage/{split}.jsonl").read_text().splitlines()
        for row in map(json.loads, lines):
            (parent,) = row["parents"]
            splits.setdefault(parent, set()).add(split)
    assert len(splits) > 4
    assert all(len(found) == 1 for found in splits.values())
    assert {split for found in splits.values() for split in found} == {"train", "test"}


def test_provenance_names_seeds_prompts_calls_and_models(ended: Desk) -> None:
    told = json.loads(ended.call("runs", "export", str(ended.place), "--as", "prov").out)
    row = ended.rows()[0]
    name, batch = f"lw:row/{row['id']}", f"lw:batch/{row['lineage']['iteration']}"
    derived = [ends["prov:usedEntity"] for ends in told["wasDerivedFrom"].values() if ends["prov:generatedEntity"] == name]
    assert derived == [f"lw:{row['lineage']['parents'][0]}"]
    used = [ends["prov:entity"] for ends in told["used"].values() if ends["prov:activity"] == batch]
    assert f"lw:prompt/{row['lineage']['prompts'][0]}" in used
    informed = [ends["prov:informant"] for ends in told["wasInformedBy"].values() if ends["prov:informed"] == batch]
    assert f"lw:call/{row['lineage']['calls'][0]}" in informed
    assert {"lw:model/writer", "lw:model/judge", "lw:policy"} == told["agent"].keys()


def test_the_card_names_a_script_as_what_it_is(ended: Desk) -> None:
    assert ended.call("runs", "export", str(ended.place), "--as", "hf", "-o", "out").code == 0
    card = (ended.folder / "out/README.md").read_text()
    assert "No real language model stands behind some of it: `writer` is scripted" in card
    assert "12 rows that were there before served as seeds." in card
    assert "| judge | scripted | judge | scripted: answers written beforehand, no model was asked |" in card
