"""Texts of a form that programs read: addresses, JSON, numbers, dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, ClassVar, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import orjson
from pydantic import Field

from loopwright.llm.quoting import quote
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, ruled

FormatName: TypeAlias = Literal["email", "url", "json", "number", "integer", "date", "time", "datetime", "uuid"]

_LABEL = r"[^\W_](?:[^\W_]|-(?!\.|\Z)){0,62}"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}})")
_LOCAL = re.compile(r"[^\s\x00-\x20\"(),.:;<>@\[\\\]\x7f]+(?:\.[^\s\x00-\x20\"(),.:;<>@\[\\\]\x7f]+)*")
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_BLANK = re.compile(r"[\s\x00-\x20\x7f<>\"{}|\\^`]")
_DIGITS = "[0-9]"
_NUMBER = re.compile(
    rf"[+\-−]?(?:{_DIGITS}{{1,3}}(?P<by>[,.'’ \u00a0\u202f\u2009]){_DIGITS}{{3}}(?:(?P=by){_DIGITS}{{3}})*|{_DIGITS}+|(?=[.,]))"
    rf"(?P<fraction>[.,]{_DIGITS}+)?(?P<power>[eE][+-]?{_DIGITS}+)?"
)
_DATE = re.compile(rf"{_DIGITS}{{4}}-{_DIGITS}{{2}}-{_DIGITS}{{2}}")
_TIME = re.compile(
    rf"{_DIGITS}{{2}}:{_DIGITS}{{2}}(?::{_DIGITS}{{2}}(?:\.{_DIGITS}{{1,6}})?)?(?:Z|[+-]{_DIGITS}{{2}}:{_DIGITS}{{2}})?"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ALIKE = frozenset(("json", "number", "integer"))
"""A text may be of several of these forms; of the others, none is of any second one."""
_LONGEST = {"json": None, "url": 8_192}
_LONG = 1_000


class Format(Parameters):
    """The whole text, without the spaces around it, is of that form."""

    cost: ClassVar[int] = 20
    graded: ClassVar[bool] = False

    name: Annotated[FormatName, Field(description=" | ".join(get_args(FormatName)))]
    field: TextField = None

    def fitted(self, given: Given) -> Format:
        return self

    def judge(self, row: Row) -> Ruling:
        return ruled(row, self.field, self.rule)

    def rule(self, text: str) -> Ruling:
        stripped = text.strip()
        if not stripped:
            return Ruling(False, reason=f"empty, not {_CALLED[self.name]}")
        longest = _LONGEST.get(self.name, _LONG)
        wrong = _too_long(stripped, longest) if longest and len(stripped) > longest else _CHECKS[self.name](stripped)
        if wrong is None:
            return Ruling(True)
        return Ruling(False, reason=f"{quote(stripped, limit=60)!r} is not {_CALLED[self.name]}{wrong and ': ' + wrong}")

    def against(self, other: object) -> str | None:
        if not isinstance(other, Format) or self.name == other.name or {self.name, other.name} <= _ALIKE:
            return None
        return f"no text is {_CALLED[self.name]} and {_CALLED[other.name]}"


def _too_long(text: str, longest: int) -> str:
    return f"it has {len(text)} characters, at most {longest}"


def _email(text: str) -> str | None:
    local, at, domain = text.rpartition("@")
    if not at:
        return "it has no @"
    if len(text) > 254 or len(local) > 64:
        return "it is too long"
    if not _LOCAL.fullmatch(local):
        return f"{quote(local, limit=40)!r} cannot stand before the @"
    return None if _DOMAIN.fullmatch(domain) else f"{quote(domain, limit=40)!r} is no domain"


def _url(text: str) -> str | None:
    if _BLANK.search(text):
        return "it holds a character that no URL has"
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return "its host or port cannot be read"
    if parts.scheme not in ("http", "https", "ftp"):
        return "it does not begin with http:// or https://"
    host = parts.hostname or ""
    if not port_fits or not (_HOST.fullmatch(host) or ":" in host):
        return "it has no host"
    return None


def _json(text: str) -> str | None:
    try:
        orjson.loads(text)
    except ValueError as error:
        return "it stands in a code fence" if text.startswith("```") else quote(str(error), limit=80)
    return None


def _number(text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return ""
    same = found["by"] and found["fraction"] and found["by"] == found["fraction"][0]
    return "the same sign groups its digits and begins its fraction" if same else None


def _integer(text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    return None if found and not found["fraction"] and not found["power"] else ""


def _date(text: str) -> str | None:
    return _read(date.fromisoformat, text) if _DATE.fullmatch(text) else "it is not written as 2025-01-31"


def _time(text: str) -> str | None:
    return _read(time.fromisoformat, text) if _TIME.fullmatch(text) else "it is not written as 23:59:59"


def _datetime(text: str) -> str | None:
    day, between, hour = text[:10], text[10:11], text[11:]
    if not (_DATE.fullmatch(day) and between in ("T", " ") and _TIME.fullmatch(hour)):
        return "it is not written as 2025-01-31T23:59:59Z"
    return _read(datetime.fromisoformat, text)


def _uuid(text: str) -> str | None:
    return None if _UUID.fullmatch(text) else ""


def _read(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return None


_CHECKS: dict[FormatName, Callable[[str], str | None]] = {
    "email": _email,
    "url": _url,
    "json": _json,
    "number": _number,
    "integer": _integer,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "uuid": _uuid,
}
"""None where a text is of that form, otherwise what is wrong with it, as far as that can be said."""

_CALLED: dict[FormatName, str] = {
    "email": "an e-mail address",
    "url": "a URL",
    "json": "JSON",
    "number": "a number",
    "integer": "a whole number",
    "date": "a date",
    "time": "a time of day",
    "datetime": "a date with a time",
    "uuid": "a UUID",
}
