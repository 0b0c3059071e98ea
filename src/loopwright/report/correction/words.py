"""Which reprompts fixed wrong answers and broke right ones, by style and one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loopwright.measure.intervals import wilson
from loopwright.report.amounts import count, share
from loopwright.report.bars import Bar, bars
from loopwright.report.correction.told import Told
from loopwright.report.frame import Axis, Caption
from loopwright.report.markup import Child, Markup, joined
from loopwright.report.page import charts, figure, paragraph
from loopwright.report.tables import Group, heads, table
from loopwright.workflows.correction.figures import Rates

_COLUMNS = heads("reprompt >asked >fixed >of_wrong >broken >of_right >tokens_each")


def panel(told: Told) -> Markup:
    by = told.figures.by
    if not by["prompt"]:
        return paragraph("No question whose reference answer is known was asked again.", "quiet")
    drawn = charts([_drawn("fixed", by["style"]), _drawn("broken", by["style"])])
    rows = [
        Group("all", [_row("all reprompts", told.figures.overall)]),
        Group("by style", [_row(name, rates) for name, rates in sorted(by["style"].items())]),
        Group("by reprompt", [_row(name, rates) for name, rates in _most_asked(by["prompt"])]),
        Group("by the mode that was predicted before", [_row(name, rates) for name, rates in sorted(by["mode"].items())]),
    ]
    said = "How often answers that were wrong were fixed, and right ones broken, each with the number that could be."
    return joined([drawn, table(said, _COLUMNS, rows)])


def _most_asked(rates: Mapping[str, Rates]) -> Iterator[tuple[str, Rates]]:
    return iter(sorted(rates.items(), key=lambda pair: -(pair[1].wrong + pair[1].right)))


def _drawn(what: str, styles: Mapping[str, Rates]) -> Markup:
    given = []
    for name, rates in sorted(styles.items()):
        part, whole = (rates.fixed, rates.wrong) if what == "fixed" else (rates.broken, rates.right)
        if whole:
            given.append(Bar(name, part / whole, *wilson(part, whole), note=f"{count(part)} of {count(whole)}"))
    before = "wrong" if what == "fixed" else "right"
    total = sum(rates.wrong if what == "fixed" else rates.right for rates in styles.values())
    caption = Caption(f"{what.capitalize()}, by style", f"share of {before} answers", f"{count(total)} {before} answers")
    return figure(bars(caption, given, Axis(f"share {what}", 0, 1)), "Whiskers are 95 % intervals.")


def _row(name: str, rates: Rates) -> list[Child]:
    asked = rates.wrong + rates.right
    each = count(rates.tokens / asked) if asked else "-"
    fixed, broken = share(rates.fixed, rates.wrong), share(rates.broken, rates.right)
    return [name, count(asked), count(rates.fixed), fixed, count(rates.broken), broken, each]
