"""What contextual policies look at: the recipe and the state of the run, and what they carry from one recipe to another."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.workflows.datagen.conftest import FREE, TASK, Desk

from loopwright.spec.load import validate
from loopwright.spec.yaml import parse
from loopwright.workflows.datagen import seeds
from loopwright.workflows.datagen.context import Context, Setting, contextual, values
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.spec import Seeds
from loopwright.workflows.datagen.state import State

SCRIPT = '''
import json
from hashlib import blake2b
from loopwright.llm import prompts

WORDS = "amber birch cedar dune ember fjord grove heath iris jade knoll lagoon maple north ocean prairie quartz river".split()

def rows(request, good):
    """Rows of six words where the model is good at what is asked, of twelve where it is not."""
    found = prompts.recognise(request.messages[-1].content)
    if found is None:
        return '{"ok": true}'
    drawn = [blake2b(repr((request.seed, at)).encode()).digest() for at in range(int(found.slots.get("count", 1)))]
    texts = [" ".join(WORDS[byte % len(WORDS)] for byte in each[: 6 if good else 12]) for each in drawn]
    made = [{"text": text, **({"parcel": 7} if has_orders(request) else {})} for text in texts]
    return json.dumps({"rows": made} if "count" in found.slots else made[0])

def has_orders(request):
    return "parcel" in request.messages[-1].content

def one(request):
    return rows(request, has_orders(request))

def two(request):
    return rows(request, not has_orders(request))
'''
MEMORY = """
task: {description: Short messages.}
models:
  - {id: one, provider: scripted, script: "script:one"}
  - {id: two, provider: scripted, script: "script:two"}
arms:
  - {id: one, kind: naive, model: one, params: {plan: 0}}
  - {id: two, kind: naive, model: two, params: {plan: 0}}
validators: {length: {field: text, max_words: 8}}
target: {accepted: 150}
memory: messages
"""
ORDERS = """
grammar:
  start: row
  rules:
    row: [{template: '{"text": "<message>", "parcel": <number>}'}]
    message: [{llm_fill: {prompt: "A short message."}}]
    number: [{template: "7"}, {template: "8"}]
