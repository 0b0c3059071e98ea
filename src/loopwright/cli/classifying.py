"""What `loopwright classifier` does and shows."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import NamedTuple

from loopwright.cli import rows
from loopwright.cli.screen import Screen
from loopwright.errors import UsageError
from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.fitted import write
from loopwright.learn.error_classifier.fitting import How
from loopwright.learn.error_classifier.kinds import Kind
from loopwright.learn.error_classifier.labelled import Labelled
from loopwright.report.amounts import count
from loopwright.runs.caveats import caveats
from loopwright.runs.classify import Judgement, Part, fit_to, gathered, judge
from loopwright.runs.folder import find

FIGURES = rows.columns("answers >n >right >auroc =95_%_interval >brier >calibration_error >by_chance_below")
RELIABLE = rows.columns("confidence >answers >said >right")
MODES = rows.columns("error_mode taken_for >answers")


class Fit(NamedTuple):
    """What is to be fitted, and where it goes."""

    output: Path
    kind: Kind
    embedder: str
    force: bool


def fit_classifier(sources: Sequence[str], root: Path, wanted: Fit, screen: Screen) -> None:
    _free(wanted.output, wanted.force)
    found = _gathered(sources, root, screen)
    screen.tell(f"fitting to {count(sum(len(row.answers) for row in found))} answers")
    fitted, judgement = fit_to(found, How(wanted.kind, wanted.embedder), {"sources": list(sources)})
    write(wanted.output, fitted)
    _show(judgement, screen)
    if not screen.json:
        screen.result(f"\nwrote    {wanted.output}")


def evaluate_classifier(classifier: str, sources: Sequence[str], root: Path, screen: Screen) -> None:
    _show(judge(classifier, _gathered(sources, root, screen)), screen)


def label_answers(sources: Sequence[str], root: Path, output: Path, force: bool, screen: Screen) -> None:
    _free(output, force)
    found = _gathered(sources, root, screen)
    labelled.write(output, found)
    screen.result(f"wrote    {output}: {count(sum(len(row.answers) for row in found))} answers")


def _gathered(sources: Sequence[str], root: Path, screen: Screen) -> list[Labelled]:
    for source in sources:
        if not Path(source).is_file():
            for note in caveats(find(root, source)):
                screen.tell(f"{source}: {note}")
    return gathered(sources, root)


def _free(file: Path, force: bool) -> None:
    if file.exists() and not force:
        raise UsageError(f"{file} is there already; name another file, or give --force")


def _show(judgement: Judgement, screen: Screen) -> None:
    if screen.json:
        screen.data(rows.fields(judgement))
        return
    screen.result(f"classifier  {judgement.of}\n")
    screen.table(FIGURES, list(map(_figures, judgement.parts)))
    screen.result("")
    buckets = judgement.parts[0].found.buckets
    edges = [f"{at / len(buckets):.1f} to {(at + 1) / len(buckets):.1f}" for at in range(len(buckets))]
    told = [
        (edge, count(each.n), f"{each.confidence:.3f}", f"{each.right / each.n:.3f}")
        for edge, each in zip(edges, buckets, strict=True)
        if each.n
    ]
    screen.table(RELIABLE, told)
    screen.result("")
    labels = judgement.modes.labels
    cells = [
        (mode, said, count(number))
        for mode, line in zip(labels, judgement.modes.counts, strict=True)
        for said, number in zip(labels, line, strict=True)
        if number
    ]
    screen.table(MODES, cells)


def _figures(part: Part) -> Sequence[object]:
    found = part.found
    within = f"{found.auroc_within.low:.3f} to {found.auroc_within.high:.3f}"
    shares = [f"{value:.3f}" for value in (found.brier, found.error, found.error_by_chance)]
    auroc = rows.number(None if isnan(found.auroc) else found.auroc)
    return [part.answers, count(found.n), f"{found.base:.3f}", auroc, within, *shares]
