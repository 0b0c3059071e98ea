"""A text as its words, as what is left when spelling does not matter, and as a fingerprint of that."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

FINGERPRINT = 16

_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u0900-\u0963\u0971-\u0df3\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
    "\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)
_LETTERS = rf"(?:(?![{_ALONE}])[^\W_]|[{_MARKS}])+"
_WORD = re.compile(rf"[{_ALONE}]|{_LETTERS}(?:['’]{_LETTERS})*")


def fold(text: str) -> str:
    """The text without what seldom makes a difference: compatibility forms (NFKC), case, the width of gaps."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFD", plain).casefold()).split())


def words(text: str) -> list[str]:
    """The words, folded. In Chinese and Japanese every character counts as one; punctuation is none."""
    return _WORD.findall(fold(text))


def fingerprint(text: str) -> bytes:
    """So many bytes as `FINGERPRINT` says, equal for texts that are equal when folded."""
    return blake2b(fold(text).encode("utf-8", "surrogatepass"), digest_size=FINGERPRINT).digest()
