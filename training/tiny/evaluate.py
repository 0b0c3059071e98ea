"""Measures a trained model and writes its card: `python -m training.tiny.evaluate build/tiny/weights.npz --write`.

It runs the package's own runtime. It ends with 4 where a goal is missed, and ships what it measured only with `--write`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import copyfile
from string import Template
from typing import Any

import numpy as np

from loopwright.llm.tiny.form import INTENTS, TONES
from loopwright.llm.tiny.network import load
from training.tiny.answers import Speaker
from training.tiny.figure import Figure
from training.tiny.figures import WARM, Evaluation, Gain, of_styles

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src/loopwright/llm/tiny"
PAGE = ROOT / "docs/tiny.md"
CARD = Path(__file__).with_name("card.md")
BEGIN, END = "<!-- figures: written by training/tiny/evaluate.py -->", "<!-- figures end -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="?", default=SHIPPED / "weights.npz")
    parser.add_argument("--n", type=int, default=1000, help="the cases of every figure")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help="ship these weights, with their card and the figures in docs/tiny.md"
    )
    given = parser.parse_args()
    evaluation = Evaluation(Speaker(given.weights), given.n, given.seed)
    gains = evaluation.second_chances()
    figures = _shown(of_styles(gains))
    parts: tuple[Callable[[], list[Figure]], ...] = (evaluation.arithmetic, evaluation.utterances, evaluation.judging)
    for part in parts:
        figures += _shown(part())
    tables = f"{figure_table(figures)}\n\n{gain_table(gains, evaluation.before, given.n)}"
    if given.write:
        ship(given.weights, tables, given.seed)
    missed = [figure.name for figure in figures if figure.met is False]
    print(f"missed: {'; '.join(missed)}" if missed else "every goal is met")
    return 4 if missed else 0


def _shown(figures: list[Figure]) -> list[Figure]:
    for figure in figures:
        print(_line(figure), flush=True)
    return figures


def _line(figure: Figure) -> str:
    low, high = figure.interval
    goal = "" if figure.met is None else f"  {figure.goal}: {'met' if figure.met else 'MISSED'}"
    return f"{figure.value:7.3f}  [{low:.3f}, {high:.3f}]  n={figure.n}  {figure.name}{goal}"


def figure_table(figures: Sequence[Figure]) -> str:
    lines = ["| figure | value | 95 % interval | n | goal |", "|---|---|---|---|---|"]
    for figure in figures:
        goal = "" if figure.met is None else f"{figure.goal}: {'met' if figure.met else '**missed**'}"
        low, high = figure.interval
        lines.append(f"| {figure.name} | {figure.value:.3f} | {low:.3f} to {high:.3f} | {figure.n} | {goal} |")
    return "\n".join(lines)


def gain_table(gains: Sequence[Gain], before: float, n: int) -> str:
    """Styles first, then the reprompts, each kind from the best to the worst."""
    text = (
        f"A second chance, at temperature {WARM}, after {n} first answers with steps at temperature {WARM}, of which"
        f" {before:.3f} were right. Shares are of all first answers; net is fixed minus broken.\n"
    )
    lines = [
        text,
        "| reprompt | kept for the end | fixed | broken | net | 95 % interval | tokens |",
        "|---|---|---|---|---|---|---|",
    ]
    for gain in sorted(gains, key=lambda gain: (gain.name != gain.style, gain.holdout, -gain.net)):
        name = f"**{gain.name}**, all" if gain.name == gain.style else f"`{gain.name}`"
        low, high = gain.interval
        share = f"{gain.fixed:.3f} | {gain.broken:.3f} | {gain.net:+.3f} | {low:+.3f} to {high:+.3f} | {gain.tokens:.0f}"
        lines.append(f"| {name} | {'yes' if gain.holdout else ''} | {share} |")
    return "\n".join(lines)


def ship(weights: Path, tables: str, seed: int) -> None:
    """The weights into the package, their card beside them, the figures into the page of the docs."""
    if weights.resolve() != (SHIPPED / "weights.npz").resolve():
        copyfile(weights, SHIPPED / "weights.npz")
    facts = {
        **_meta(weights), "parameters": f"{load(weights).parameters:,}", "bytes": f"{weights.stat().st_size:,}",
        "evaluated": seed, "intents": ", ".join(INTENTS), "tones": ", ".join(TONES), "figures": tables,
    }  # fmt: skip
    (SHIPPED / "card.md").write_text(Template(CARD.read_text()).substitute(facts))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}")


def _meta(weights: Path) -> dict[str, Any]:
    with np.load(weights, allow_pickle=False) as held:
        meta = json.loads(held["meta"].tobytes())
    words = len(meta.pop("vocabulary"))
    trained = meta.pop("trained")
    return {**meta, **trained, "words": f"{words:,}", "tokens": f"{trained['tokens']:,}", "steps": f"{trained['steps']:,}"}


if __name__ == "__main__":
    sys.exit(main())
