"""Every generator of the table keeps to the protocol: a row for each order, the same ones again, failures that stay alone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
from tests.workflows.datagen.conftest import TASK
from tests.workflows.datagen.scripts import Script, Steps, material
from tests.workflows.datagen.test_models import SLOTS

from loopwright.errors import BadAnswer, CallError
from loopwright.llm.messages import Reply, Request
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Item, Trial
from loopwright.quality.gate import View
from loopwright.quality.validators.schema import compiled
from loopwright.records import Json
from loopwright.spec.load import validate
from loopwright.spec.yaml import parse
from loopwright.workflows.datagen.generators import GENERATORS, way
from loopwright.workflows.datagen.generators.protocol import Generator, Order, Written
from loopwright.workflows.datagen.generators.templater import piece
from loopwright.workflows.datagen.material import Material
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.spec import ArmBlock

Write: TypeAlias = Callable[..., Coroutine[Any, Any, list[Written]]]
ORDERS = [Order(index, label) for index, label in enumerate(["refund", "delivery", "refund", "account", "delivery", "refund"])]
MODEL = "models: [{id: writer, provider: scripted, script: [x]}]"
RECIPE = f"workflow: datagen\n{TASK}{SLOTS}\n{MODEL}\ntarget: {{accepted: 5}}\nevaluation: {{dev: dev.csv}}"


def recipe(text: str = RECIPE) -> Recipe:
    return validate(parse(text), Recipe)


WANTS: dict[str, dict[str, Any]] = {"retrieval": {"folder": "texts"}, "chain": {"chain": ["naive", "evolve"]}}
"""What some kinds cannot do without."""


def arm(kind: str, **params: Any) -> ArmBlock:
    return ArmBlock(id="a", kind=kind, params={**WANTS.get(kind, {}), **params})


def generator(kind: str, **params: Any) -> Generator:
    return way(arm(kind, **params), ("arms", 0)).generator(recipe().brief, "writer")


def trial(script: Script, number: int = 3) -> Trial:
    return Trial(number, Item(f"batch-{number}"), 7, script)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    async def written(kind: str, orders: list[Order], script: Script, number: int = 3, **params: Any) -> list[Written]:
        made = generator(kind, **params)
        await made.prepare(cast(Stages, Steps(Script(), tmp_path)), [])
        return await made.write(orders, trial(script, number), material())

    return written


@pytest.fixture(params=GENERATORS.builtin)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_there_is_a_row_for_each_order_in_their_order(kind: str, write: Write) -> None:
    written = await write(kind, ORDERS, Script())
    assert [row.order for row in written] == ORDERS
    for row in written:
        assert isinstance(row.data, dict)
        assert row.trouble is None
        assert row.data["label"] == row.order.label == row.facts["label"]


async def test_without_anything_to_build_on_an_arm_begins_or_takes_no_order(kind: str) -> None:
    begins = way(arm(kind), ()).begins(recipe().brief)
    nothing = Material({}, {}, View({}))
    assert list(generator(kind).takes(ORDERS, nothing)) == (ORDERS if begins else [])
    assert list(generator(kind).takes(ORDERS, material())) == ORDERS


async def test_the_same_place_gives_the_same_rows_and_another_place_others(kind: str, write: Write) -> None:
    first = await write(kind, ORDERS, Script())
    assert await write(kind, ORDERS, Script()) == first
    assert await write(kind, ORDERS, Script(), 4) != first


async def test_no_two_requests_of_a_batch_are_equal(kind: str, write: Write) -> None:
    script = Script()
    await write(kind, [Order(index, "refund") for index in range(12)], script)
    assert len({repr(request) for request in script.asked}) == len(script.asked) > 1


async def test_a_call_that_fails_takes_its_own_rows_alone(kind: str, write: Write) -> None:
    purpose = {"templater": "slot 0", "evolve": "evolve 0", "repair": "repair 0"}.get(kind, "rows 0")
    orders = [Order(0, "refund"), Order(1, "delivery"), Order(2, "account")]
    for number in range(20):  # not every row of the grammar has a slot
        written = await write(kind, orders, Script(purpose), number)
        assert [row.order for row in written] == orders
        assert all(row.trouble is None for row in written[1:])
        if written[0].trouble is not None:
            assert written[0].trouble == "Overloaded: too busy"
            return
    raise AssertionError("no call failed")


@pytest.mark.parametrize(
    ("place", "fits", "other"),
    [("#/properties/text", "b", 3), ("#", {"text": "b"}, {"rows": []}), ("#/$defs/Count", 3, "b")],
)
async def test_a_schema_that_refers_to_its_own_places_does_so_among_several_rows(place: str, fits: Json, other: Json) -> None:
    parts = "$id: 'https://example.com/row', $defs: {Count: {type: integer}}"
    fields = f"text: {{type: string}}, more: {{$ref: '{place}'}}"
    schema = f"constraints: {{schema: {{{parts}, type: object, properties: {{{fields}}}, required: [text]}}}}"
    brief = recipe(f"workflow: datagen\n{schema}\n{MODEL}\ntarget: {{accepted: 5}}").brief
    script = Script()
    await (
        way(arm("naive", plan=0), ())
        .generator(brief, "writer")
        .write([Order(0, None), Order(1, None)], trial(script), material())
    )
    valid = compiled(script.asked[0].schema or {}).is_valid
    assert valid({"rows": [{"text": "a", "more": fits}]}) and not valid({"rows": [{"text": "a", "more": other}]})


@pytest.mark.parametrize("kind", ["naive", "verbalized"])
async def test_rows_of_several_shapes_are_asked_for_with_their_labels(kind: str) -> None:
    shapes = """{"text": "<text>", "label": "<label>"}', '{"label": "<label>", "text": "<text>", "note": "<text>"}"""
    rules = f"{{row: ['{shapes}'], text: [a, b], label: [good, bad]}}"
    text = f"task: {{labels: [good, bad]}}\ngrammar: {{start: row, rules: {rules}}}\n{MODEL}\ntarget: {{accepted: 5}}"
    script = Script()
    generator = way(arm(kind, plan=0), ()).generator(recipe(f"workflow: datagen\n{text}").brief, "writer")
    await generator.write([Order(0, "good"), Order(1, "good")], trial(script), material())
    (asked,) = script.asked
    assert asked.messages[-1].content.endswith(': "text", "label"')
    more = {"probability": 0.01} if kind == "verbalized" else {}
    valid = compiled(asked.schema or {}).is_valid
    assert valid({"rows": [{"text": "a", "label": "good", **more}]})
    assert valid({"rows": [{"text": "a", "label": "good", "note": "b", **more}]})
    assert not valid({"rows": [{"text": "a", "label": "good", "other": "b", **more}]})


async def test_a_row_that_may_be_anything_is_asked_for_with_what_is_told_of_it() -> None:
    rows = "{anyOf: [true, {type: object, properties: {text: {type: string}}, required: [text]}]}"
    text = f"constraints: {{schema: {rows}}}\n{MODEL}\ntarget: {{accepted: 5}}"
    script = Script()
    generator = way(arm("verbalized", plan=0), ()).generator(recipe(f"workflow: datagen\n{text}").brief, "writer")
    await generator.write([Order(0, None)], trial(script), material())
    (asked,) = script.asked
    assert compiled(asked.schema or {}).is_valid({"rows": [{"text": "a", "probability": 0.01}]})


class Undecided(Script):
    """Says nothing of use where it is asked whether a row rests on its passage."""

    async def ask(self, model: str, request: Request, step: int = 0) -> Reply:
        reply = await super().ask(model, request, step)
        if not request.purpose.startswith("answerable"):
            return reply
        error = BadAnswer("the answer holds no JSON", charged=True)
        error.spent = reply.spent
        raise error


async def test_what_checks_without_an_answer_have_cost_is_said_with_their_rows(write: Write) -> None:
    script = Undecided()
    written = await write("retrieval", ORDERS, script)
    assert all("could not be asked: BadAnswer" in (row.trouble or "") for row in written)
    assert sum(cast(int, row.usage["input_tokens"]) for row in written) == 10 * len(script.asked)


IN_TURN = """
grammar:
  start: row
  row_values: [about]
  rules:
    row: ['{"text": "<said>", "about": "<about>"}']
    about: [{llm_fill: {prompt: "Name a thing."}}]
    said: [{llm_fill: {prompt: "One sentence about <about>."}}]
