"""How well error modes and confidence were predicted, where the reference answer tells the truth."""

from __future__ import annotations

from loopwright.learn.error_classifier.protocol import MODES
from loopwright.report.amounts import count, share
from loopwright.report.correction.told import Told
from loopwright.report.frame import Caption
from loopwright.report.heat import Cell, heat
from loopwright.report.markup import Markup, joined
from loopwright.report.page import charts, figure, paragraph
from loopwright.report.reliability import reliability

_SHORT = ("anch.", "unch.", "corr.", "over.", "wav.", "perf.")


def panel(told: Told) -> Markup | None:
    total = sum(told.confusion.values())
    if not total:
        return None
    answers = f"{count(total)} answers"
    hit = sum(n for (predicted, label), n in told.confusion.items() if predicted == label)
    rows = [[_cell(told, predicted, label) for label in MODES] for predicted in MODES]
    confusion = heat(Caption("Predicted and true error mode", "answers", answers), MODES, _SHORT, rows)
    held = reliability(Caption("Confidence, and how often it was right", "share right", answers), told.buckets())
    said = f"The mode was predicted rightly of {share(hit, total)} of the answers; first answers count as unchanged."
    note = "Rows are predictions; columns the truth, in the same order."
    return joined([paragraph(said), charts([figure(confusion, note), figure(held, "On the diagonal confidence is honest.")])])


def _cell(told: Told, predicted: str, label: str) -> Cell | None:
    found = told.confusion.get((predicted, label))
    return None if not found else Cell(float(found), count(found))
