"""A dataset as others want it: a folder for the Hub, conversations, provenance; splits that do not leak; versions."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.workflows.datagen.conftest import FREE, Desk
from tests.workflows.datagen.hub import serving

from loopwright.text.near import NearDuplicates
from loopwright.workflows.datagen.publishing.splits import Member, splits

ROWS = 60
RECIPE = f"{FREE}\ntarget: {{accepted: {ROWS}}}"
PUBLISHED = "output: {publish: {license: cc-by-4.0, title: Desk messages, splits: {train: 0.7, validation: 0.1, test: 0.2}}}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A finished run that tests only read from; each names places of its own."""
    desk = Desk(tmp_path_factory.mktemp("published"))
    assert desk.run(f"{RECIPE}\n{PUBLISHED}").code == 0
    return desk


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def export(desk: Desk, *words: str) -> str:
    ended = desk.call("runs", "export", str(desk.place), *words)
    assert ended.code == 0, ended.err
    return ended.out + ended.err


def _echoed(text: str, rows: list[dict[str, Any]]) -> bool:
    seen = NearDuplicates(0.8)
    for row in rows:
        seen.add(row["id"], row["text"])
    return seen.find(text) is not None


# the folder


def test_every_accepted_row_is_in_one_split_and_the_card_says_how_many(made: Desk) -> None:
    export(made, "--as", "hf", "-o", "hub")
    place = made.folder / "hub"
    found = {split: lines(place / f"data/{split}.jsonl") for split in ("train", "validation", "test")}
    rows = {row["id"]: row["data"] for row in made.rows()}
    assert {row.pop("id"): row for split in found.values() for row in [dict(each) for each in split]} == rows
    assert sum(map(len, found.values())) == ROWS
    card = (place / "README.md").read_text()
    for split, held in found.items():
        assert f"| {split} | {len(held)} |" in card
    assert "All 60 rows are synthetic" in card
    assert "No model was asked: the rows are draws from a grammar." in card
    assert "| templater | templater | none |" in card
    again = sum(_echoed(row["text"], found["train"]) for split in ("validation", "test") for row in found[split])
    assert f"rows outside train, {again} (" in card


def test_the_front_matter_is_what_the_hub_reads(made: Desk) -> None:
    export(made, "--as", "hf", "-o", "front")
    _, front, _ = (made.folder / "front/README.md").read_text().split("---\n", 2)
    told = YAML(typ="safe").load(front)
    assert (told["license"], told["pretty_name"], told["size_categories"]) == ("cc-by-4.0", "Desk messages", ["n<1K"])
    assert told["task_categories"] == ["text-classification"]
    for config in told["configs"]:
        for each in config["data_files"]:
            assert (made.folder / "front" / each["path"]).is_file()
    features = {info["config_name"]: [each["name"] for each in info["features"]] for info in told["dataset_info"]}
    for name, folder in (("default", "data"), ("lineage", "lineage")):
        assert list(lines(made.folder / "front" / folder / "train.jsonl")[0]) == features[name]


def test_croissant_names_the_files_with_their_digests_and_the_columns_that_are_in_them(made: Desk) -> None:
    export(made, "--as", "hf", "-o", "croissant")
    place = made.folder / "croissant"
    told = json.loads((place / "croissant.json").read_text())
    files = {each["@id"]: each for each in told["distribution"]}
    for file in files.values():
        assert sha256((place / file["contentUrl"]).read_bytes()).hexdigest() == file["sha256"]
    for record in told["recordSet"]:
        row = lines(place / f"data/{record['name']}.jsonl")[0]
        assert [each["source"]["extract"]["column"] for each in record["field"]] == list(row)
        assert {each["source"]["fileObject"]["@id"] for each in record["field"]} <= files.keys()


def test_parquet_holds_the_same(made: Desk) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export(made, "--as", "hf", "-o", "plain")
    export(made, "--as", "hf", "-o", "sheets", "--format", "parquet")
    for name in ("data", "lineage"):
        for split in ("train", "validation", "test"):
            sheet = parquet.read_table(made.folder / f"sheets/{name}/{split}.parquet").to_pylist()
            assert sheet == lines(made.folder / f"plain/{name}/{split}.jsonl")