"""


@pytest.mark.parametrize(("fails", "calls"), [("slot 0.0", ["slot 0.0"]), (None, ["slot 0.0", "slot 0.1"])])
async def test_the_calls_of_a_row_are_those_that_were_made(fails: str | None, calls: list[str]) -> None:
    brief = recipe(f"workflow: datagen\n{IN_TURN}\n{MODEL}\ntarget: {{accepted: 5}}").brief
    script = Script(fails)
    (row,) = await way(arm("templater"), ()).generator(brief, "writer").write([Order(0, None)], trial(script), material())
    assert [request.purpose for request in script.asked] == row.lineage["calls"] == calls


async def test_every_kind_can_be_the_first_of_a_chain(kind: str, write: Write) -> None:
    for row in await write("chain", ORDERS, Script(), chain=[{kind: WANTS.get(kind, {})}, "evolve"]):
        assert row.trouble is None
        first, second = cast(list[dict[str, Any]], row.lineage["chain"])
        assert (first["kind"], second["kind"]) == (kind, "evolve")
        assert first["row"] != row.data


async def test_the_settings_of_an_arm_go_with_every_request(kind: str, write: Write) -> None:
    if kind == "chain":
        pytest.skip("each of its steps has its own")
    script = Script()
    await write(kind, ORDERS, script, temperature=0.3, top_p=0.8)
    writing = [request for request in script.asked if not request.purpose.startswith("answerable")]
    assert {(request.temperature, request.top_p) for request in writing} == {(0.3, 0.8)}


@pytest.mark.parametrize(("most", "calls"), [(1, 6), (2, 4), (5, 3)])
async def test_rows_of_one_label_are_written_together(most: int, calls: int, write: Write) -> None:
    script = Script()
    written = await write("naive", ORDERS, script, rows_per_call=most)
    assert len(script.asked) == calls
    assert sum(cast(int, row.usage["input_tokens"]) for row in written) == 10 * calls


async def test_an_error_that_stops_the_run_is_not_swallowed(kind: str, write: Write) -> None:
    class Stops(Script):
        async def ask(self, model: str, request: Request, step: int = 0) -> Reply:
            raise KeyError("a bug")

    with pytest.raises(BaseExceptionGroup) as raised:
        await write(kind, ORDERS * 3, Stops())
    assert not raised.group_contains(CallError)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('"where is it?"', "where is it?"),
        ("  where is it?\n", "where is it?"),
        ('He said "hi",\n\nand left', 'He said "hi",\n\nand left'),
        ("it's 5 o'clock", "it's 5 o'clock"),
        ('"a" and "b"', '"a" and "b"'),
        ("“soon”", "soon"),
        ('""', ""),
    ],
)
def test_a_piece_has_no_quotes_around_it_and_keeps_those_within_and_its_lines(said: str, kept: str) -> None:
    assert piece(said) == kept
