"""The gate: cheap validators first, the first failure ends a row, frozen views, memories, plugins and what they raise."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from loopwright.errors import BadAnswer, StoreFull, UsageError
from loopwright.llm.messages import Reply
from loopwright.quality import build
from loopwright.quality.building import Called
from loopwright.quality.gate import Gate, Said, View, passed
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Validator
from loopwright.quality.validators.similarity import Vectors
from loopwright.records import Fields
from loopwright.text.embedding import Floats, Lexical


async def nobody(model: str, prompt: str, schema: Fields) -> Reply:
    raise BadAnswer("nobody answers")


def names(gate: Gate, text: str, view: object = None) -> list[tuple[str, bool]]:
    said = asyncio.run(gate.examine(Row({"text": text}), nobody, view or gate.memories().view()))  # type: ignore[arg-type]
    return [(one.validator, one.ruling.passed) for one in said]


def test_the_cheap_ones_come_first_whatever_the_spec_says_and_equals_stay_in_its_order() -> None:
    gate = build(
        {
            "judge": {"model": "m"},
            "diversity": {"min": 0.3},
            "entailment": {"premise": "<a>", "hypothesis": "<b>", "model": "m"},
            "similarity": {"max": 0.9},
            "deduplication": {},
            "language": "en",
            "regex.b": "x",
            "length": {"min_words": 1},
            "regex.a": "x",
            "schema": {},
        },
        Given(schema={}),
    )
    assert gate.order == (
        *("schema", "regex.b", "length", "regex.a", "language"),
        *("deduplication", "similarity", "entailment", "judge", "diversity"),
    )
    assert gate.asks == ("entailment", "judge")


def test_the_first_failure_is_the_last_ruling() -> None:
    gate = build({"regex": "^[A-Z]", "length": {"max_words": 2}, "judge": {"model": "m"}}, Given())
    assert names(gate, "Two words") == [("regex", True), ("length", True), ("judge", False)]
    assert names(gate, "Now three words") == [("regex", True), ("length", False)]
    assert names(gate, "lower case and long") == [("regex", False)]
    assert names(build({}, Given()), "anything") == []


def test_a_view_stays_as_it_was_while_rows_are_admitted() -> None:
    gate = build({"deduplication": {"near": 0.8}, "similarity": {"max": 0.95}}, Given())
    memories = gate.memories()
    early = memories.view()
    memories.admit("0.0", Row({"text": "I want my money back now."}))
    late = memories.view()
    memories.admit("0.1", Row({"text": "Where is my parcel today?"}))
    assert passed(asyncio.run(gate.examine(Row({"text": "I want my money back now."}), nobody, early)))
    assert names(gate, "I want my money back now!", late) == [("deduplication", False)]
    assert names(gate, "Where is my parcel today?", late) == [("deduplication", True), ("similarity", True)]
    assert names(gate, "Where is my parcel today?", memories.view()) == [("deduplication", False)]


def test_settling_decides_beside_all_that_was_accepted_and_says_beside_what() -> None:
    gate = build({"length": {"min_words": 1}, "similarity": {"max": 0.8}, "deduplication": {"near": None}}, Given())
    memories = gate.memories()
    first, again, like = (Row({"text": text}) for text in ("Where is my parcel?", "WHERE  is my parcel?", "Where is my parcel"))
    assert [one.validator for one in memories.look(first)] == ["deduplication", "similarity"] and passed(memories.look(first))
    memories.admit("3.1", first)
    assert memories.look(again)[-1] == ("deduplication", Ruling(False, 0.0, "the same text as row 3.1"))
    name, ruling = memories.look(like)[-1]
    assert name == "similarity" and (ruling.reason or "").startswith("alike to row 3.1 by 0.9")
    assert len(memories) == 1 and all(size > 0 for size in memories.bytes().values())


def test_memories_filled_alike_say_alike() -> None:
    gate = build({"deduplication": {"near": 0.6}, "similarity": {"max": 0.7}}, Given())
    texts = [f"I would like {what} for order {number}" for number in range(20) for what in ("a refund", "my parcel", "help")]

    def fill() -> list[list[Said]]:
        memories, said = gate.memories(), []
        for at, text in enumerate(texts):
            said.append(memories.look(Row({"text": text})))
            memories.admit(str(at), Row({"text": text}))
        return said

    assert fill() == fill()


def test_similarity_looks_again_at_what_came_meanwhile_alone_and_says_what_a_whole_look_would() -> None:
    texts = [f"I would like {what} for order {number}" for number in range(40) for what in ("a refund", "my parcel", "help")]

    def said(known: bool, scores: bool) -> list[Ruling]:
        memories = build({"similarity": {"max": 0.9, "scores": scores}}, Given()).memories()
        rulings = []
        for at, text in enumerate(texts):
            asked = Row({"text": texts[(at * 7) % len(texts)] + " today"})
            for among in (at // 3, at // 2) if known else ():
                View(memories._memories, among).look("similarity", asked)
            rulings += [one.ruling for one in memories.look(asked)]
            memories.admit(str(at), Row({"text": text}))
        return rulings

    told, scored = said(known=True, scores=False), said(known=True, scores=True)
    assert told == said(known=False, scores=False) and scored == said(known=False, scores=True)
    assert [one.passed for one in told] == [one.passed for one in scored] and {one.passed for one in told} == {True, False}
    assert [one for one in told if not one.passed] == [one for one in scored if not one.passed]
    assert all(one.score is not None for one in scored) and all(one.score is None for one in told if one.passed)


@pytest.mark.parametrize("scores", [True, False])
def test_rows_that_are_expected_are_told_what_others_are(scores: bool) -> None:
    texts = [f"I would like {what} for order {number}" for number in range(40) for what in ("a refund", "my parcel", "help")]
    asked = [Row({"text": f"{text} today"}) for text in (*texts[::7], texts[0])]

    def said(expected: bool) -> list[list[Said]]:
        memories = build({"similarity": {"max": 0.9, "field": "text", "scores": scores}}, Given()).memories()
        for at, text in enumerate(texts):
            memories.admit(str(at), Row({"text": text}))
        view = View(memories._memories, 90)
        if expected:
            view.expect([*asked, Row({"other": 1})])
            view.expect([])
        return [list(view.each(row)) for row in asked] + [memories.look(row) for row in asked]

    assert said(expected=True) == said(expected=False)
    assert {passed(each) for each in said(expected=True)} == {True, False}


def test_only_rows_that_pass_what_is_cheaper_are_embedded_and_what_is_said_of_each_stays_the_same() -> None:
    embedded: list[str] = []

    class Telling(Lexical):
        def embed(self, texts: Sequence[str]) -> Floats:
            embedded.extend(texts)
            return super().embed(texts)

    gate = build({"length": {"min_words": 3}, "deduplication": {"near": None}, "similarity": {"max": 0.9}}, Given())
    memories = gate.memories()
    memory = Vectors(None, 0.9, Telling(), scores=False)
    view = View({**memories._memories, "similarity": memory}, 1)
    for one in (memories, memory):
        one.admit("0.0", Row({"text": "where is my parcel"}))
    embedded.clear()
    rows = [Row({"text": text}) for text in ("too short", "where is my parcel", "Where is my parcel?", "I want my money back")]
    begun = gate.begin(rows, view)
    assert [said[-1] for said in begun[:2]] == [
        ("length", Ruling(False, reason="2 words, at least 3")),
        ("deduplication", Ruling(False, 0.0, "the same text as row 0.0")),
    ]
    went_on = [asyncio.run(gate.examine(row, nobody, view, said)) for row, said in zip(rows, begun, strict=True)]
    assert embedded == ["Where is my parcel?", "I want my money back"]
    assert went_on == [asyncio.run(gate.examine(row, nobody, view)) for row in rows]
    assert [passed(said) for said in went_on] == [False, False, False, True]


@pytest.mark.parametrize("validator", [{"similarity": {"max": 0.9}}, {"deduplication": {"exact": False}}])
def test_of_two_rows_alike_the_earlier_is_named_whenever_they_were_looked_at(validator: Any) -> None:
    memories, row = build(validator, Given()).memories(), Row({"text": "Where is my parcel, please?"})
    for at in range(2):
        memories.admit(f"0.{at}", row)
        assert "row 0.0" in (memories.look(row)[0].ruling.reason or "")


def test_a_memory_that_cannot_expect_rows_says_so_when_it_looks() -> None:
    class Broken:
        bytes = 0

        def __len__(self) -> int:
            return 0

        def expect(self, rows: object, among: int | None = None) -> None:
            raise OSError("no such folder")

        def look(self, row: Row, among: int | None = None) -> Ruling:
            raise OSError("no such folder")

        def admit(self, id: str, row: Row) -> None: ...

    view = View({"broken": Broken()}, 0)
    view.expect([Row({"text": "a"})])
    assert view.look("broken", Row({"text": "a"})).reason == "the validator broken raised OSError: no such folder"


def test_how_new_a_row_is_is_told_where_the_reward_wants_it() -> None:
    for novelty in (True, False):
        memories = build({"similarity": {"max": 0.9}}, Given(novelty=novelty)).memories()
        memories.admit("0.0", Row({"text": "Where is my parcel?"}))
        assert (memories.look(Row({"text": "Give me my money"}))[0].ruling.score is not None) is novelty


def test_a_batch_is_weighed_as_a_whole() -> None:
    gate = build({"diversity": {"min": 0.6, "n": 4}}, Given())
    same = [Row({"text": "one and the same text"})] * 4
    varied = [
        Row({"text": text}) for text in ("where is my parcel", "give me money", "hello there you", "it broke again today")
    ]
    assert gate.weigh(same)[0].ruling.reason == "distinct_2 of 4 rows is 0.25, at least 0.6"
    assert gate.weigh(varied)[0].ruling == Ruling(True, 1.0)
    assert gate.weigh(varied[:3])[0].ruling == Ruling(True, reason="3 texts are too few to compare: 4 are needed")


@pytest.mark.parametrize("measure", ["distinct_1", "distinct_2", "distinct_3", "compression", "self_bleu", "vendi", "coverage"])
def test_every_measure_of_diversity_is_higher_where_texts_differ(measure: str) -> None:
    gate = build({"diversity": {"min": 0.0, "measure": measure}}, Given(batch=6))
    texts = ("where is my parcel now", "give me money please today", "the thing broke twice again")
    same, varied = ([Row({"text": text}) for text in some] for some in ((texts[0],) * 3, texts))
    low, high = gate.weigh(same)[0].ruling.score, gate.weigh(varied)[0].ruling.score
    assert low is not None and high is not None and 0 <= low < high <= 1


class Raising:
    cost: ClassVar[int] = 1

    def __init__(self, error: Exception) -> None:
        self.error = error

    def judge(self, row: Row) -> Ruling:
        raise self.error


class RaisingMemory(Raising):
    def look(self, row: Row, among: int | None = None) -> Ruling:
        raise self.error

    def admit(self, id: str, row: Row) -> None: ...

    def __len__(self) -> int:
        return 0

    @property
    def bytes(self) -> int:
        return 0


class RaisingWhenComparing:
    def memory(self) -> RaisingMemory:
        return RaisingMemory(KeyError("lost"))


class RaisingWhenAsking:
    async def ask(self, row: Row, asker: object) -> Ruling:
        raise RecursionError


class RaisingWhenWeighing:
    def weigh(self, rows: Sequence[Row]) -> Ruling:
        raise ValueError("no\nrows")


@pytest.mark.parametrize(
    ("validator", "reason"),
    [
        (Raising(ZeroDivisionError("division by zero")), "the validator mine raised ZeroDivisionError: division by zero"),
        (Raising(BadAnswer("prose")), "mine got no answer: BadAnswer: prose"),
        (RaisingWhenAsking(), "the validator mine raised RecursionError"),
        (RaisingWhenComparing(), "the validator mine raised KeyError: 'lost'"),
    ],
)
def test_a_validator_that_raises_fails_the_row_and_is_named(validator: Validator, reason: str) -> None:
    gate = Gate({"mine": validator})
    (said,) = asyncio.run(gate.examine(Row({}), nobody, gate.memories().view()))
    assert said == ("mine", Ruling(False, reason=reason, raised=reason.startswith("the validator")))


def test_what_a_batch_validator_raises_is_a_ruling_too() -> None:
    (said,) = Gate({"mine": RaisingWhenWeighing()}).weigh([])
    assert said == ("mine", Ruling(False, reason="the validator mine raised ValueError: no rows", raised=True))


@pytest.mark.parametrize("error", [StoreFull("no space"), UsageError("mend it")])
def test_what_the_user_must_mend_is_raised(error: Exception) -> None:
    gate = Gate({"mine": Raising(error)})
    with pytest.raises(type(error)):
        asyncio.run(gate.examine(Row({}), nobody, gate.memories().view()))


@pytest.mark.parametrize(
    ("returned", "ruling"),
    [
        (True, Ruling(True)),
        (False, Ruling(False, reason="says no")),
        (0.5, Ruling(True, 0.5)),
        (0.25, Ruling(False, 0.25, "scores 0.25, at least 0.5")),
        (1, Ruling(True, 1.0)),
        (Ruling(False, 0.1, "mine"), Ruling(False, 0.1, "mine")),
        (None, "returned None, not a bool, a score from 0 to 1, or a Ruling"),
        (7, "returned 7, not a bool"),
        (float("nan"), "returned nan, not a bool"),
        ("yes", "returned 'yes', not a bool"),
    ],
)
def test_a_plugin_function_may_return_a_bool_a_score_or_a_ruling(returned: object, ruling: Ruling | str) -> None:
    gate = Gate({"mine": Called(lambda row: returned, 0.5)})  # type: ignore[arg-type, return-value]
    (said,) = asyncio.run(gate.examine(Row({}), nobody, gate.memories().view()))
    if isinstance(ruling, Ruling):
        assert said.ruling == ruling
    else:
        assert not said.ruling.passed and f"the validator mine raised TypeError: {ruling}" in (said.ruling.reason or "")


PLUGIN = """
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Parameters

