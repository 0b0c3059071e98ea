"""What each generator is for, seen in runs with scripted models: beside `naive`, at equal numbers of rows."""

from __future__ import annotations

from statistics import mean
from typing import Any, NamedTuple

import pytest
from tests.workflows.datagen.conftest import Desk
from tests.workflows.datagen.writers import FACTS

from loopwright.text.diversity import distinct_n

TASK = "task: {description: Notes about the country.}\n"


def model(rule: str, id: str = "writer") -> str:
    return f"  - {{id: {id}, provider: scripted, script: 'tests.workflows.datagen.writers:{rule}'}}\n"


class Rows(NamedTuple):
    """Of a run, in its order."""

    accepted: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


def run(desk: Desk, rule: str, arms: str, more: str = "", *, rows: int = 60) -> Rows:
    """What a run of these arms alone comes to."""
    recipe = f"{TASK}models:\n{model(rule)}arms: {arms}\npolicy: uniform\ntarget: {{accepted: {rows}}}\n{more}"
    ended = desk.run(recipe, "--fresh", "--json")
    assert ended.code == 0, ended.out + ended.err
    newest = max(desk.runs(), key=lambda store: store.stat().st_mtime_ns)
    return Rows(desk.rows(place=newest.parent), desk.rows("rejects.jsonl", newest.parent))


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
    (desk.folder / "texts").mkdir()
    for name, fact in FACTS.items():
        (desk.folder / "texts" / f"{name.replace(' ', '-')}.md").write_text(f"# About the {name}\n\nIt is old.\n\n{fact}\n")
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
@pytest.mark.parametrize("seed", range(3))
def test_verbalized_rows_are_more_diverse_on_the_embedded_model(desk: Desk, seed: int) -> None:
    """Over 20 seeds the mean of distinct-2 was 0.509 beside 0.465, and higher in each of them."""
    labels = "[refund, delivery, account, exchange]"
    found = {}
    for kind in ("naive", "verbalized"):
        recipe = f"""
task: {{description: Short messages that customers of an online shop write to support., labels: {labels}}}
models: [{{id: tiny, provider: tiny}}]
arms: [{{id: only, kind: {kind}}}]
seed: {seed}
target: {{accepted: 60}}
validators: {{length: {{field: text, max_words: 40}}, deduplication: {{field: text}}}}
"""
        assert desk.run(recipe, "--fresh").code == 0
        rows = desk.rows(place=max(desk.runs(), key=lambda store: store.stat().st_mtime_ns).parent)
        assert len(rows) == 60
        found[kind] = distinct_n((row["data"]["text"] for row in rows), 2) or 0.0
    assert found["verbalized"] > found["naive"]