def test_publishing_again_is_the_same_bytes(made: Desk) -> None:
    export(made, "--as", "hf", "-o", "first")
    export(made, "--as", "hf", "-o", "second")
    for file in (made.folder / "first").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (made.folder / "second" / file.relative_to(made.folder / "first")).read_bytes()


def test_a_folder_that_holds_other_things_is_left_alone(made: Desk) -> None:
    (made.folder / "mine").mkdir()
    (made.folder / "mine/README.md").write_text("my own")
    ended = made.call("runs", "export", str(made.place), "--as", "hf", "-o", "mine")
    assert (ended.code, (made.folder / "mine/README.md").read_text()) == (2, "my own")
    assert "holds other files" in ended.err


def test_files_of_another_cut_go_and_nothing_else_does(made: Desk) -> None:
    export(made, "--as", "hf", "-o", "cut")
    (made.folder / "cut/notes.txt").write_text("mine")
    export(made, "--as", "hf", "-o", "cut", "--set", "output.publish.splits={all: 1}")
    held = sorted(file.name for file in (made.folder / "cut").rglob("*.jsonl"))
    assert held == ["all.jsonl", "all.jsonl"]
    assert (made.folder / "cut/notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("license: cc-by-4", "did you mean 'cc-by-4.0'?"),
        ("license: other", "output.publish.license_name: is missing"),
        ("tasks: [text-clasification]", "did you mean 'text-classification'?"),
        ("splits: {train: 0}", "has no share above 0"),
        ("licence: mit", "did you mean 'license'?"),
    ],
)
def test_what_the_hub_would_refuse_is_refused_when_the_recipe_is_read(desk: Desk, told: str, said: str) -> None:
    ended = desk.check(f"{RECIPE}\noutput: {{publish: {{{told}}}}}")
    assert ended.code == 2
    assert said in ended.err


# versions


@pytest.mark.slow
def test_an_edition_names_the_version_before_it(desk: Desk) -> None:
    desk.run(f"{FREE}\ntarget: {{accepted: {ROWS}, batches: 2}}")
    export(desk, "--as", "hf", "-o", "out")
    first = json.loads((desk.folder / "out/loopwright.json").read_text())
    export(desk, "--as", "hf", "-o", "out")
    again = json.loads((desk.folder / "out/loopwright.json").read_text())
    assert desk.call("runs", "resume", str(desk.place), "--set", "target.batches=50", "--quiet").code == 0
    export(desk, "--as", "hf", "-o", "elsewhere")
    second = json.loads((desk.folder / "elsewhere/loopwright.json").read_text())
    assert first == again
    assert first["parent"] is None
    assert second["parent"] == first["version"] != second["version"] == desk.about()["version"]
    assert [each["version"] for each in lines(desk.place / "editions.jsonl")] == [first["version"]] * 2 + [second["version"]]
    told = json.loads(export(desk, "--as", "prov"))
    revisions = [
        (ends["prov:generatedEntity"], ends["prov:usedEntity"])
        for ends in told["wasDerivedFrom"].values()
        if "prov:type" in ends
    ]
    assert revisions == [(f"lw:dataset/{second['version']}", f"lw:dataset/{first['version']}")]
    assert {name for ends in revisions for name in ends} <= told["entity"].keys()


# splits

SHARES = {"train": 0.6, "test": 0.4}


def member(id: str, *parents: str, said: str | None = None) -> Member:
    return Member(id, parents, (said or id).encode(), id.encode())


@given(st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=40))
def test_no_family_is_ever_split(parents: list[list[int]]) -> None:
    """Each row may come from earlier ones and from seeds."""
    found = [
        member(f"{at}.0", *(f"{each}.0" if each < at else f"seed-{each}" for each in some)) for at, some in enumerate(parents)
    ]
    cut = splits(found, SHARES, {})
    for each in found:
        for parent in each.parents:
            akin = {cut[other.id] for other in found if parent in (other.id, *other.parents)}
            assert akin == {cut[each.id]}


def test_rows_of_one_text_are_in_one_split() -> None:
    found = [member(f"{at}.0", said=f"text {at % 20}") for at in range(200)]
    cut = splits(found, SHARES, {})
    assert all(cut[f"{at}.0"] == cut[f"{at % 20}.0"] for at in range(200))
    assert set(cut.values()) == set(SHARES)


