"""What each generator is for, seen in runs with scripted models: beside `naive`, at equal numbers of rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import pytest
from bench.datagen_verbalized import play
from tests.killing import killed_after
from tests.workflows.datagen import writers
from tests.workflows.datagen.conftest import Desk
from tests.workflows.datagen.writers import FACTS, REAL, real

from loopwright.learn.linear import Tfidf
from loopwright.learn.rows import Rows
from loopwright.learn.scoring import score, told
from loopwright.workflows.datagen.publishing.splits import Member, splits

TASK = "task: {description: Notes about the country.}\n"


def model(rule: str, id: str = "writer") -> str:
    return f"  - {{id: {id}, provider: scripted, script: 'tests.workflows.datagen.writers:{rule}'}}\n"


class Came(NamedTuple):
    """Of a run, in its order."""

    accepted: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


def run(desk: Desk, rule: str, arms: str, more: str = "", *, rows: int = 60) -> Came:
    """What a run of these arms alone comes to."""
    recipe = f"{TASK}models:\n{model(rule)}arms: {arms}\npolicy: uniform\ntarget: {{accepted: {rows}}}\n{more}"
    ended = desk.run(recipe, "--fresh", "--json")
    assert ended.code == 0, ended.out + ended.err
    return Came(desk.rows(place=newest(desk)), desk.rows("rejects.jsonl", newest(desk)))


def newest(desk: Desk) -> Path:
    return max(desk.runs(), key=lambda store: store.stat().st_mtime_ns).parent


def write_texts(folder: Path) -> None:
    """A page for each planted fact."""
    (folder / "texts").mkdir(parents=True)
    for name, fact in FACTS.items():
        (folder / "texts" / f"{name.replace(' ', '-')}.md").write_text(f"# About the {name}\n\nIt is old.\n\n{fact}\n")


def test_examples_make_rows_like_the_seeds(desk: Desk) -> None:
    """Seeds are questions of four to six words; the model's own way is a sentence of sixteen."""
    seeds = ["where does the river go?", "who owns that mill?", "when was the old bridge built?", "how deep is it?"]
    (desk.folder / "seeds.csv").write_text("text\n" + "\n".join(seeds))

    def far(texts: list[str]) -> float:
        return mean(min(abs(len(text.split()) - len(seed.split())) for seed in seeds) for text in texts)

    found = {}
    for kind in ("naive", "examples"):
        rows = run(desk, "imitator", f"[{{id: only, kind: {kind}}}]", "seeds: {path: seeds.csv}").accepted
        texts = [row["data"]["text"] for row in rows]
        found[kind] = (far(texts), mean(text.endswith("?") for text in texts))
        parents = {parent for row in rows for parent in row["lineage"].get("parents", ())}
        assert {f"seed-{number}" for number in range(4)} <= parents
    assert found["examples"] == (0.0, 1.0)
    assert found["naive"][0] > 3
    assert found["naive"][1] < 0.75


