"""In which of the 54 contexts asking again gained or lost answers."""

from __future__ import annotations

from loopwright.learn.error_classifier.protocol import MODES
from loopwright.report.amounts import count
from loopwright.report.correction.told import Told
from loopwright.report.frame import Caption
from loopwright.report.heat import Cell, heat
from loopwright.report.markup import Markup
from loopwright.report.page import charts, figure
from loopwright.workflows.correction.contexts import LEVELS, PHASES
from loopwright.workflows.correction.figures import Rates


def panel(told: Told) -> Markup | None:
    cells = told.figures.by["cell"]
    if not cells:
        return None
    most = max(abs(_net(rates)) for rates in cells.values()) or 1.0
    drawn = []
    for phase in PHASES:
        rows = [[_cell(told, f"{mode}_{level}_{phase}") for level in LEVELS] for mode in MODES]
        if any(cell is not None for row in rows for cell in row):
            asked = sum(rates.wrong + rates.right for name, rates in cells.items() if name.endswith(f"_{phase}"))
            caption = Caption(f"Net gain of a reprompt, {phase}", "correct answers per reprompt", f"{count(asked)} reprompts")
            drawn.append(
                figure(
                    heat(caption, MODES, LEVELS, rows, most),
                    "Columns: how sure the answer before it was. Blue gained, orange lost.",
                )
            )
    return charts(drawn)


def _cell(told: Told, name: str) -> Cell | None:
    rates = told.figures.by["cell"].get(name)
    if rates is None:
        return None
    net = _net(rates)
    return Cell(net, f"{net:+.2f}", f"{count(rates.wrong + rates.right)} asked")


def _net(rates: Rates) -> float:
    return (rates.fixed - rates.broken) / (rates.wrong + rates.right)
