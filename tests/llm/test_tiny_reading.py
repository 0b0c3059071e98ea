"""How a DSPy program's messages are read, and how the network's answer is put into the fields that were asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loopwright.llm.messages import Message, Request, chat
from loopwright.llm.prompts import render
from loopwright.llm.structured import read as read_answer
from loopwright.llm.structured import shape
from loopwright.llm.tiny.network import load
from loopwright.llm.tiny.reading import Outside, Read, Reading, read
from loopwright.llm.tiny.serving import WEIGHTS
from loopwright.llm.tiny.tokens import Tokenizer

QUESTION = "What is 12 + 30?"
WORKED = "12 + 30: 2 + 0 = 2, 10 + 30 = 40, 40 + 2 = 42. Answer: 42"
STEPS = WORKED.removesuffix(" Answer: 42")
LABELS = "Literal['refund', 'delivery']"


@pytest.fixture(scope="module")
def tokenizer(worldly: Path) -> Tokenizer:
    return Tokenizer(load(worldly).vocabulary)


@pytest.fixture(scope="module")
def shipped() -> Tokenizer:
    """With the words that are shipped."""
    return Tokenizer(load(WEIGHTS).vocabulary)


def listed(fields: dict[str, str]) -> str:
    return "\n".join(f"{place}. `{name}` ({kind}): " for place, (name, kind) in enumerate(fields.items(), 1))


def program(
    inputs: dict[str, str], outputs: dict[str, str], objective: str = "Do it.", *, as_json: bool = False, demo: bool = False
) -> tuple[Message, ...]:
    """The messages of DSPy's chat adapter, or of its JSON adapter, for one predictor."""
    marks = "\n\n".join(f"[[ ## {name} ## ]]\n{{{name}}}" for name in (*inputs, *outputs, "completed"))
    system = (
        f"Your input fields are:\n{listed(dict.fromkeys(inputs, 'str'))}\nYour output fields are:\n{listed(outputs)}\n"
        f"All interactions will be structured in the following way, with the appropriate values filled in.\n\n{marks}\n"
        f"In adhering to this structure, your objective is: \n        {objective}"
    )
    given = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in inputs.items())
    names = ", then ".join(f"`{name}`" for name in outputs)
    fields = ", then ".join(f"`[[ ## {name} ## ]]`" for name in outputs)
    wish = f"Respond with a JSON object in the following order of fields: {names}."
    if not as_json:
        wish = (
            f"Respond with the corresponding output fields, starting with the field {fields}, and then ending with the marker."
        )
    shown = (Message("user", given), Message("assistant", "[[ ## answer ## ]]\n7\n\n[[ ## completed ## ]]\n")) if demo else ()
    return (Message("system", system), *shown, Message("user", f"{given}\n\n{wish}"))


def given(tokenizer: Tokenizer, messages: tuple[Message, ...], **more: Any) -> Reading:
    reading: Read = read(Request(messages, **more), tokenizer)
    assert isinstance(reading, Reading), reading
    return reading


def test_a_prediction_is_answered_directly_and_a_chain_of_thought_in_steps(tokenizer: Tokenizer) -> None:
    plain = given(tokenizer, program({"question": QUESTION}, {"answer": "int"}))
    assert plain.turns == (f"direct: {QUESTION}",)
    assert plain.wording.said("Answer: 42") == "[[ ## answer ## ]]\n42\n\n[[ ## completed ## ]]"
    thought = given(tokenizer, program({"question": QUESTION}, {"reasoning": "str", "answer": "str"}, demo=True))
    assert thought.turns == (f"steps: {QUESTION}",)
    marked = f"[[ ## reasoning ## ]]\n{STEPS}\n\n[[ ## answer ## ]]\n42\n\n[[ ## completed ## ]]"
    assert thought.wording.said(WORKED) == marked


def test_the_json_adapter_is_given_json(tokenizer: Tokenizer) -> None:
    messages = program({"question": QUESTION}, {"reasoning": "str", "answer": "str"}, as_json=True)
    said = given(tokenizer, messages).wording.said(WORKED)
    assert said is not None
    assert json.loads(said) == {"reasoning": STEPS, "answer": "42"}


def test_a_second_predictor_that_is_given_a_draft_looks_at_it_again(tokenizer: Tokenizer) -> None:
    inputs = {"question": QUESTION, "draft": WORKED}
    known = given(tokenizer, program(inputs, {"answer": "int"}, "Check each step of your answer."))
    assert known.turns == (f"steps: {QUESTION}", WORKED, "Check each step of your answer.")
    unknown = given(tokenizer, program(inputs, {"answer": "int"}, "Scrutinise meticulously."))
    assert unknown.turns[2] == "Check each step of your answer, then give it again."
    split = {"question": QUESTION, "reasoning": STEPS, "answer": "42"}
    assert given(tokenizer, program(split, {"final": "int"})).turns[1] == WORKED


def test_a_choice_of_labels_is_a_classification(tokenizer: Tokenizer) -> None:
    reading = given(tokenizer, program({"text": "Where is my parcel?"}, {"reasoning": "str", "intent": LABELS}))
    assert reading.turns == ("reason refund, delivery | Where is my parcel?",)
    assert reading.wording.held is not None
    assert reading.wording.held["properties"]["label"] == {"enum": ["refund", "delivery"]}
    said = reading.wording.said('{"reason": "It asks.", "label": "delivery"}')
    assert said == "[[ ## reasoning ## ]]\nIt asks.\n\n[[ ## intent ## ]]\ndelivery\n\n[[ ## completed ## ]]"


