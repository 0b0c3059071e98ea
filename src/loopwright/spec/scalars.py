"""What an unquoted word means in YAML 1.2, and how a value is written so that it is read back as itself."""

from __future__ import annotations

import json
import math
import re
from typing import TypeAlias

from loopwright.errors import Problem, SpecError

Scalar: TypeAlias = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_OLD_BOOLEAN = re.compile(r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF")
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INT_LIMIT = 2**63

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*( [A-Za-z0-9_.,/()-]+)*")
_FRAGILE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar, by the YAML 1.2 core schema: `010` is ten, `1:30` and `0b1` are text.

    Raises a SpecError without a place for what other YAML readers would take for something else.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _OLD_BOOLEAN.fullmatch(text):
        raise _refused(f"{text} is a boolean to some YAML readers and text to others", "true or false, or quotes around it")
    if _NOT_FINITE.fullmatch(text):
        raise _refused("is not a finite number", "a finite number")
    for form, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEX, 16)):
        if form.fullmatch(text):
            return _whole(text, base)
    if _FLOAT.fullmatch(text):
        return _finite(float(text))
    return text


def _whole(text: str, base: int) -> int:
    number = int(text, base) if len(text) <= 70 else _INT_LIMIT
    if not -_INT_LIMIT <= number < _INT_LIMIT:
        raise _refused("is too large a number", "a whole number of at most 64 bits")
    return number


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise _refused("is too large a number", "a number below 1.8e308")
    return number


def _refused(message: str, expected: str) -> SpecError:
    return SpecError([Problem("", message, expected)])


def written(value: Scalar) -> str:
    """The value as YAML: without quotes where every reader agrees what it is, else in double quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and _reads_as_itself(value):
        return value
    return _FRAGILE.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _reads_as_itself(text: str) -> bool:
    try:
        return plain(text) == text
    except SpecError:
        return False


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
