"""The embedded model with the weights that are shipped: what it says, whatever runs beside it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from loopwright.llm.http import Http
from loopwright.llm.messages import Message, Reply, Request, chat
from loopwright.llm.prompts import facts, render
from loopwright.llm.providers import Context
from loopwright.llm.providers.tiny import Tiny
from loopwright.llm.tiny.form import INTENTS
from loopwright.spec.blocks import ModelBlock

STORY = "Tom has {a} apples. Maria gives him {b} more. Then {c} are sold. How many apples are left?"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture(scope="module")
def model() -> Tiny:
    return Tiny(ModelBlock(id="m", provider="tiny"), Context(Http()))


def asked(prompt: str, seed: int, temperature: float = 1.0, **more: object) -> Request:
    return Request(chat(prompt), temperature, seed=seed, logprobs=True, **more)  # type: ignore[arg-type]


def mixed() -> list[Request]:
    """Of many lengths, held to schemas and not, at several temperatures, some with limits and stops."""
    sums = [asked(render("solve_steps", question=STORY.format(a=20 + n, b=n + 3, c=n + 2)), n, n % 4 / 2) for n in range(20)]
    bare = [asked(f"What is {n} + {n + 7}?", n, 1.3, max_output_tokens=3 + n) for n in range(10, 20)]
    rows = [
        asked(render("write_row", description="", facts=facts({"label": intent}), keys='"text"'), 5, 0.9, schema=TEXT)
        for intent in INTENTS
    ]
    pieces = [
        asked(render("fill_slot", instruction=f"One sentence about {intent}, long."), 6, stop=(",",)) for intent in INTENTS
    ]
    return [*sums, *bare, *rows, *pieces]


@pytest.mark.slow
async def test_the_same_seed_says_the_same_whatever_runs_beside_it(model: Tiny) -> None:
    requests = mixed()
    together = await asyncio.gather(*map(model.complete, requests))
    assert [await model.complete(request) for request in requests[::5]] == together[::5]
    for seed in range(3):
        order = Random(seed).sample(range(len(requests)), len(requests))
        replies = await _with_some_cancelled(model, [requests[place] for place in order])
        assert replies == [together[place] for place in order]


async def _with_some_cancelled(model: Tiny, requests: Sequence[Request]) -> list[Reply]:
    """Each has a neighbour that leaves while it is being answered."""
    calls = [asyncio.create_task(model.complete(request)) for request in requests]
    leaving = [asyncio.create_task(model.complete(asked("What is 12 + 30?", n))) for n in range(40)]
    first = await calls[0]
    for call in leaving:
        call.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    return [first, *await asyncio.gather(*calls[1:])]


@pytest.mark.slow
def test_sums_are_mostly_right_and_another_temperature_says_other_things(model: Tiny) -> None:
    async def said(temperature: float) -> list[Reply]:
        return await asyncio.gather(
            *(model.complete(asked(render("solve_steps", question=f"{n} + {n + 9}"), n, temperature)) for n in range(10, 90))
        )

    cold, hot = (asyncio.run(said(temperature)) for temperature in (0.0, 1.5))
    right = [sum(reply.text.endswith(f"Answer: {2 * n + 9}") for n, reply in enumerate(replies, 10)) for replies in (cold, hot)]
    assert right[0] >= 72
    assert right[1] < right[0]


@pytest.mark.parametrize("intent", INTENTS)
def test_a_row_can_be_had_for_each_intent(model: Tiny, intent: str) -> None:
    prompt = render("write_row", description="", facts=facts({"label": intent, "tone": "polite"}), keys='"text"')
    text = json.loads(asyncio.run(model.complete(asked(prompt, 1, 0.7, schema=TEXT))).text)["text"]
    assert len(text.split()) >= 3


def test_names_that_it_does_not_know_do_not_keep_it_from_answering(model: Tiny) -> None:
    question = "Xanthippe has 24 drachmas. She spends 3 drachmas. How many drachmas does Xanthippe have left?"
    reply = asyncio.run(model.complete(asked(question, 1, 0.0)))
    assert reply.text.endswith("Answer: 21")


RECORDED = json.loads(Path(__file__).with_name("dspy_messages.json").read_text())
"""What DSPy 3.4.1 sent for programs of one predictor and of two: its chat adapter's messages, and one of its JSON adapter's."""
STEPS = "12 + 30: 2 + 0 = 2, 10 + 30 = 40, 40 + 2 = 42."


@pytest.mark.parametrize(
    ("program", "fields"),
    [
        ("a prediction", {"answer": r"\d+"}),
        ("a chain of thought", {"reasoning": re.escape(STEPS), "answer": "42"}),
        ("a second predictor, given a draft", {"reasoning": "Let me check.*", "answer": "9"}),
        ("a demonstration", {"reasoning": re.escape(STEPS), "answer": "42"}),
        ("a choice", {"label": "delivery"}),
        ("a choice after a reason", {"reasoning": ".+", "label": "refund"}),
        ("a message", {"message": ".{20,}"}),
    ],
)
def test_it_answers_the_programs_of_dspy_in_their_fields(model: Tiny, program: str, fields: dict[str, str]) -> None:
    reply = asyncio.run(model.complete(recorded(program)))
    parts = re.findall(r"\[\[ ## (\w+) ## \]\]\n*(.*?)\n*(?=\[\[|\Z)", reply.text, re.S)
    assert [name for name, _ in parts] == [*fields, "completed"]
    assert all(re.fullmatch(fields[name], value) for name, value in parts[:-1]), reply.text


def test_it_answers_dspy_in_json_and_refuses_what_is_outside(model: Tiny) -> None:
    reply = asyncio.run(model.complete(recorded("the JSON adapter")))
    assert json.loads(reply.text) == {"reasoning": STEPS, "answer": 42}
    assert asyncio.run(model.complete(recorded("another world"))).finish == "refusal"


def recorded(program: str) -> Request:
    messages = tuple(Message(said["role"], said["content"]) for said in RECORDED[program])
    return Request(messages, 0.0, seed=1, max_output_tokens=150)


HEAVY = {"scipy", "sklearn", "torch", "pyarrow", "aiohttp", "openai", "rensa", "jsonschema_rs"}
IMPORTS = """
import sys
import numpy
before = set(sys.modules)
from loopwright.llm.http import Http
from loopwright.llm.providers import Context, build
from loopwright.llm.tiny import reading, serving
from loopwright.spec.blocks import ModelBlock
build(ModelBlock(id="m", provider="tiny"), Context(Http()))
print(*sorted(set(sys.modules) - before))
"""


def test_it_imports_little_beside_numpy() -> None:
    """Counted, since no two machines take the same time: what a first answer needs, with pydantic and the HTTP client."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "loopwright.llm.tiny.serving" in modules
    assert not {module.partition(".")[0] for module in modules} & HEAVY
    assert len(modules) < 270
