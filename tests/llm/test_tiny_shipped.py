"""The embedded model with the weights that are shipped: what it says, whatever runs beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from random import Random

import pytest

from loopwright.llm.http import Http
from loopwright.llm.messages import Reply, Request, chat
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
