"""The embedded model as a provider: what it reads, what it refuses, how it puts its answers; on weights that know nothing."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import ContextTooLong, Rejected
from loopwright.llm.http import Http
from loopwright.llm.messages import Message, Reply, Request, chat
from loopwright.llm.probe import probe
from loopwright.llm.prompts import facts, render, reprompts
from loopwright.llm.providers import Context
from loopwright.llm.providers.tiny import Tiny
from loopwright.llm.structured import Ability, read, shape
from loopwright.llm.threads import Sync
from loopwright.llm.tiny.serving import server
from loopwright.spec.blocks import ModelBlock

SUM = "What is 12 + 30?"
LABELS = {"type": "object", "properties": {"label": {"enum": ["refund", "delivery"]}}, "required": ["label"]}
CLASSIFY = render("classify", labels="refund, delivery", text="Where is my parcel?")
ROW = render("write_row", description="", facts=facts({"label": "refund", "tone": "polite"}), keys='"text", "label"')
JUDGE = render("judge", criteria="", facts=facts({"label": "refund"}), text="I want my money back.")


def said(*turns: str, system: str = "") -> tuple[Message, ...]:
    """A conversation that the user begins."""
    before = (Message("system", system),) if system else ()
    return before + tuple(Message("assistant" if place % 2 else "user", text) for place, text in enumerate(turns))


@pytest.fixture(scope="module")
def model(worldly: Path) -> Tiny:
    return Tiny(ModelBlock(id="m", provider="tiny"), Context(Http()), worldly)


def ask(model: Tiny, *turns: str, system: str = "", **more: Any) -> Reply:
    return asyncio.run(model.complete(Request(said(*turns, system=system), **{"seed": 7, "max_output_tokens": 150, **more})))


@pytest.mark.slow
@pytest.mark.parametrize(
    "turns",
    [
        (SUM,),
        ("what is 12+30",),
        ("12 × 3",),
        (render("solve", question=SUM),),
        (render("solve_steps", question=SUM),),
        (CLASSIFY,),
        (render("classify_reason", labels="refund, delivery", text="Where is my parcel?"),),
        (ROW,),
        (render("write_rows", description="", count="3", facts=facts({"label": "refund"}), keys='"text"'),),
        (JUDGE,),
        (render("entails", premise="refund", hypothesis="I want my money back."),),
        (render("plan", description="", count="3", facts=facts({"label": "refund"})),),
        (render("fill_slot", instruction="One sentence about refund, casual, 10-20 words."),),
        *((SUM, "12 + 30: 2 + 0 = 2. Answer: 42", again.text) for again in reprompts()[::8]),
        (SUM, "Answer: 42", "Check it.", "Answer: 42", "Sure?"),
        (CLASSIFY, '{"label": "delivery"}', SUM),
    ],
)
def test_what_is_of_its_world_is_answered(model: Tiny, turns: tuple[str, ...]) -> None:
    reply = ask(model, *turns, system="You are helpful.")
    assert reply.refusal is None
    assert reply.finish in ("stop", "length")
    assert reply.model == "tiny:dddddddddddd"
    assert reply.usage is not None
    assert reply.usage.input > 0
    assert reply.usage.output > 0


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        (("Who wrote Hamlet?",), "no number"),
        (("",), "there is no question"),
        ((SUM, "Answer: 42"), "the last message must be the user's"),
        (("What is 300 + 4?",), "whole numbers up to 99"),
        (("What is 3.5 + 4?",), "whole numbers up to 99"),
        (("What is 30 / 5?",), "multiplies, and no more"),
        (("Bake 2 cakes for 3 uncles, please",), "not taught problems that are told like this: 'Bake 2 cakes"),
        (("What is 47 x 38?",), "multiplies a number up to 25 by one up to 9, in this order"),
        (("7 times 12",), "multiplies a number up to 25 by one up to 9, in this order"),
        (("12 + 3 x 4",), "multiplies in the first step alone"),
        (("12 - 30",), "take away more than there is"),
        (("12 - 4 - 8",), "all that is left"),
        (("1 + 7",), "numbers are 2 to 99"),
        (("Tom has 3 apples and Ben has 4 apples. How many do they have together?",), "told like this: 'Tom has 3 apples and"),
        (("Tom has 12 apples. Tom gives 5 to Kim. How many does Kim have?",), "told like this"),
        (("Tom has 12 apples. Tom gives 5 to Kim. How many pens are left?",), "told like this"),
        (("Tom has 12 more apples than Ben, who has 5. How many does Tom have?",), "told like this"),
        (("Tom has 12 apples and 30 pens.",), "told like this"),
        (("TOM HAS 12 APPLES. HE BUYS 3 MORE. HOW MANY IS THAT?",), "of these words only"),
        (("日本語で 2 + 3 は何ですか",), "signs that it cannot read"),
        ((render("solve", question="Who was king in 1066?"),), "whole numbers up to 99"),
        ((render("classify", labels="refund, politics", text="Vote!"),), "the label 'politics'"),
        ((render("fill_slot", instruction="A haiku about autumn."),), "names no intent"),
        (
            (render("write_rows", description="", count="50", facts=facts({"label": "refund"}), keys='"text"'),),
            "at most 5 rows",
        ),
        ((SUM, "Answer: 42", "Compose a sonnet regarding whales"), "it knows"),
        ((CLASSIFY, '{"label": "delivery"}', "Check it."), "about arithmetic alone"),
    ],
)
def test_what_is_outside_of_its_world_is_refused_in_a_line_that_says_what_it_is(
    model: Tiny, turns: tuple[str, ...], why: str
) -> None:
    reply = ask(model, *turns)
    assert (reply.text, reply.finish) == ("", "refusal")
    assert reply.refusal is not None
    assert "tiny is an embedded model of" in reply.refusal
    assert why in reply.refusal
    assert "\n" not in reply.refusal


def test_nothing_said_is_refused_too(model: Tiny) -> None:
    assert asyncio.run(model.complete(Request(()))).finish == "refusal"
    assert asyncio.run(model.complete(Request((Message("system", SUM),)))).finish == "refusal"


def test_a_prompt_that_is_too_long_is_an_error_that_says_how_long(model: Tiny) -> None:
    with pytest.raises(ContextTooLong, match="100,000 characters"):
        ask(model, "x" * 100_000)
    with pytest.raises(ContextTooLong, match="tokens; with an answer it holds"):
        ask(model, render("entails", premise="refund", hypothesis="my money back " * 120))


@given(
    st.lists(
        st.tuples(st.sampled_from(("system", "user", "assistant")), st.text(max_size=80) | st.sampled_from([SUM, ROW])),
        max_size=4,
    )
)
def test_whatever_is_said_there_is_a_reply_or_one_of_our_errors(model: Tiny, turns: list[tuple[Any, str]]) -> None:
    messages = tuple(Message(role, text) for role, text in turns)
    reply = asyncio.run(model.complete(Request(messages, max_output_tokens=3)))
    assert reply.finish in ("stop", "length", "refusal")


def test_a_seed_makes_a_text_and_no_seed_a_new_one_each_time(model: Tiny) -> None:
    texts = [ask(model, SUM, temperature=1.5, seed=seed).text for seed in (1, 1, 2, None, None)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 4


def test_the_same_seed_draws_otherwise_for_another_prompt(model: Tiny) -> None:
    first = [ask(model, f"What is {n} + 30?", temperature=3.0, max_output_tokens=1).text for n in range(10, 40)]
    assert len(set(first)) > 10


@pytest.mark.slow
async def test_many_at_once_say_what_each_says_alone(model: Tiny) -> None:
    requests = [
        Request(chat(f"What is {n} + 30?"), temperature=1.2, seed=n, logprobs=True, max_output_tokens=40) for n in range(10, 90)
    ]
    alone = [await model.complete(request) for request in requests]
    assert await asyncio.gather(*map(model.complete, reversed(requests))) == alone[::-1]


def test_threads_and_event_loops_share_the_batch(model: Tiny) -> None:
    replies: dict[int, Reply] = {}

    def alone(number: int) -> None:
        replies[number] = ask(model, SUM, seed=number % 4, temperature=1.0)

    threads = [threading.Thread(target=alone, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(replies[number] == replies[number % 4] for number in range(12))


async def test_the_thread_door_leads_to_it(model: Tiny) -> None:
    class Scope:
        async def ask(self, name: str, request: Request, step: int = 0) -> Reply:
            return await model.complete(request)

    door = Sync(Scope(), asyncio.get_running_loop())
    reply = await asyncio.to_thread(door.ask, "m", Request(chat(SUM), seed=1, max_output_tokens=5))
    assert reply.finish == "length"


async def test_a_cancelled_request_frees_its_place_and_leaves_no_thread(model: Tiny, worldly: Path) -> None:
    long = Request(chat(SUM), temperature=1.0)
    calls = [asyncio.create_task(model.complete(long)) for _ in range(100)]
    await asyncio.sleep(0)
    for call in calls[1:]:
        call.cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ended[0], Reply)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended[1:])
    while server(worldly).busy:
        await asyncio.sleep(0)


def test_log_probabilities_are_given_token_by_token(model: Tiny) -> None:
    reply = ask(model, SUM, logprobs=True, temperature=1.0)
    assert reply.logprobs is not None
    assert "".join(each.token for each in reply.logprobs) == reply.text
    assert all(each.logprob <= 0 for each in reply.logprobs)
    assert ask(model, SUM, temperature=1.0).logprobs is None


def test_a_limit_and_a_stop_string_end_a_text(model: Tiny) -> None:
    whole = ask(model, SUM, temperature=1.0, max_output_tokens=30)
    cut = ask(model, SUM, temperature=1.0, max_output_tokens=10)
    assert cut.finish == "length"
    assert cut.usage is not None
    assert cut.usage.output == 10
    assert whole.text.startswith(cut.text)
    stop = whole.text[8:10]
    stopped = ask(model, SUM, temperature=1.0, max_output_tokens=30, stop=(stop, "never"))
    assert stopped.finish == "stop"
    assert stopped.text == whole.text[: whole.text.index(stop)]


ABILITIES: tuple[Ability, ...] = ("json_schema", "json_object", "prompt")
SCORE = {"type": "object", "properties": {"verdict": {"enum": [1, 5]}, "why": {"type": "string", "maxLength": 20}}}


@pytest.mark.slow
@pytest.mark.parametrize("ability", ABILITIES)
@pytest.mark.parametrize(
    ("prompt", "schema"),
    [
        (CLASSIFY, LABELS),
        (CLASSIFY, {"type": "object", "properties": {"category": {"enum": ["refund", "delivery"]}}, "required": ["category"]}),
        (JUDGE, {**SCORE, "properties": {"reason": {"type": "string", "maxLength": 9}, "verdict": {"enum": [1, 5]}}}),
    ],
)
def test_an_answer_fits_its_schema_however_it_was_asked_for(
    model: Tiny, ability: Ability, prompt: str, schema: dict[str, Any]
) -> None:
    request = Request(chat(prompt), seed=1, schema=schema)
    for seed in range(5):
        asked = shape(Request(request.messages, seed=seed, schema=schema), ability)
        reply = asyncio.run(model.complete(asked))
        assert reply.finish == "stop"
        assert read(schema, reply.text) == json.loads(reply.text)


def test_keys_of_a_schema_come_in_the_order_that_the_network_knows(model: Tiny) -> None:
    schema = {"type": "object", "properties": {"label": {"const": "refund"}, "text": {"type": "string", "maxLength": 9}}}
    reply = ask(model, ROW, schema={**schema, "required": ["text", "label"]})
    assert list(json.loads(reply.text)) == ["text", "label"]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array", "items": {"type": "string"}}, "`type: object`"),
        (
            {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]},
            "key 'b'",
        ),
        ({"type": "object", "properties": {"label": {"type": "string", "pattern": "^r"}}, "required": ["label"]}, "`pattern`"),
    ],
)
def test_a_schema_that_it_cannot_fill_is_rejected_by_name(model: Tiny, schema: dict[str, Any], why: str) -> None:
    with pytest.raises(Rejected, match=why):
        ask(model, CLASSIFY, schema=schema)


async def test_a_probe_says_what_it_is(model: Tiny) -> None:
    report = await probe(model, ModelBlock(id="m", provider="tiny"))
    assert report.ok
    assert report.ability == "json_schema"
    assert "embedded model of" in report.diagnosis
    assert "knows only its small world" in report.diagnosis


PROGRAM = """
import sys
from loopwright.llm.http import Http
from loopwright.llm.providers import Context, build
from loopwright.spec.blocks import ModelBlock
before = set(sys.modules)
build(ModelBlock(id="m", provider="tiny"), Context(Http()))
print("numpy" in sys.modules, "loopwright.llm.providers.tiny" in sys.modules, "torch" in sys.modules)
"""


def test_a_spec_with_it_loads_neither_numpy_nor_weights_until_it_is_asked() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


def test_candidates_come_with_the_probability_that_they_had() -> None:
    shipped = Tiny(ModelBlock(id="m", provider="tiny"), Context(Http()))
    told = {"description": "", "facts": facts({"label": "refund"}), "keys": '"text"', "most": "0.1"}
    prompt = render("write_verbalized", count="6", **told)
    rows = json.loads(ask(shipped, prompt).text)["rows"]
    assert rows == json.loads(ask(shipped, prompt).text)["rows"]
    assert len({row["text"] for row in rows}) == 6
    one = ask(shipped, render("write_verbalized", count="1", **told), logprobs=True)
    (row,) = json.loads(one.text)["rows"]
    said = math.exp(sum(token.logprob for token in one.logprobs or ()))
    assert 0.5 * said < row["probability"] <= said * 1.001  # to have ended there is a part of it
    assert "at most 32 candidates" in (ask(shipped, render("write_verbalized", count="33", **told)).refusal or "")