def test_a_row_stays_in_its_split_when_the_dataset_grows() -> None:
    found = [member(f"{at}.0", f"seed-{at % 70}") for at in range(200)]
    before, after = splits(found[:100], SHARES, {}), splits(found, SHARES, {})
    assert {id: after[id] for id in before} == before


def test_shares_are_kept_where_there_are_many_families() -> None:
    cut = splits([member(f"{at}.0") for at in range(5000)], SHARES, {})
    assert abs(list(cut.values()).count("train") / 5000 - 0.6) < 0.03


def test_splits_that_there_are_no_families_for_are_said_to_be_left_out(desk: Desk) -> None:
    grammar = (
        "grammar: {start: row, rules: {row: [{template: '{\"text\": \"the same for all\", \"n\": <n>}'}], n: ['1', '2', '3']}}"
    )
    assert desk.run(f"{grammar}\nvalidators: {{schema: {{}}}}\ntarget: {{accepted: 3}}").code == 0
    told = export(desk, "--as", "hf", "-o", "out")
    assert "none for test, since they come from one another" in told or "none for train" in told
    assert json.loads((desk.folder / "out/loopwright.json").read_text())["left_out"] in (["test"], ["train"])
    assert "a family is never split" in (desk.folder / "out/README.md").read_text()


@pytest.mark.parametrize("families", [1, 2, 3])
def test_no_split_is_empty_as_long_as_there_are_families_for_it(families: int) -> None:
    cut = splits([member(f"{at}.0") for at in range(families)], {"train": 0.98, "validation": 0.01, "test": 0.01}, {})
    assert len(set(cut.values())) == families


# conversations


def test_a_conversation_is_a_row_in_the_words_of_the_templates(made: Desk) -> None:
    chat = "{system: 'Name the {{intent}}.', user: 'Message: {text}', assistant: '{label}'}"
    export(made, "--as", "chat", "-o", "chat", "--set", f"output.publish.chat={chat}")
    rows = {row["data"]["text"]: row["data"]["label"] for row in made.rows()}
    found = [row["messages"] for split in ("train", "validation", "test") for row in lines(made.folder / f"chat/{split}.jsonl")]
    assert len(found) == ROWS
    for messages in found:
        assert [each["role"] for each in messages] == ["system", "user", "assistant"]
        assert messages[0]["content"] == "Name the {intent}."
        assert rows[messages[1]["content"].removeprefix("Message: ")] == messages[2]["content"]


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("'{txt}'", "has no field 'txt'; did you mean 'text'?"),
        ("'{text'", "a brace that is no field"),
        ("'{{text}'", "a brace"),
    ],
)
def test_a_template_that_does_not_fit_the_rows_is_an_error(made: Desk, tmp_path: Path, user: str, said: str) -> None:
    place = tmp_path / "chat"
    told = f"output.publish.chat={{user: {user}, assistant: '{{label}}'}}"
    ended = made.call("runs", "export", str(made.place), "--as", "chat", "-o", str(place), "--set", told)
    assert (ended.code, place.exists()) == (2, False)
    assert said in ended.err


# provenance


def test_provenance_leads_from_the_dataset_to_what_made_each_row(made: Desk) -> None:
    told = json.loads(export(made, "--as", "prov"))
    things = {name for kind in ("entity", "activity", "agent") for name in told[kind]}
    for relation in ("hadMember", "wasGeneratedBy", "wasAssociatedWith"):
        for ends in told[relation].values():
            assert set(ends.values()) <= things
    members = {ends["prov:entity"] for ends in told["hadMember"].values()}
    assert members == {f"lw:row/{row['id']}" for row in made.rows()}
    batches = {ends["prov:entity"]: ends["prov:activity"] for ends in told["wasGeneratedBy"].values()}
    for row in made.rows():
        batch = told["activity"][batches[f"lw:row/{row['id']}"]]
        assert (batch["lw:arm"], batch["lw:probability"]) == (row["lineage"]["arm"], row["lineage"]["probability"])


