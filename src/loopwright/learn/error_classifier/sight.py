"""How a classifier looks at answers: its features, and what decides which of its parts is asked."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Protocol, TypeAlias

from loopwright.errors import UsageError
from loopwright.learn.error_classifier.features import Features, of_agreement, of_answer
from loopwright.learn.error_classifier.protocol import Given
from loopwright.records import Json
from loopwright.text.named import embedder

Part: TypeAlias = Literal["first", "same", "changed"]

_WORDS, _PLACES = "word: ", "place "
AS_THEY_ARE = (_WORDS, _PLACES)
"""How the names of features begin that have a scale of their own."""

_WORD = re.compile(r"\w+")


class Sight(Protocol):
    """Numbers with names, from a question and the answers so far."""

    def see(self, question: str, answers: Sequence[Given]) -> Features: ...

    def plain(self) -> dict[str, Json]: ...


def part_of(answers: Sequence[Given]) -> Part:
    if len(answers) == 1:
        return "first"
    return "same" if answers[-1].answer == answers[-2].answer else "changed"


@dataclass(frozen=True, slots=True)
class Built:
    """How answers are built, how sure the model was of them, and how far they agree."""

    def see(self, question: str, answers: Sequence[Given]) -> Features:
        found = of_answer(question, answers[-1])
        if len(answers) > 1:
            found |= of_agreement(answers)
        if part_of(answers) == "changed":
            before = of_answer(question, answers[-2]) | of_agreement([answers[-1], *answers[:-1]])
            found |= {f"before: {name}": value for name, value in before.items()}
        return found

    def plain(self) -> dict[str, Json]:
        return {"kind": "features"}


@dataclass(frozen=True, slots=True)
class Worded:
    """The same, and the words and pairs of words of question and answer, by how rare they are."""

    rarity: Mapping[str, float]

    def see(self, question: str, answers: Sequence[Given]) -> Features:
        counts = Counter(term for term in terms(f"{question}\n{answers[-1].text}") if term in self.rarity)
        worth = {term: count * self.rarity[term] for term, count in counts.items()}
        length = math.sqrt(math.fsum(value * value for value in worth.values())) or 1.0
        return Built().see(question, answers) | {f"{_WORDS}{term}": value / length for term, value in worth.items()}

    def plain(self) -> dict[str, Json]:
        return {"kind": "tfidf", "rarity": dict(self.rarity)}


@dataclass(frozen=True, slots=True)
class Embedded:
    """The same, and where question and answer stand among texts, by an embedder: `lexical`, or a folder of a sentence model."""

    embedder: str

    def see(self, question: str, answers: Sequence[Given]) -> Features:
        (row,) = embedder(self.embedder).embed([f"{question}\n{answers[-1].text}"])
        return Built().see(question, answers) | {f"{_PLACES}{number}": float(value) for number, value in enumerate(row)}

    def plain(self) -> dict[str, Json]:
        return {"kind": "embeddings", "embedder": self.embedder}


def terms(text: str) -> list[str]:
    """Words and pairs of them. Numbers are one word: which it is tells nothing."""
    words = ["#" if word[0].isdigit() else word for word in _WORD.findall(text.lower())]
    return [*words, *map(" ".join, pairwise(words))]


def sight_of(given: Any, where: str) -> Sight:
    kind = given.get("kind") if isinstance(given, dict) else None
    if kind == "features":
        return Built()
    if kind == "embeddings" and isinstance(given.get("embedder"), str):
        return Embedded(given["embedder"])
    if kind == "tfidf" and isinstance(given.get("rarity"), dict):
        return Worded({str(term): float(value) for term, value in given["rarity"].items()})
    raise UsageError(f"{where} looks at answers in a way that is not known: {kind!r}")
