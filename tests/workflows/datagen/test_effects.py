"""What each generator is for, seen in runs with scripted models: beside `naive`, at equal numbers of rows."""

from __future__ import annotations

from statistics import mean
from typing import Any

from tests.workflows.datagen.conftest import Desk

TASK = "task: {description: Notes about the country.}\nvalidators: {deduplication: {field: text}}\n"


def model(rule: str, id: str = "writer") -> str:
    return f"  - {{id: {id}, provider: scripted, script: 'tests.workflows.datagen.writers:{rule}'}}\n"


def run(desk: Desk, rule: str, arms: str, more: str = "", *, rows: int = 60) -> list[dict[str, Any]]:
    """The rows of a run of these arms alone, in the order of the run."""
    recipe = f"{TASK}models:\n{model(rule)}arms: {arms}\npolicy: uniform\ntarget: {{accepted: {rows}}}\n{more}"
    ended = desk.run(recipe, "--fresh", "--json")
    assert ended.code == 0, ended.out + ended.err
    newest = max(desk.runs(), key=lambda store: store.stat().st_mtime_ns)
    return desk.rows(place=newest.parent)


def test_examples_make_rows_like_the_seeds(desk: Desk) -> None:
    """Seeds are questions of four to six words; the model's own way is a sentence of sixteen."""
    seeds = ["where does the river go?", "who owns that mill?", "when was the old bridge built?", "how deep is it?"]
    (desk.folder / "seeds.csv").write_text("text\n" + "\n".join(seeds))

    def far(texts: list[str]) -> float:
        return mean(min(abs(len(text.split()) - len(seed.split())) for seed in seeds) for text in texts)

    found = {}
    for kind in ("naive", "examples"):
        rows = run(desk, "imitator", f"[{{id: only, kind: {kind}}}]", "seeds: {path: seeds.csv}")
        texts = [row["data"]["text"] for row in rows]
        found[kind] = (far(texts), mean(text.endswith("?") for text in texts))
        parents = {parent for row in rows for parent in row["lineage"].get("parents", ())}
        assert {f"seed-{number}" for number in range(4)} <= parents
    assert found["examples"] == (0.0, 1.0)
    assert found["naive"][0] > 3
    assert found["naive"][1] < 0.75
