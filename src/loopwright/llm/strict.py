"""Reading what a model server sent: strict JSON, and only the types that were promised. Anything else is a `BadReply`."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import orjson

from loopwright.errors import BadReply
from loopwright.llm.messages import Usage
from loopwright.llm.quoting import quote

_MOST_TOKENS = 2**40


def bad(what: str) -> NoReturn:
    """The reply cannot be used, though it may well be billed."""
    raise BadReply(what, charged=True)


def document(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; orjson refuses NaN, infinities, numbers too large, lone surrogates and bad UTF-8."""
    try:
        loaded = orjson.loads(body)
    except ValueError:
        bad(f"the server's reply is not JSON: {quote(body[:200].decode('utf-8', 'replace'), limit=100)!r}")
    if type(loaded) is not dict:
        bad(f"the server's reply is a JSON {type(loaded).__name__}, not an object")
    return loaded


def mapping(value: Any, what: str) -> dict[str, Any]:
    return value if type(value) is dict else bad(f"the server's reply has no usable `{what}`")


def first(value: Any, what: str) -> dict[str, Any]:
    """The first of a list that must not be empty."""
    if type(value) is not list or not value:
        bad(f"the server's reply has no `{what}`")
    return mapping(value[0], what)


def text(value: Any, what: str) -> str | None:
    return value if value is None or type(value) is str else bad(f"`{what}` of the server's reply is not text")


def count(value: Any, what: str) -> int:
    """A number of tokens; nothing is 0."""
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= _MOST_TOKENS:
        bad(f"`{what}` of the server's reply is not a number of tokens")
    return value


def logarithm(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        bad("a log-probability of the server's reply is not a number")
    return float(value)


def usage(given: Any, tokens_in: str, tokens_out: str) -> Usage | None:
    """The two totals of a usage block; None when the server does not give both."""
    if given is None:
        return None
    block = mapping(given, "usage")
    if block.get(tokens_in) is None or block.get(tokens_out) is None:
        return None
    return Usage(count(block[tokens_in], tokens_in), count(block[tokens_out], tokens_out))