def polite(row):
    return 1.0 if "please" in row.text().lower() else 0.0

async def slow(row):
    return True

class Loud(Parameters):
    most: int = 0
    def fitted(self, given):
        return self
    def judge(self, row):
        marks = row.text().count("!")
        return Ruling(marks <= self.most, reason=f"{marks} exclamation marks, at most {self.most}")

class Lost(Parameters):
    def fitted(self, given):
        return self
"""
ASK = """
import asyncio, json, sys
from loopwright.errors import LoopwrightError
from loopwright.quality import build
from loopwright.quality.row import Row
from loopwright.quality.validator import Given
try:
    gate = build(json.loads(sys.argv[1]), Given())
    print(gate.order, [tuple(one) for one in asyncio.run(gate.examine(Row({"text": "Now!"}), None, gate.memories().view()))])
except LoopwrightError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ('{"polite": null}', "('polite',) [('polite', Ruling(passed=False, score=0.0, reason='scores 0, at least 0.5'))]"),
        ('{"polite.please": {"threshold": 0}}', "('polite.please', Ruling(passed=True, score=0.0, reason=None))"),
        ('{"polite": {"treshold": 0}}', "SpecError validators.polite.treshold: is not a known key; did you mean 'threshold'?"),
        ('{"loud": 0}', "reason='1 exclamation marks, at most 0'"),
        ('{"loud": {"most": "x"}}', "SpecError validators.loud.most: is text; expected a whole number"),
        ('{"slow": {}}', "PluginError the validator slow is neither a plain function nor a class; one that waits"),
        ('{"lost": {}}', "PluginError the validator lost has none of the methods judge, ask, memory and weigh"),
        ('{"loudd": {}}', "SpecError validators.loudd: no validator is called 'loudd'; did you mean 'loud'?"),
    ],
)
def test_a_plugin_validator_is_one_function_or_one_class(tmp_path: Path, spec: str, says: str) -> None:
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    points = "".join(f"validator.{name.lower()} = mine:{name}\n" for name in ("polite", "slow", "Loud", "Lost"))
    (info / "entry_points.txt").write_text(f"[loopwright.plugins]\n{points}")
    (tmp_path / "mine.py").write_text(PLUGIN)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-W", "error", "-c", ASK, spec]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert says in done.stdout, done.stdout + done.stderr


def test_building_a_gate_loads_no_heavy_library() -> None:
    program = (
        "import sys; from loopwright.quality import build; from loopwright.quality.validator import Given\n"
        "from loopwright.quality.choosing import choose\n"
        "choose(['in German', 'no links'])\n"
        "build({'deduplication': {}, 'similarity': 0.9, 'diversity': 0.1, 'judge': 'm', 'language': 'en', 'regex': 'x',"
        " 'length': {'min_words': 1}, 'entailment': {'premise': '<a>', 'hypothesis': '<b>', 'values': {'a': ['x', 'y']}},"
        " 'format': 'json',"
        " 'label': {'keywords': {'a': ['b']}}}, Given())\n"
        "print([name for name in ('numpy', 'jsonschema_rs', 'rensa', 'json_repair', 'tokenizers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
