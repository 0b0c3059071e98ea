"""Answers of which it is known whether they are right, from traces or CSV: what classifiers are fitted to and judged by."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson

from loopwright.errors import UsageError
from loopwright.learn.error_classifier.protocol import ErrorMode, Given, mode

COLUMNS = ("question_id", "question", "turn", "answer", "said", "right", "prompt_id", "logprob_mean", "logprob_least")
_NEEDED = ("question_id", "question", "turn", "answer", "right")
_YES, _NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})


Said: TypeAlias = Callable[[str], str | None]
"""What a text answers, in a form in which equal answers are equal texts."""


_Line: TypeAlias = tuple[int, dict[str, str]]
"""A row of a sheet, with the number of the line that it ends with."""


class Labelled(NamedTuple):
    """One question, its answers in their order, and which of them were right. What has the same id is the same question, asked
    once more: none of it is judged by what was fitted to the rest."""

    id: str
    question: str
    answers: tuple[Given, ...]
    right: tuple[bool, ...]


class Step(NamedTuple):
    """A Labelled up to one of its answers: what a classifier is asked, and what came of it."""

    id: str
    question: str
    answers: tuple[Given, ...]
    right: bool
    mode: ErrorMode


def questions(rows: Iterable[Labelled]) -> int:
    """How many there are, however often each was asked."""
    return len({row.id for row in rows})


def summed_up(mean: float, least: float) -> tuple[float, float]:
    """Two log-probabilities that have this mean, and the lower of which is the least: of many, no more is kept."""
    return least, 2.0 * mean - least


def steps(rows: Sequence[Labelled]) -> Iterator[Step]:
    for row in rows:
        for at in range(len(row.answers)):
            before = row.right[max(0, at - 1)]
            same = at == 0 or row.answers[at].answer == row.answers[at - 1].answer
            yield Step(row.id, row.question, row.answers[: at + 1], row.right[at], mode(before, row.right[at], same))


def read(path: Path, said: Said) -> list[Labelled]:
    """Traces of correction runs (JSONL), or CSV with these columns; those without a reference answer are left out. `said` reads
    what a text answers, where that does not stand beside it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # with the ends of lines that answers have
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is neither traces nor CSV: it is not UTF-8 text") from None
    return list(_from_csv(text, path, said) if path.suffix.lower() == ".csv" else _from_traces(text, path, said))


def write(path: Path, rows: Sequence[Labelled]) -> None:
    """As CSV, which may be mended by hand and read again."""
    try:
        with path.open("w", encoding="utf-8", newline="") as out:
            sheet = csv.writer(out)
            sheet.writerow((*COLUMNS, "error_mode"))
            for step in steps(rows):
                last = step.answers[-1]
                surety = ("", "") if not last.logprobs else (sum(last.logprobs) / len(last.logprobs), min(last.logprobs))
                place = len(step.answers) - 1
                said = "" if last.answer is None else last.answer
                row = (step.id, step.question, place, last.text, said, int(step.right), last.prompt or "", *surety)
                sheet.writerow((*row, step.mode))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _from_csv(text: str, path: Path, said: Said) -> Iterator[Labelled]:
    sheet = csv.DictReader(StringIO(text, newline=""), restval="")
    lacking = [name for name in _NEEDED if name not in (sheet.fieldnames or ())]
    if lacking:
        raise UsageError(f"{path} has no column {', '.join(lacking)}; the columns are {', '.join(COLUMNS)}")
    numbered = ((sheet.line_num, line) for line in sheet)
    for id, lines in groupby(numbered, key=lambda each: each[1]["question_id"]):
        for talk in _talks(lines, path):
            rows = [talk[turn] for turn in sorted(talk)]
            answers = tuple(_given(line, said, path, number) for number, line in rows)
            right = tuple(_right(line["right"], path, number) for number, line in rows)
            yield Labelled(id, rows[0][1]["question"], answers, right)


def _talks(lines: Iterable[_Line], path: Path) -> Iterator[dict[int, _Line]]:
    """The lines of one question by turn: where a turn comes again, the question was asked anew."""
    talk: dict[int, _Line] = {}
    for number, line in lines:
        turn = _turn(line["turn"], path, number)
        if turn in talk:
            yield talk
            talk = {}
        talk[turn] = number, line
    yield talk


def _given(line: dict[str, str], said: Said, path: Path, number: int) -> Given:
    comes_to = (line["said"] or None) if "said" in line else said(line["answer"])
    mean, least = (line.get(name) or "" for name in ("logprob_mean", "logprob_least"))
    try:
        logprobs = summed_up(float(mean), float(least)) if mean and least else None
    except ValueError:
        raise UsageError(f"{path}, line {number}: a log-probability is no number") from None
    return Given(line["answer"], comes_to, logprobs, line.get("prompt_id") or None)


def _turn(value: str, path: Path, number: int) -> int:
    if not value.isdecimal():
        raise UsageError(f"{path}, line {number}: turn is {value!r}, which is no number of a turn")
    return int(value)


def _right(value: str, path: Path, number: int) -> bool:
    if value.strip().lower() not in _YES | _NO:
        raise UsageError(f"{path}, line {number}: right is {value!r}, which is neither 1 nor 0")
    return value.strip().lower() in _YES


def _from_traces(text: str, path: Path, said: Said) -> Iterator[Labelled]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found = _trace(orjson.loads(line), said)
            except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
                raise UsageError(f"{path}, line {number}: this is no trace of a correction run") from None
            if found is not None:
                yield found


def _trace(given: dict[str, Any], said: Said) -> Labelled | None:
    """What was right at each turn follows from the last answer and the changes that led to it."""
    if given["final_accuracy"] is None or any(turn["delta_accuracy"] is None for turn in given["turns"]):
        return None
    right, after = [], int(given["final_accuracy"])
    for turn in reversed(given["turns"]):
        right.append(bool(after))
        after -= turn["delta_accuracy"]
    answers = tuple(Given(turn["answer"], said(turn["answer"]), None, turn["prompt_id"]) for turn in given["turns"])
    question = given["turns"][0]["question"] if given["turns"] else ""
    return Labelled(given["question_id"], question, answers, tuple(reversed(right))) if answers else None