@pytest.mark.parametrize(
    ("inputs", "outputs", "turn", "network", "value"),
    [
        (
            {"premise": "refund", "hypothesis": "I want my money back"},
            {"follows": "bool"},
            "follows refund | I want my money back",
            {"reason": "", "follows": True},
            "True",
        ),
        (
            {"claim": "refund", "text": "I want my money back"},
            {"verdict": "Literal['yes', 'no']"},
            "follows refund | I want my money back",
            {"reason": "", "follows": False},
            "no",
        ),
        ({"intent": "refund", "tone": "polite"}, {"message": "str"}, "row message: refund, polite", {"message": "Hi"}, "Hi"),
        ({"text": "money", "label": "refund"}, {"score": "int"}, "judge refund | money", {"reason": "", "score": 5}, "5"),
    ],
)
def test_other_signatures_come_to_the_jobs_that_it_knows(
    tokenizer: Tokenizer, inputs: dict[str, str], outputs: dict[str, str], turn: str, network: dict[str, Any], value: str
) -> None:
    reading = given(tokenizer, program(inputs, outputs))
    assert reading.turns == (turn,)
    said = reading.wording.said(json.dumps(network))
    assert said == f"[[ ## {next(iter(outputs))} ## ]]\n{value}\n\n[[ ## completed ## ]]"


@pytest.mark.parametrize(
    ("inputs", "outputs", "why"),
    [
        ({"country": "France"}, {"capital": "str"}, "no number"),
        ({"question": QUESTION}, {"answer": "int", "unit": "str"}, "wants answer, unit"),
        ({"text": "Vote!"}, {"label": "Literal['left', 'right']"}, "the label 'left'"),
        ({"text": "one"}, {"ok": "bool"}, "needs two inputs"),
    ],
)
def test_a_program_about_something_else_is_refused(
    tokenizer: Tokenizer, inputs: dict[str, str], outputs: dict[str, str], why: str
) -> None:
    reading = read(Request(program(inputs, outputs)), tokenizer)
    assert isinstance(reading, Outside)
    assert why in reading.why


SOLVED: dict[str, Any] = {
    "type": "object",
    "properties": {"explanation": {"type": "string"}, "result": {"type": "integer"}},
    "required": ["explanation", "result"],
}


def test_a_problem_is_put_into_the_keys_of_a_schema(tokenizer: Tokenizer) -> None:
    for ability in ("json_schema", "json_object", "prompt"):
        asked = shape(Request(chat(QUESTION), schema=SOLVED), ability)
        reading = read(asked, tokenizer)
        assert isinstance(reading, Reading)
        assert reading.turns == (QUESTION,)
        said = reading.wording.said(WORKED)
        assert said is not None
        assert read_answer(SOLVED, said) == {"explanation": STEPS, "result": 42}


def test_an_answer_that_names_no_number_is_put_into_no_keys(tokenizer: Tokenizer) -> None:
    reading = given(tokenizer, chat(QUESTION), schema=SOLVED)
    assert reading.wording.said("12 + 30: I do not know.") is None


def test_an_earlier_answer_in_fields_is_read_as_the_network_would_have_said_it(tokenizer: Tokenizer) -> None:
    for earlier in (
        json.dumps({"reason": STEPS, "answer": 42}),
        f"[[ ## reasoning ## ]]\n{STEPS}\n\n[[ ## answer ## ]]\n42\n\n[[ ## completed ## ]]",
        WORKED,
    ):
        messages = (Message("user", QUESTION), Message("assistant", earlier), Message("user", "Check it."))
        assert given(tokenizer, messages).turns == (QUESTION, WORKED, "Check it.")


def test_of_a_long_conversation_the_question_the_last_answer_and_the_last_words_are_seen(tokenizer: Tokenizer) -> None:
    turns = (render("solve", question=QUESTION), "Answer: 41", "Check it.", "Answer: 42", "Sure?")
    messages = tuple(Message("assistant" if place % 2 else "user", text) for place, text in enumerate(turns))
    assert given(tokenizer, messages).turns == (f"direct: {QUESTION}", "Answer: 42", "Sure?")


@pytest.mark.parametrize("text", ["what is 12+30", "12 + 30", "What is 12 + 30?", "What  is\n12 + 30?"])
def test_a_question_is_tidied(tokenizer: Tokenizer, text: str) -> None:
    assert given(tokenizer, chat(text)).turns == (QUESTION,)


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("add 12 and 30", "Add 12 and 30."),
        ("45-17=", "What is 45 - 17?"),
        ("what's 12 plus 30", "What is 12 + 30?"),
        ("12 * 3 + 4", "What is 12 x 3 + 4?"),
    ],
)
def test_a_bare_sum_may_be_put_in_many_ways(shipped: Tokenizer, text: str, turn: str) -> None:
    assert given(shipped, chat(text)).turns == (turn,)
    assert given(shipped, chat(render("solve", question=text))).turns == (f"direct: {turn}",)


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        (
            "Xu has 12 zorblats. Xu buys 3 more zorblats. How many zorblats does Xu have?",
            "Tom has 12 apples. Tom buys 3 more apples. How many apples does Tom have?",
        ),
        (
            "Priya baked 9 cakes. Ravi gives her 3 more. How many cakes does Priya have now?",
            "Tom baked 9 cakes. Peter gives her 3 more. How many cakes does Tom have now?",
        ),
        (
            "There are 12 yurts with 3 rugs in each. How many is that?",
            "There are 12 boxes with 3 apples in each. How many is that?",
        ),
    ],
)
def test_a_name_that_it_does_not_know_is_read_as_one_that_it_knows(shipped: Tokenizer, text: str, turn: str) -> None:
    assert given(shipped, chat(text)).turns == (turn,)
