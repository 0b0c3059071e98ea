"""How well error modes and confidence were predicted, where the reference answer tells the truth."""

from __future__ import annotations

from loopwright.learn.error_classifier.protocol import MODES
from loopwright.measure.calibration import Bucket
from loopwright.report.amounts import count, share
from loopwright.report.correction.told import Told
from loopwright.report.frame import Caption
from loopwright.report.heat import Cell, heat
from loopwright.report.markup import Markup, joined
from loopwright.report.page import charts, figure, paragraph
from loopwright.report.reliability import reliability
from loopwright.workflows.correction.predictions import Predictions

_SHORT = ("anch.", "unch.", "corr.", "over.", "wav.", "perf.")


def panel(told: Told) -> Markup | None:
    predictions = told.figures.predictions
    total = predictions.answers
    if not total:
        return None
    answers = f"{count(total)} answers"
    rows = [[_cell(predictions, predicted, label) for label in MODES] for predicted in MODES]
    confusion = heat(Caption("Predicted and true error mode", "answers", answers), MODES, _SHORT, rows)
    held = reliability(
        Caption("Confidence, and how often it was right", "share right", answers),
        [Bucket(each.n, each.confidence / each.n, each.right) for each in predictions.bins if each.n],
    )
    said = (
        f"The mode was predicted rightly of {share(predictions.hits, total)} of the answers; first answers count as unchanged."
    )
    note = "Rows are predictions; columns the truth, in the same order."
    return joined([paragraph(said), charts([figure(confusion, note), figure(held, "On the diagonal confidence is honest.")])])


def _cell(found: Predictions, predicted: str, label: str) -> Cell | None:
    answers = found.confusion.get((predicted, label))
    return None if not answers else Cell(float(answers), count(answers))