# the Hub


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_hub_gets_what_the_dry_run_showed(made: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # large files by plain HTTP, which the stand-in speaks
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_TOKEN", "hf_not_to_be_kept")
        words = ("--to", "hub", "--repo", "me/desk", "--format", form, "--json")
        shown = json.loads(export(made, *words, "--dry-run"))
        assert (shown["sent"], hub.files, hub.tokens) == (False, {}, set())
        sent = json.loads(export(made, *words))
        assert sent == {**shown, "sent": True}
        assert {path: sha256(content).hexdigest() for path, content in hub.files.items()} == {
            file["path"]: file["sha256"] for file in shown["files"]
        }
        assert shown["address"] == f"{hub.address}/datasets/me/desk"
        assert hub.created[0]["visibility"] == "private"
        assert hub.tokens == {"Bearer hf_not_to_be_kept"}
    kept = b"".join(file.read_bytes() for file in (*made.place.rglob("*"), *tmp_path.rglob("*")) if file.is_file())
    assert b"hf_not_to_be_kept" not in kept


@pytest.mark.parametrize(
    ("status", "code", "said"), [(401, 1, "refuses the token in HF_TOKEN"), (409, 2, "(409): not for you")]
)
def test_a_refusal_says_what_to_mend(made: Desk, monkeypatch: pytest.MonkeyPatch, status: int, code: int, said: str) -> None:
    pytest.importorskip("huggingface_hub")
    with serving() as hub:
        hub.refuse = status
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_TOKEN", "hf_x")
        ended = made.call("runs", "export", str(made.place), "--to", "hub", "--repo", "me/desk")
        assert (ended.code, hub.files) == (code, {})
        assert said in ended.err


def test_a_hub_that_is_not_there_is_said_to_be_so(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    ended = made.call("runs", "export", str(made.place), "--to", "hub", "--repo", "me/desk")
    assert ended.code == 1
    assert "the upload failed: ConnectError" in ended.err


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (("--repo", "me/desk"), {}, "in the environment as HF_TOKEN"),
        (("--repo", "me/desk"), {"HF_TOKEN": "x", "HF_ENDPOINT": "http://hub.example"}, "begins with https://"),
        (("--repo", "me/desk/more"), {}, "is no name for a repository"),
        ((), {}, "--repo OWNER/NAME"),
        (("--repo", "me/desk", "--accepted"), {}, "choose among tables"),
        (("--repo", "me/desk", "--format", "csv"), {}, "as jsonl or parquet"),
        (("--repo", "me/desk", "--as", "chat"), {}, "the Hub is sent the folder of --as hf"),
    ],
)
def test_an_upload_that_cannot_be_says_why(
    made: Desk, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ended = made.call("runs", "export", str(made.place), "--to", "hub", *words)
    assert ended.code == 2
    assert said in ended.err


# comparing


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_an_edition_is_the_same_as_the_run_it_was_made_of(made: Desk, form: str) -> None:
    export(made, "--as", "hf", "-o", f"same-{form}", "--format", form)
    told = made.call("runs", "diff", f"same-{form}", str(made.place))
    assert (told.code, told.out.splitlines()[-1]) == (0, "the same rows")


@pytest.mark.slow
def test_two_editions_differ_in_what_came_went_and_changed(made: Desk) -> None:
    export(made, "--as", "hf", "-o", "old", "--set", "output.publish.splits={all: 1}")
    export(made, "--as", "hf", "-o", "new", "--set", "output.publish.splits={all: 1}")
    file = made.folder / "new/data/all.jsonl"
    first, second, *rest = lines(file)
    other = {"delivery": "refund"}.get(first["label"], "delivery")
    changed = [{**first, "label": other}, *rest, {"id": "9.9", "text": "one that came", "label": "refund"}]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in changed))
    ended = made.call("runs", "diff", "old", "new", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["same"], told["left_rows"], told["right_rows"]) == (1, False, ROWS, ROWS)
    assert [row["id"] for row in told["removed"]] == [second["id"]]
    assert [row["id"] for row in told["added"]] == ["9.9"]
    assert [(each["left"]["id"], each["fields"]) for each in told["changed"]] == [(first["id"], ["label"])]
    shown = made.call("runs", "diff", "old", "new").out
    assert f"label is {first['label']} in A, {other} in B" in shown
    assert "share of refund" in shown


def test_results_are_compared_table_by_table_where_that_is_asked_for(made: Desk) -> None:
    told = made.call("runs", "diff", str(made.place), str(made.place), "--tables")
    assert (told.code, told.out.splitlines()[-1]) == (0, "the same results")
