"""Words and sentences as a reader counts them. Rules of thumb for texts in many scripts, all linear in the text."""

from __future__ import annotations

import re

# Scripts that put no spaces between words: each character counts as a word, as word processors count them.
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}][^\s—–…/{_UNSPACED}]*+")

_CLOSERS = re.escape("\"'’”»)]}*_")
_END = re.compile(rf"(?P<mark>[.!?…]++)[{_CLOSERS}]*+(?=\s|\Z)|[。！？｡]+[」』”’）]*|\n[ \t\r]*\n")
_LAST_WORD = re.compile(r"(?P<line>^[ \t]*)?(?P<word>[^\s(\[{\"'“‘«—–]+)\Z", re.M)
_NEXT = re.compile(r"[\s\"'“‘«(\[¿¡*_-]*+(?P<word>\w+)")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_REACH = 24


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NEVER_LAST = _set(
    "mr mrs ms mx dr prof rev hon gen capt lt sgt messrs vs cf approx e.g i.e z.b d.h u.a bzw vgl ggf evtl p.ex sra mme mlle "
    "dipl ing st"
)
_BEFORE_NUMBERS = _set("no nos nr fig figs p pp art sec ch vol eq ca")
_STARTERS = _set(
    "the a an it he she we they i you this that these those there here then but and so in on at if when my our his her their "
    "der die das es er sie wir ich le la les il elle nous je el los ella yo"
)


def counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def count_words(text: str) -> int:
    return sum(1 for _ in _WORD.finditer(text))


def count_sentences(text: str) -> int:
    """A stretch without a letter or digit is no sentence; what follows the last full stop is one."""
    count = 0
    start = 0
    for end in _END.finditer(text):
        if end["mark"] and not _ends(text, end):
            continue
        count += _WORD.search(text, start, end.start()) is not None
        start = end.end()
    return count + (_WORD.search(text, start) is not None)


def _ends(text: str, end: re.Match[str]) -> bool:
    """Whether a sentence ends there, or goes on after an ellipsis, a quoted question, an abbreviation or an initial."""
    following = _NEXT.match(text, end.end())
    if following is None:
        return True
    small = following["word"][0].islower()
    if end["mark"] != ".":
        quoted = end.group() != end["mark"]
        return not (small and (quoted or end["mark"][0] in ".…"))
    if small:
        return False
    at = end.start()
    found = _LAST_WORD.search(text, max(0, at - _REACH), at)
    return found is None or not _abbreviated(found, following["word"].casefold())


def _abbreviated(found: re.Match[str], following: str) -> bool:
    word = found["word"].casefold()
    if word in _NEVER_LAST:
        return True
    if following[0].isdigit() and word in _BEFORE_NUMBERS:
        return True
    if word.isdigit():
        return len(word) <= 2 and found["line"] is not None  # a numbered point
    return word != "i" and _INITIALS.fullmatch(word) is not None and following not in _STARTERS