def test_rows_after_examples_are_of_families_that_splits_can_keep_apart(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("text\n" + "\n".join(writers.sentence(5, at) for at in range(64)))
    rows = run(
        desk, "imitator", "[{id: plain, kind: naive}, {id: after, kind: examples}]", "seeds: {path: seeds.csv}", rows=200
    )
    members = []
    for row in [*rows.accepted, *rows.rejected]:
        parents, content = tuple(row["lineage"].get("parents", ())), str(row["data"]).encode()
        members.append(Member(row["id"], parents, content, content))
    chosen = splits(members, {"train": 0.5, "test": 0.5}, {})
    held = Counter(chosen[row["id"]] for row in rows.accepted)
    assert min(held.values()) > 20
    kin = {each.id: each.parents for each in members if each.parents}
    assert sum(len(parents) for parents in kin.values()) > 300
    assert all(chosen[id] == chosen[parent] for id, parents in kin.items() for parent in parents if parent in chosen)


def test_evolve_grows_rows_out_of_rows_and_refuses_near_duplicates_of_their_parents(desk: Desk) -> None:
    arms = "[{id: plain, kind: naive}, {id: grown, kind: evolve, params: {attempts: 1, generations: 3}}]"
    rows = run(desk, "gardener", arms, "validators: {length: {max_words: 20}}", rows=150)
    known = {row["id"]: row for row in rows.accepted}
    grown = [row for row in rows.accepted if row["lineage"]["arm"] == "grown"]
    refused = [row for row in rows.rejected if row["rejected_by"] == "written"]
    for row in grown:
        (parent,) = row["lineage"]["parents"]
        assert row["lineage"]["generation"] == known[parent]["lineage"].get("generation", 0) + 1
        assert row["lineage"]["operation"] in ("deepen", "vary", "style")
        assert not row["data"]["text"].startswith(known[parent]["data"]["text"])
    assert {row["lineage"]["generation"] for row in grown} == {1, 2, 3}
    assert len(refused) > 10
    for row in refused:
        assert row["data"]["text"] == known[row["lineage"]["parents"][0]]["data"]["text"] + " now"
        assert row["reason"].startswith(f"a near duplicate of its parent {row['lineage']['parents'][0]}: alike to 0.9")


def test_repair_brings_most_rows_back_that_were_too_long(desk: Desk) -> None:
    arms = "[{id: plain, kind: naive}, {id: mended, kind: repair}]"
    rows = run(desk, "rambler", arms, "validators: {length: {max_words: 12}}", rows=200)
    long = {row["id"] for row in rows.rejected if row["rejected_by"] == "length" and row["lineage"]["arm"] == "plain"}
    mended = {row["id"]: row["lineage"]["parents"][0] for row in rows.accepted if row["lineage"]["arm"] == "mended"}
    again = {row["id"]: row["lineage"]["parents"][0] for row in rows.rejected if row["lineage"]["arm"] == "mended"}
    back = {again.get(parent, parent) for parent in mended.values()}
    assert len(long) > 50
    assert len(back & long) >= len(long) / 2
    assert len(back) == len(mended), "no row is mended twice over"


@pytest.mark.parametrize("check", [True, False])
def test_retrieval_tells_a_planted_fact_only_where_it_cites_the_passage_that_holds_it(desk: Desk, check: bool) -> None:
    write_texts(desk.folder)
    arms = f"[{{id: only, kind: retrieval, params: {{folder: texts, words: 20, check: {str(check).lower()}}}}}]"
    rows = run(desk, "gossip", arms, "validators: {deduplication: {field: text, near: 1}}", rows=40)
    leaks = 0
    for row in rows.accepted:
        cited = row["lineage"]["passage"]
        holds = FACTS[cited.partition(".md#")[0].replace("-", " ")]
        assert cited in row["lineage"]["shown"]
        assert row["lineage"]["evidence"] in holds
        leaks += holds not in row["data"]["text"]
    assert leaks == 0 if check else leaks > 5
    reasons = " ".join(row["reason"] for row in rows.rejected)
    assert "its evidence does not stand in" in reasons
    assert ("it does not rest on" in reasons) is check


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_verbalized_rows_are_more_diverse_on_the_embedded_model(seed: int) -> None:
    """The bench has 20 seeds."""
    assert play("verbalized", seed) > play("naive", seed)


def test_a_chain_has_the_second_work_on_what_the_first_wrote(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("text\n" + "\n".join(f"the {name} is here" for name in FACTS))
    arms = "[{id: both, kind: chain, params: {chain: [{naive: {seeds: 1}}, {evolve: {attempts: 1}}]}}]"
    rows = run(desk, "gardener", arms, "seeds: {path: seeds.csv}")
    assert any(row["reason"].startswith("a near duplicate of its parent") for row in rows.rejected)
    for row in rows.accepted:
        first, second = row["lineage"]["chain"]
        assert (first["kind"], second["kind"]) == ("naive", "evolve")
        assert first["row"]["text"] != row["data"]["text"]
        assert (row["lineage"]["generation"], row["lineage"]["operation"]) == (1, second["operation"])
        assert row["lineage"]["parents"][0].startswith("seed-")
        assert len(row["lineage"]["calls"]) == len(row["lineage"]["prompts"]) == 2


def test_a_chain_with_repair_leaves_alone_what_is_good(desk: Desk) -> None:
    arms = "[{id: both, kind: chain, params: {chain: [naive, repair]}}]"
    rows = run(desk, "rambler", arms, "validators: {length: {max_words: 12}}")
    changed = [row["lineage"]["chain"][1]["changed"] for row in rows.accepted]
    assert 15 < sum(changed) < 45
    assert all(("mended" in row["lineage"]) is row["lineage"]["chain"][1]["changed"] for row in rows.accepted)
    assert len(rows.rejected) < len(rows.accepted) / 4


def known(desk: Desk, arms: str, dev: Rows) -> float:
    """What share of some real rows a model tells that has learned from what 60 calls came to."""
    recipe = f"""
task: {{description: Notes about the country., labels: [{", ".join(REAL)}]}}
models: [{{id: writer, provider: scripted, script: 'tests.workflows.datagen.writers:townie'}}]
arms: {arms}
policy: uniform
evaluation: {{dev: dev.csv, every: 3, weight: 0}}
target: {{accepted: 2000}}
budget: {{calls: 60}}
"""
    assert desk.run(recipe, "--fresh").code == 3
    rows = [row["data"] for row in desk.rows(place=newest(desk))]
    learned = Rows.of([row["text"] for row in rows], [row["label"] for row in rows])
    return score("classification", dev.targets, told(Tfidf(), learned, dev))


@pytest.mark.slow
def test_target_errors_teaches_what_the_model_does_not_know(desk: Desk) -> None:
    """The writer's own rows about ferries are about bridges: the planted weak class."""
    dev = [f"{real(label, 'dev', at)},{label}" for label in REAL for at in range(30)]
    (desk.folder / "dev.csv").write_text("\n".join(["text,label", *dev]))
    weak = Rows.of([real("ferries", "dev", at) for at in range(30)], ["ferries"] * 30)
    plain = known(desk, "[{id: plain, kind: naive, params: {plan: 0}}]", weak)
    aimed = known(desk, "[{id: plain, kind: naive, params: {plan: 0}}, {id: aimed, kind: target_errors}]", weak)
    assert aimed > plain + 0.3
    place = newest(desk)
    rows = [row for row in desk.rows(place=place) if row["lineage"]["arm"] == "aimed"]
    assert Counter(row["data"]["label"] for row in rows).most_common(1)[0][0] == "ferries"
    assert all(parent.startswith("dev-") for row in rows for parent in row["lineage"]["parents"])
    assert desk.call("runs", "trace", str(place), rows[0]["id"]).code == 0
    assert not {row["data"]["text"] for row in rows} & {line.rpartition(",")[0] for line in dev}


ALL = """
task: {description: Notes about the country., labels: [mills, bridges]}
seeds: {path: seeds.csv}
grammar:
  start: row
  rules:
    row: ['{"text": "<start> <place>", "label": "<label>"}']
    label: [mills, bridges]
    start: [{llm_fill: {prompt: "A few words about <label>."}}, "in <place> there are <label>, and near <place>"]
    place: [amberton, birchley, cedar hill, dunewick, fjordham, grovely, heathcote]
models: [{id: writer, provider: scripted, script: "writers:jack", limits: {concurrency: CONCURRENCY}}]
arms:
  - {id: a, kind: naive}
  - {id: b, kind: templater}
  - {id: c, kind: examples}
  - {id: d, kind: verbalized}
  - {id: e, kind: retrieval, params: {folder: texts, words: 20}}
  - {id: f, kind: evolve}
  - {id: g, kind: repair}
  - {id: h, kind: chain, params: {chain: [templater, {evolve: {generations: 2}}]}}
  - {id: i, kind: target_errors}
evaluation: {dev: dev.csv, every: 8}
policy: exhaustive
validators: {length: {field: text, max_words: 12}, deduplication: {field: text}}
target: {accepted: 200}
"""


def texts_and_seeds(folder: Path) -> Desk:
    write_texts(folder)
    (folder / "seeds.csv").write_text("text,label\nwhere is the mill?,mills\nhow old is the bridge?,bridges\n")
    dev = [f"{writers.sentence(5, at)},{label}" for at, label in enumerate(["mills", "bridges"] * 15)]
    (folder / "dev.csv").write_text("\n".join(["text,label", *dev]))
    (folder / "writers.py").write_text(Path(writers.__file__).read_text())
    return Desk(folder)


@pytest.mark.slow
def test_every_kind_comes_to_the_same_rows_after_kills_and_at_any_concurrency(tmp_path: Path) -> None:
    calm, hasty = texts_and_seeds(tmp_path / "calm"), texts_and_seeds(tmp_path / "hasty")
    ended = calm.run(ALL.replace("CONCURRENCY", "1"))
    assert ended.code == 0, ended.out + ended.err
    name = hasty.write(ALL.replace("CONCURRENCY", "32"))
    for trials in (3, 12, 24):
        killed_after(trials, hasty.folder, "run", name)
    assert hasty.call("run", name, "--quiet").code == 0
    rows = calm.rows()
    assert {row["lineage"]["arm"] for row in [*rows, *calm.rows("rejects.jsonl")]} == set("abcdefghi")
    assert [row["data"] for row in hasty.rows()] == [row["data"] for row in rows]
    assert [row["lineage"].get("parents") for row in hasty.rows()] == [row["lineage"].get("parents") for row in rows]
    assert calm.call("runs", "diff", str(hasty.place), str(calm.place)).code == 0
