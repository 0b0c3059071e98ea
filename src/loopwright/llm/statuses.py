"""What an HTTP answer other than success means: one of our errors, with the server's own words in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import orjson

from loopwright.errors import (
    ContextTooLong,
    EndpointMissing,
    KeyRejected,
    LoopwrightError,
    Overloaded,
    QuotaExhausted,
    Rejected,
    Unavailable,
    Unsupported,
)
from loopwright.llm.quoting import quote

LONGEST_WAIT = 3600.0

_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_QUOTA = re.compile(r"credit balance is too low|insufficient (balance|credits)", re.I)
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|(prompt|input) is too long"
    r"|context (window|size|length).{0,40}exceed|exceeds?.{0,40}context (window|size|length)",
    re.I,
)
_UNSUPPORTED = re.compile(
    r"response_format|json_schema|json_object|output_config|output_format|max_completion_tokens"
    r"|(unsupported|unknown|unrecognized|unexpected|invalid).{0,20}(parameter|argument|field|keyword|key\b)"
    r"|unsupported_(value|parameter)|not supported|does not support|extra (inputs|fields)",
    re.I,
)
_SURELY_UNBILLED = frozenset(range(400, 600)) - {408, 504, 524}
"""A gateway that gave up waiting says nothing about the model behind it, which may have answered and billed."""


class Refusal(NamedTuple):
    """An answer whose status is not success. `place` names the server, `secrets` are never repeated."""

    place: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    secrets: tuple[str, ...] = ()


class _Said(NamedTuple):
    text: str
    codes: frozenset[str]


def error_of(refusal: Refusal, now: float) -> LoopwrightError:
    """The error that a refusal amounts to. `now` is the wall clock that a date in `Retry-After` is measured against."""
    said = _said(refusal.body)
    quoted = quote(said.text, refusal.secrets)
    status, place = refusal.status, refusal.place
    what = f"{place} answered {status}" + (f": {quoted}" if quoted else "")
    if status == 402 or said.codes & _QUOTA_CODES or _QUOTA.search(said.text):
        return QuotaExhausted(f"{what}; the account has no quota left: buy some or wait, then resume")
    if status in (401, 403):
        return KeyRejected(f"{what}; check the key in the variable that `api_key_env` names")
    if status in (404, 405, 410):
        return EndpointMissing(f"{what}; check `base_url` and `model`")
    if status in (429, 503, 529):
        return Overloaded(what, retry_after=retry_after(refusal.headers, now))
    if status in (408, 409, 425) or status >= 500:
        unsure = status not in _SURELY_UNBILLED
        return Unavailable(what, charged=unsure, retry_after=retry_after(refusal.headers, now))
    return _rejected(status, said, what)


def _rejected(status: int, said: _Said, what: str) -> Rejected:
    spoken = " ".join((said.text, *said.codes))
    if status == 413 or _CONTEXT.search(spoken):
        return ContextTooLong(what)
    if _UNSUPPORTED.search(spoken):
        return Unsupported(what)
    return Rejected(what)


def moved(place: str, status: int, host: str | None) -> EndpointMissing:
    """A redirect, which is never followed: the key would go along."""
    where = f" to {quote(host, limit=100)}" if host else ""
    return EndpointMissing(f"{place} answered {status} and points{where}; redirects are not followed: mend `base_url`")


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that the server asks us to wait: finite, 0 to an hour; None when it does not say or talks nonsense."""
    said = {name.lower(): value for name, value in headers.items()}
    in_ms = _seconds(said.get("retry-after-ms"))
    if in_ms is not None:
        return min(in_ms / 1000, LONGEST_WAIT)
    given = said.get("retry-after")
    wait = _seconds(given)
    if wait is None and given is not None:
        wait = _until(given, now)
    return None if wait is None else min(wait, LONGEST_WAIT)


def _seconds(given: str | None) -> float | None:
    try:
        seconds = float(given or "")
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _until(given: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _said(body: bytes) -> _Said:
    """What an error body says, in whichever of the usual shapes it says it."""
    try:
        document: Any = orjson.loads(body)
    except ValueError:
        return _Said(body.decode("utf-8", "replace"), frozenset())
    error = document.get("error", document) if isinstance(document, dict) else document
    if not isinstance(error, dict):
        return _Said(_text(error), frozenset())
    codes = frozenset(code for code in (error.get("code"), error.get("type")) if isinstance(code, str))
    message = error.get("message") or error.get("detail") or error
    param = error.get("param")
    return _Said(_text(message) + (f" (parameter {param})" if isinstance(param, str) else ""), codes)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
