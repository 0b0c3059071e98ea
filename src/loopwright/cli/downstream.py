"""`evaluate`: what a dataset is worth to a model that learns from it, as tables, as JSON, as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loopwright.cli import rows
from loopwright.cli.screen import Screen
from loopwright.report.amounts import count
from loopwright.report.downstream import arm_row, held, likeness_rows, report, score_rows, written
from loopwright.runs.downstream import Answer, Curve, Question, evaluate_dataset
from loopwright.store.export import replaced

PAGE = "downstream.html"
SCORES = rows.columns("learned_from >rows =scored_on =metric >value =95_%_interval ?=beside_the_generated")
CURVE = rows.columns("learned_from >rows >value =95_%_interval")
TAKEN = rows.columns("label taken_for >rows")
ARMS = rows.columns("arm >rows >without_it >adds =95_%_interval")
WHOLE = rows.columns("figure =generated_against_real =real_against_real says")
_LISTED = 8


def evaluate(question: Question, output: Path | None, screen: Screen) -> None:
    answer = evaluate_dataset(question, screen.tell)
    file = output or (None if answer.folder is None else answer.folder.path / PAGE)
    if file is not None:
        with replaced(file) as out:
            out.write(report(answer).encode())
    for warning in answer.warnings:
        screen.error(f"warning: {warning}")
    for note in answer.notes:
        screen.tell(f"note: {note}")
    if screen.json:
        screen.data({**_data(answer), "page": None if file is None else str(file)})
        return
    _show(answer, screen)
    if file is not None:
        screen.result(f"\npage     {file}")


def _data(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = rows.fields(answer)
    del found["folder"]
    return found


def _show(answer: Answer, screen: Screen) -> None:
    sets = ", ".join(f"{count(number)} of {name}" for name, number in answer.sets.items())
    model = "" if answer.model is None else f", by {written(answer)}"
    screen.result(f"dataset  {answer.source}: {count(answer.rows)} generated rows")
    screen.result(f"real     {sets}")
    screen.result(f"kind     {answer.kind}{model}")
    for each in answer.copies:
        screen.result(f"copies   {each.told()}")
        screen.result("".join(f"         {line}" for line in _closest(each.found.closest[:1])))
    screen.result("")
    if answer.likeness is not None:
        screen.table(WHOLE, list(likeness_rows(answer.likeness)))
        return
    screen.table(SCORES, [row for each in answer.trained for row in score_rows(each)])
    if answer.curves:
        screen.result("\nlearning curve on test")
        screen.table(CURVE, [row for each in answer.curves for row in _reached(each)])
    if answer.contributions:
        screen.result("\nwhat the rows of each arm add, on test")
        screen.table(ARMS, list(map(arm_row, answer.contributions)))
    if answer.confusion is not None:
        taken = answer.confusion.taken()[:_LISTED]
        screen.result("\nmost frequent confusions on test" if taken else "\nno confusions on test")
        if taken:
            screen.table(TAKEN, [(each.true, each.said, count(each.rows)) for each in taken])


def _reached(curve: Curve) -> Iterator[tuple[object, ...]]:
    for each in curve.reached:
        yield curve.on, count(each.rows), f"{each.score.value:.3f}", held(each.score)


def _closest(pairs: Any) -> Iterator[str]:
    for pair in pairs:
        yield f"closest ({pair.similarity:.3f}): {pair.text[:60]!r} and {pair.nearest[:60]!r}"