"""


def _recipe(text: str) -> Recipe:
    return validate(parse(f"workflow: datagen\n{text}"), Recipe)


def _decisions(desk: Desk, place: Path) -> list[tuple[str, dict[str, Any]]]:
    with sqlite3.connect(f"file:{place / 'run.sqlite'}?mode=ro", uri=True) as store:
        found = store.execute("SELECT arm, context FROM decision ORDER BY trial").fetchall()
    return [(arm, json.loads(context)) for arm, context in found]


def _run(desk: Desk, name: str, text: str, seed: int) -> list[tuple[str, dict[str, Any]]]:
    ended = desk.run(text, "--name", name, "--set", f"seed={seed}")
    assert ended.code == 0, ended
    (place,) = (desk.folder / "runs").glob(f"{name}-*")
    return _decisions(desk, place)


@pytest.mark.slow
def test_with_memory_a_linear_policy_learns_which_arm_is_for_recipes_with_a_grammar(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPWRIGHT_HOME", str(desk.folder / "home"))
    (desk.folder / "script.py").write_text(SCRIPT)
    with_, without = f"{MEMORY}{ORDERS}policy: {{linucb: 0.3}}\n", f"{MEMORY}policy: {{linucb: 0.3}}\n"
    for seed in range(2):
        _run(desk, f"orders-{seed}", with_, seed)
        _run(desk, f"plain-{seed}", without, seed)
    later = {"one": _run(desk, "orders-9", with_, 9), "two": _run(desk, "plain-9", without, 9)}
    for right, decisions in later.items():
        assert {arm for arm, _ in decisions[:4]} == {right}
        assert sum(arm == right for arm, _ in decisions) > 0.8 * len(decisions)
        assert {context["grammar"] for _, context in decisions} == {float(right == "one")}
    (known,) = (desk.folder / "home" / "memory" / "messages").glob("*.json")
    assert len(json.loads(known.read_text())["runs"]) == 6


def test_the_context_holds_the_recipe_and_how_the_run_stands() -> None:
    recipe = _recipe(f'{FREE}target: {{accepted: 10}}\nconstraints: {{facts: ["at most two sentences", "kind"]}}\n')
    brief = recipe.brief
    state = State(brief.gate().memories(), recipe.batch_size, len(brief.quotas.rows))
    for label in ("refund", "refund", "delivery", "delivery"):
        state.accept(label)
    found = Context.of(state.seen(), brief, Setting.of(brief, seeds=7))
    assert found == Context(
        Setting(grammar=1.0, schema=0.0, labels=2.0, seeds=3.0, constraints=2.585, complexity=1.585),
        progress=0.4,
        deficit=0.3,
        deficits=0.3,
        rejects=0.0,
    )
    assert all(isinstance(value, float) for value in found.fields().values())


@pytest.mark.parametrize(
    ("schema", "holds"),
    [
        ({"type": "object", "properties": {"text": {"type": "string"}, "stars": {"type": "integer"}}}, 2),
        ({"properties": {"who": {"properties": {"name": {}, "city": {}}}, "tags": {"items": {"type": "string"}}}}, 3),
        ({"anyOf": [{"properties": {"a": {}, "b": {}}}, {"properties": {"c": {}}}]}, 3),
        ({"prefixItems": [{}, {}], "items": False}, 2),
        ({}, 1),
        (True, 1),
    ],
)
def test_a_schema_is_as_complex_as_it_has_values(schema: Any, holds: int) -> None:
    assert values(schema) == holds


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        ("thompson", set()),
        ("{apart: {by: [grammar, labels], policy: thompson}}", {"grammar", "labels", "progress", "seeds", "complexity"}),
    ],
)
def test_a_tabular_policy_is_told_nothing_unless_it_says_which_fields_count(desk: Desk, policy: str, fields: set[str]) -> None:
    assert desk.run(f"{FREE}policy: {policy}\ntarget: {{accepted: 30}}\n").code == 0
    decisions = _decisions(desk, desk.place)
    assert all(fields <= context.keys() and bool(context) == bool(fields) for _, context in decisions)
    assert contextual(_recipe(f"{FREE}policy: {policy}\ntarget: {{accepted: 30}}\n").policy) == bool(fields)


@pytest.mark.slow
def test_seeds_of_labels_that_are_not_wanted_are_told_of_before_and_at_the_start(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("text,label\nwhere is it,delivery\nbuy now,livery\nmy money,Refund\nmoney,refund\n")
    text = f"{TASK}models: [{{id: m, provider: tiny}}]\nseeds: {{path: seeds.csv}}\ntarget: {{accepted: 2}}\n"
    told = "warning: 2 of 4 seeds are never shown as examples, for no such label is wanted: "
    assert f"{told}livery (1), Refund (1; did you mean 'refund'?)" in desk.check(text).err
    started = desk.call("run", "recipe.yaml")
    assert started.err.count(told) == 1


def test_seeds_come_from_spreadsheets_too(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_bytes(
        '\ufeffNachricht;Art\r\n"Wo bleibt es; bitte?";Lieferung\r\nGeld, zurück;Erstattung\r\n'.encode()
    )
    (tmp_path / "tabs.csv").write_text("text\tlabel\nwhere, is it\tdelivery\n")
    (tmp_path / "one.csv").write_text("text\nwhere; is it\n")
    found = seeds.read(Seeds(path="seeds.csv", fields={"text": "Nachricht", "label": "Art"}), tmp_path)
    assert found == [{"text": "Wo bleibt es; bitte?", "label": "Lieferung"}, {"text": "Geld, zurück", "label": "Erstattung"}]
    assert seeds.read(Seeds(path="tabs.csv"), tmp_path) == [{"text": "where, is it", "label": "delivery"}]
    assert seeds.read(Seeds(path="one.csv"), tmp_path) == [{"text": "where; is it"}]


def test_seeds_may_hold_what_other_programs_take_for_the_end_of_a_line(tmp_path: Path) -> None:
    texts = ["one\u2028two", 'he said "hi"\nand left', "\x85"]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts))
    assert seeds.read(Seeds(path="seeds.jsonl"), tmp_path) == [{"text": text} for text in texts]


def test_check_tells_which_extra_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ended = desk.check(f"{FREE}target: {{accepted: 2}}\noutput: {{formats: [parquet]}}\n")
    assert ended.code == 2
    assert "needs the extra 'parquet': pip install 'loopwright[parquet]'" in ended.err


def test_check_tells_what_is_wrong_with_seeds(desk: Desk) -> None:
    text = f"{TASK}models: [{{id: m, provider: tiny}}]\nseeds: {{path: seeds.csv}}\ntarget: {{accepted: 2}}\n"
    missing = desk.check(text)
    assert missing.code == 2
    assert "recipe.yaml:8: seeds.path: " in missing.err
    assert "cannot be read: No such file or directory" in missing.err
    (desk.folder / "seeds.csv").write_text("message,label\nwhere is it,delivery\n")
    assert "line 2 has no 'text'" in desk.check(text).err
