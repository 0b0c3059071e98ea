"""A classifier that was fitted to labelled answers, and the JSON file that holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias, cast

import orjson

from loopwright.errors import StoreTooNew, UsageError
from loopwright.learn.error_classifier.kinds import EMBEDDED, RULE
from loopwright.learn.error_classifier.multitask import Network, parse_network
from loopwright.learn.error_classifier.protocol import SURE, ErrorClassifier, ErrorMode, Given, Predicted
from loopwright.learn.error_classifier.rule import Rule
from loopwright.learn.error_classifier.sight import Sight, part_of, sight_of
from loopwright.learn.error_classifier.softmax import Softmax, parse
from loopwright.records import Json

KEY, VERSION = "loopwright_error_classifier", 1
PARTS = ("first", "same", "changed")
"""A softmax each: of first answers, of those that stayed the same, and of those that changed."""
_AFTER_RIGHT = ("right", "corrected", "perfectionism")
"""The classes in which the last answer is right."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """`about` says what it was fitted to; nothing depends on it."""

    sight: Sight
    parts: Mapping[str, Softmax]
    about: Mapping[str, Json] = field(default_factory=dict)

    def predict(self, question: str, answers: Sequence[Given]) -> Predicted:
        part = part_of(answers)
        chances = self.parts[part].chances(self.sight.see(question, answers))
        confidence = sum(chance for name, chance in chances.items() if name in _AFTER_RIGHT)
        if part == "changed":
            return Predicted(cast(ErrorMode, max(chances, key=chances.__getitem__)), confidence)
        return Predicted("unchanged_correct" if confidence >= SURE else "anchored", confidence)

    def plain(self) -> dict[str, Json]:
        """What stands in the file, beside its version."""
        parts: dict[str, Json] = {name: self.parts[name].plain() for name in PARTS}
        return {"about": dict(self.about), "sight": self.sight.plain(), **parts}


Learned: TypeAlias = Fitted | Network


def plain(fitted: Learned) -> dict[str, Json]:
    """What stands in the file."""
    return {KEY: VERSION, **fitted.plain()}


def write(path: Path, fitted: Learned) -> None:
    try:
        path.write_bytes(orjson.dumps(plain(fitted), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def read(path: Path) -> Learned:
    """The classifier in a file, whatever its name ends with; a pickle is refused with the reason."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: the classifier cannot be read: {error.strerror}") from None
    if data[:1] == b"\x80" or data[:4] == b"PK\x03\x04":
        raise UsageError(f"{path} is a pickle, which can run code when it is read; a classifier is JSON: fit it anew")
    try:
        return parse_classifier(orjson.loads(data), str(path))
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{path} is no classifier: it is not JSON ({error})") from None


def named(name: str, base: Path) -> ErrorClassifier:
    """`embedded`, `rule`, or what is in a file."""
    return embedded() if name == EMBEDDED else Rule() if name == RULE else read((base / name).resolve())


def parse_classifier(given: Any, where: str) -> Learned:
    """From what `plain` gave."""
    if not isinstance(given, dict) or not isinstance(given.get(KEY), int):
        raise UsageError(f"{where} is no classifier: it lacks {KEY!r}")
    if given[KEY] > VERSION:
        raise StoreTooNew(f"{where} was written by a newer version of Loopwright")
    if "network" in given:
        return parse_network(given["network"], given.get("about") or {}, where)
    parts = {name: parse(given.get(name), f"{where}: {name!r}") for name in PARTS}
    return Fitted(sight_of(given.get("sight"), where), parts, given.get("about") or {})


@cache
def embedded() -> Learned:
    """The one that comes with the package: see its `about`."""
    data = (files("loopwright.learn.error_classifier") / "embedded.json").read_bytes()
    return parse_classifier(orjson.loads(data), "the embedded classifier")
