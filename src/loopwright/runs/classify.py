"""Fits and judges classifiers of error modes, on the labelled answers of runs and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loopwright.datasets.checkers.final_answer import FINAL_ANSWER
from loopwright.errors import UsageError
from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.fitted import Learned, named
from loopwright.learn.error_classifier.fitting import How, Told, crossed, fit, say
from loopwright.learn.error_classifier.labelled import Labelled
from loopwright.learn.error_classifier.protocol import Given
from loopwright.measure.calibration import Calibration, calibration
from loopwright.measure.confusion import Confusion, confusion
from loopwright.records import Json
from loopwright.runs.folder import RunFolder, find
from loopwright.store.reader import RunReader
from loopwright.workflows.correction.traces import About, traces


class Part(NamedTuple):
    """How far confidences can be taken, of answers of one kind."""

    answers: str
    found: Calibration


class Judgement(NamedTuple):
    """`of` says what was judged, and whether it had seen the questions."""

    of: str
    parts: tuple[Part, ...]
    modes: Confusion


def gathered(sources: Sequence[str], root: Path) -> list[Labelled]:
    """Of files and runs, in their order; a question that several hold is one. At least one answer has to be labelled."""
    rows = [row for source in sources for row in _of(source, root)]
    if not rows:
        raise UsageError(f"no answer in {', '.join(sources)} is labelled: there are none, or no reference answers are known")
    return rows


def fit_to(rows: Sequence[Labelled], how: How, about: dict[str, Json]) -> tuple[Learned, Judgement]:
    """The classifier fitted to all rows, and what one like it says of questions that it was not fitted to."""
    return fit(rows, how, about), judged(crossed(rows, how), f"{how.kind}, five folds by question")


def judge(name: str, rows: Sequence[Labelled]) -> Judgement:
    """Of a classifier's file, `embedded`, or `rule`."""
    return judged(say(named(name, Path()), rows), name)


def judged(told: Sequence[Told], of: str) -> Judgement:
    first = [each for each in told if len(each.step.answers) == 1]
    later = [each for each in told if len(each.step.answers) > 1]
    named = (("all", told), ("first", first), ("later", later))
    parts = tuple(Part(name, _calibration(some)) for name, some in named if some)
    return Judgement(of, parts, confusion([each.step.mode for each in told], [each.predicted.mode for each in told]))


def _calibration(told: Sequence[Told]) -> Calibration:
    right = [each.step.right for each in told]
    return calibration([each.predicted.confidence for each in told], right, [each.step.id for each in told])


def _of(source: str, root: Path) -> list[Labelled]:
    path = Path(source)
    return labelled.read(path, FINAL_ANSWER.read) if path.is_file() else list(_of_run(find(root, source)))


def _of_run(folder: RunFolder) -> Iterator[Labelled]:
    with RunReader.open(folder.store) as reader:
        meta = reader.meta()
        if meta["start"]["spec"].get("workflow") != "correction":
            raise UsageError(f"{folder.name} is no run of the workflow correction: its answers are not labelled")
        for trace in traces(reader, About.of("", meta)):
            if trace.turns and all(turn["by"] == "reference" for turn in trace.turns):
                right = tuple(bool(turn["right"]) for turn in trace.turns)
                answers = tuple(map(_given, trace.turns))
                data: Any = trace.settled.trial.data
                yield Labelled(trace.settled.trial.item, data["question"], answers, right)


def _given(turn: dict[str, Any]) -> Given:
    surety = turn.get("logprobs")
    logprobs = None if surety is None else labelled.summed_up(surety["mean"], surety["least"])
    return Given(turn["answer"], turn["said"], logprobs, turn["prompt_id"])
