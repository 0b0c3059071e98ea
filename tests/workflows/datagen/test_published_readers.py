"""What others read datasets with accepts the exports: datasets, pandas, mlcroissant, prov. `make publish-check` has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.workflows.datagen.conftest import FREE, Desk

SPLITS = ("train", "validation", "test")
PUBLISHED = "output: {publish: {license: cc-by-4.0, splits: {train: 0.7, validation: 0.1, test: 0.2}}}"


@pytest.fixture(scope="module", params=["jsonl", "parquet"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp(request.param))
    assert desk.run(f"{FREE}\ntarget: {{accepted: 60}}\n{PUBLISHED}").code == 0
    words = ("runs", "export", str(desk.place), "--as", "hf", "-o", "out", "--format", request.param)
    assert desk.call(*words).code == 0
    return desk


def data(desk: Desk, split: str) -> Path:
    (file,) = (desk.folder / "out/data").glob(f"{split}.*")
    return file


@pytest.mark.filterwarnings("ignore")
def test_datasets_loads_rows_and_lineage(published: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets: Any = pytest.importorskip("datasets")
    rows = {row["id"]: row for row in published.rows()}
    for name in (None, "lineage"):
        found = datasets.load_dataset(str(published.folder / "out"), name, cache_dir=str(tmp_path))
        assert list(found) == list(SPLITS)
        held = [row for split in SPLITS for row in found[split]]
        assert sorted(row["id"] for row in held) == sorted(rows)
        for row in held:
            assert row.get("text") in (None, rows[row["id"]]["data"]["text"])
            assert row.get("arm") in (None, rows[row["id"]]["lineage"]["arm"])


def test_pandas_reads_every_split(published: Desk) -> None:
    pandas: Any = pytest.importorskip("pandas")
    total = 0
    for split in SPLITS:
        file = data(published, split)
        sheet = pandas.read_parquet(file) if file.suffix == ".parquet" else pandas.read_json(file, lines=True)
        assert list(sheet.columns) == ["id", "text", "label"]
        total += len(sheet)
    assert total == 60


@pytest.mark.filterwarnings("ignore")
def test_mlcroissant_finds_no_error_and_reads_the_records(published: Desk) -> None:
    croissant: Any = pytest.importorskip("mlcroissant")
    found = croissant.Dataset(jsonld=str(published.folder / "out/croissant.json"))
    assert not found.metadata.ctx.issues.errors
    records = [record for split in SPLITS for record in found.records(split)]
    texts = {value.decode() for record in records for name, value in record.items() if name.endswith("/text")}
    assert texts == {row["data"]["text"] for row in published.rows()}


RICH = """
grammar:
  start: row
  rules:
    row:
      - template: >-
          {"text": "<w> <w> <w>", "tags": ["<w>", "<w>"], "n": <n>, "p": <p>, "ok": <b>,
          "deep": {"b": "<w>", "a": 1}, "mixed": <m>}
    w: [amber, birch, cedar, dune, ember, fjord, grove, heath, iris]
    n: ["1", "2", "3"]
    p: ["0.5", "2"]
    b: ["true", "false"]
    m: ["1", '"one"']
target: {accepted: 60}
"""
SHAPE = {"tags": "List(Value('string'))", "n": "Value('int64')", "p": "Value('float64')", "ok": "Value('bool')"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_fields_keep_their_types(desk: Desk, tmp_path: Path, form: str) -> None:
    datasets: Any = pytest.importorskip("datasets")
    croissant: Any = pytest.importorskip("mlcroissant")
    assert desk.run(RICH).code == 0
    assert desk.call("runs", "export", str(desk.place), "--as", "hf", "-o", "out", "--format", form).code == 0
    found = datasets.load_dataset(str(desk.folder / "out"), cache_dir=str(tmp_path / "cache"))["train"]
    text = dict.fromkeys(("id", "text", "deep", "mixed"), "Value('string')")
    assert {name: repr(feature) for name, feature in found.features.items()} == {**SHAPE, **text}
    rows = {row["id"]: row["data"] for row in desk.rows()}
    for row in found:
        assert {**rows[row["id"]], "deep": json.loads(row["deep"]), "mixed": row["mixed"], "id": row["id"]} == {
            **row,
            "deep": json.loads(row["deep"]),
        }
    records = list(croissant.Dataset(jsonld=str(desk.folder / "out/croissant.json")).records("train"))
    assert [[tag.decode() for tag in record["train/tags"]] for record in records] == [row["tags"] for row in found]


def test_the_client_of_the_hub_reads_the_card(published: Desk) -> None:
    hub: Any = pytest.importorskip("huggingface_hub")
    card = hub.DatasetCard.load(published.folder / "out/README.md")
    assert (card.data.license, card.data.task_categories) == ("cc-by-4.0", ["text-classification"])


def test_prov_reads_the_provenance_and_writes_it_again(published: Desk) -> None:
    model: Any = pytest.importorskip("prov.model")
    told = published.call("runs", "export", str(published.place), "--as", "prov").out
    document = model.ProvDocument.deserialize(content=told, format="json")
    kinds = ("entity", "activity", "agent", "wasGeneratedBy", "hadMember", "wasAssociatedWith")
    again = json.loads(document.serialize(format="json"))
    assert {kind: len(again[kind]) for kind in kinds} == {kind: len(json.loads(told)[kind]) for kind in kinds}
