"""Which language a text is in, told from its script, its small words and its letters; or honestly None.

A profile of a few dozen words per language: right for sentences, silent for names, single words and languages it does not know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import orjson

NAMES: Mapping[str, str] = {
    "ar": "Arabic", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip

_SCRIPTS = re.compile(
    "(?P<latin>[a-zA-Z\u00c0-\u024f])|(?P<cyrillic>[\u0400-\u04ff])|(?P<el>[\u0370-\u03ff])|(?P<he>[\u0590-\u05ff])|"
    "(?P<ar>[\u0600-\u06ff])|(?P<hi>[\u0900-\u097f])|(?P<th>[\u0e00-\u0e7f])|(?P<ko>[\uac00-\ud7af\u1100-\u11ff])|"
    "(?P<kana>[\u3040-\u30ff])|(?P<han>[\u4e00-\u9fff])"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LOOKED_AT = 20_000
_WEIGHT = {"han": 2, "kana": 2}
_PERSIAN = re.compile("[پچژگکی]")
_UKRAINIAN, _RUSSIAN = re.compile("[іїєґІЇЄҐ]"), re.compile("[ыэъёЫЭЪЁ]")


class _Profiles(NamedTuple):
    """What speaks for which languages."""

    words: Mapping[str, tuple[str, ...]]
    letters: Mapping[str, tuple[str, ...]]


@cache
def _profiles() -> _Profiles:
    data = orjson.loads(files(__package__).joinpath("languages.json").read_bytes())
    words = {name: " ".join(lines).split() for name, lines in data["words"].items()}
    return _Profiles(_turned(words), _turned(data["letters"]))


def _turned(marks_of: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, marks in marks_of.items():
        for mark in dict.fromkeys(marks):
            found.setdefault(mark, []).append(name)
    return {mark: tuple(names) for mark, names in found.items()}


class Told(NamedTuple):
    language: str
    share: float
    """Of all that spoke for some language, how much spoke for this one."""


def language(text: str) -> Told | None:
    """None where too little speaks for any language, or too much for two."""
    looked_at = text[:_LOOKED_AT]
    if looked_at.isascii():
        return _latin(looked_at)
    scripts: Counter[str] = Counter()
    for letter in _SCRIPTS.finditer(looked_at):
        script = letter.lastgroup or ""
        scripts[script] += _WEIGHT.get(script, 1)
    if not scripts:
        return None
    if scripts["kana"] and scripts["han"]:
        scripts["kana"] += scripts.pop("han")
    script, letters = scripts.most_common(1)[0]
    share = letters / scripts.total()
    if share < 0.6:
        return None
    return _latin(looked_at) if script == "latin" else _other(script, looked_at, share)


def _other(script: str, text: str, share: float) -> Told | None:
    if script == "cyrillic":
        return _cyrillic(text, share)
    if script == "ar" and _PERSIAN.search(text):
        return None
    return Told({"kana": "ja", "han": "zh"}.get(script, script), share)


def _cyrillic(text: str, share: float) -> Told | None:
    """Told apart by the letters that only one of them has; other Slavic languages have neither, and mostly end here, too."""
    ukrainian, russian = len(_UKRAINIAN.findall(text)), len(_RUSSIAN.findall(text))
    if ukrainian == russian:
        return None
    return Told("uk" if ukrainian > russian else "ru", share)


def _latin(text: str) -> Told | None:
    profiles = _profiles()
    speaks: Counter[str] = Counter()
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    for word in words:
        owners = profiles.words.get(word, ())
        for owner in owners:
            speaks[owner] += 12 // len(owners)
    for letter in "" if text.isascii() else text.casefold():
        owners = profiles.letters.get(letter, ())
        for owner in owners:
            speaks[owner] += 6 // len(owners)
    if not speaks:
        return None
    (best, most), (_, second) = (*speaks.most_common(2), ("", 0))[:2]
    if most < max(12, 12 * len(words) * 0.08) or most < 1.4 * second:
        return None
    return Told(best, most / speaks.total())
