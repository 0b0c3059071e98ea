"""Outcomes survive the way through bytes."""

from __future__ import annotations

import traceback

from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import CALL_ERRORS, BadReply, CallError, Overloaded
from loopwright.llm.messages import Reply, TokenLogprob, Usage
from loopwright.llm.outcome import dump, load, unraised

TEXT = st.text()
COUNT = st.integers(0, 10**9)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
REPLIES = st.builds(
    Reply,
    text=TEXT,
    model=TEXT,
    finish=st.sampled_from(["stop", "length", "refusal", "other"]),
    refusal=st.none() | TEXT,
    usage=st.none() | st.builds(Usage, COUNT, COUNT, COUNT, COUNT),
    logprobs=st.none() | st.lists(st.builds(TokenLogprob, TEXT, NUMBER), max_size=3).map(tuple),
    data=JSON,
    latency_s=NUMBER,
    attempts=COUNT,
    cached=st.booleans(),
    nano_usd=st.none() | COUNT,
    by=st.none() | TEXT,
)


@given(REPLIES)
def test_a_reply_comes_back_equal(reply: Reply) -> None:
    assert load(dump(reply)) == reply


@given(st.sampled_from(sorted(CALL_ERRORS)), TEXT, st.booleans(), st.none() | NUMBER)
def test_an_error_comes_back_of_its_class(name: str, message: str, charged: bool, retry_after: float | None) -> None:
    error = load(dump(CALL_ERRORS[name](message, charged=charged, retry_after=retry_after)))
    assert isinstance(error, CallError)
    assert type(error) is CALL_ERRORS[name]
    assert (str(error), error.charged, error.retry_after) == (message, charged, retry_after)


def test_a_foreign_class_comes_back_as_the_nearest_known() -> None:
    class TooManyCooks(Overloaded):
        pass

    class Odd(CallError):
        pass

    assert type(load(dump(TooManyCooks("busy")))) is Overloaded
    assert type(load(dump(Odd("?")))) is BadReply
    assert str(load(dump(BadReply("half \ud800")))) == "half ?"


def test_what_a_useless_answer_has_cost_is_kept_with_its_error() -> None:
    error = BadReply("?")
    error.spent = {"input_tokens": 3, "nano_usd": 5}
    assert load(dump(error)).spent == unraised(error).spent == {"input_tokens": 3, "nano_usd": 5}


def test_a_kept_error_lets_go_of_the_frames_it_came_through() -> None:
    try:
        raise Overloaded("busy", retry_after=3.0)
    except Overloaded as error:
        kept = unraised(error)
    assert traceback.extract_tb(kept.__traceback__) == []
    assert (type(kept), str(kept), kept.retry_after) == (Overloaded, "busy", 3.0)
