"""Fits the classifier that comes with the package, and writes how well it does into docs/correction.md.

    python -m training.classifier.fit --answers MODEL_ANSWERS.jsonl [--questions 400]

It learns from two kinds of answers: those of the embedded model to sums, asked again with reprompts at random, with their
log-probabilities and without; and those of four larger models to questions of GSM8K (MIT), one after another as if each were
the next answer of one model, which have no log-probabilities. Figures are by five folds of questions: no answer is judged by a
classifier that has seen its question.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import orjson

from loopwright.datasets.checkers.gsm8k import NUMERIC
from loopwright.learn.error_classifier.fitted import write
from loopwright.learn.error_classifier.fitting import How, Told, crossed, fit
from loopwright.learn.error_classifier.kinds import Kind
from loopwright.learn.error_classifier.labelled import Labelled
from loopwright.learn.error_classifier.protocol import Given
from loopwright.measure.calibration import calibration
from loopwright.records import Json
from loopwright.runs.classify import gathered
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "correction.md"
EMBEDDED = ROOT / "src" / "loopwright" / "learn" / "error_classifier" / "embedded.json"
BEGIN, END = "<!-- classifier: written by training/classifier/fit.py -->", "<!-- classifier ends -->"
ABOUT: dict[str, Json] = {
    "fitted_to": "answers of four larger models to GSM8K (MIT, openai/grade-school-math), and of the embedded model to sums",
    "made_by": "training/classifier/fit.py",
}
SPEC = """\
workflow: correction
name: sums
dataset: {{source: mock, count: {count}}}
models: [{{id: tiny, provider: tiny, temperature: {temperature}, max_output_tokens: 80, limits: {{concurrency: 64}}}}]
max_turns: 3
policy: uniform
classifier: {{path: rule}}
window: 64
seed: {seed}
"""


def of_larger_models(path: Path, orders: int = 4) -> Iterator[Labelled]:
    """Each question's answers in several orders, so that each answer is the first once, and the last among all others once."""
    for line in path.read_text().splitlines():
        found: dict[str, Any] = orjson.loads(line)
        models = list(found)[2:]
        given = [Given(found[model]["solution"], NUMERIC.read(found[model]["solution"])) for model in models]
        right = [bool(found[model]["is_correct"]) for model in models]
        for turned in range(orders):
            places = [(turned + place) % len(models) for place in range(len(models))]
            answers = tuple(given[place] for place in places)
            yield Labelled(found["question"], found["question"], answers, tuple(right[place] for place in places))


def of_the_embedded_model(questions: int) -> Iterator[Labelled]:
    """Runs the workflow at two temperatures. Every other question is without its log-probabilities."""
    with tempfile.TemporaryDirectory() as folder:
        for temperature in (0.7, 1.0):
            spec = Path(folder) / f"sums-{temperature}.yaml"
            spec.write_text(SPEC.format(count=questions, temperature=temperature, seed=11))
            with chdir(folder):
                start(Start(spec, name=spec.stem), Unwatched())
            for place, row in enumerate(gathered([f"sums-{temperature}"], Path(folder) / "runs")):
                yield row if place % 2 else without(row)


def without(row: Labelled) -> Labelled:
    return row._replace(answers=tuple(answer._replace(logprobs=None) for answer in row.answers))


def line(name: str, told: Sequence[Told]) -> str:
    found = calibration(
        [each.predicted.confidence for each in told], [each.step.right for each in told], [each.step.id for each in told]
    )
    within = f"{found.auroc_within.low:.3f} to {found.auroc_within.high:.3f}"
    figures = [f"{found.auroc:.3f}", within, f"{found.brier:.3f}", f"{found.error:.3f}", f"{found.error_by_chance:.3f}"]
    return f"| {name} | {found.n} | {found.groups} | {found.base:.3f} | {' | '.join(figures)} |"


def table(larger: Sequence[Labelled], small: Sequence[Labelled]) -> Iterator[str]:
    """The figures that stand in docs: of each source alone, by folds of questions."""
    columns = ("answers, and what is looked at", "answers", "questions", "right", "AUROC", "95 % interval", "Brier", "ECE")
    yield f"| {' | '.join(columns)} | by chance below |"
    yield "|---" * (len(columns) + 1) + "|"
    kinds: tuple[Kind, ...] = ("features", "tfidf", "embeddings")
    for kind in kinds:
        told = crossed(larger, How(kind))
        for name, turns in (("one answer", 1), ("the last of two", 2), ("the last of four", 4)):
            yield line(f"larger models, {name}: {kind}", [each for each in told if len(each.step.answers) == turns])
    for name, rows in (
        ("with log-probabilities", [row for row in small if row.answers[0].logprobs]),
        ("without", list(map(without, small))),
    ):
        told = crossed(rows)
        for turns, of in ((1, "one answer"), (2, "the last of two")):
            yield line(f"embedded model, {of}, {name}: features", [each for each in told if len(each.step.answers) == turns])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, required=True, help="the example model solutions of grade-school-math, JSONL")
    parser.add_argument("--questions", type=int, default=400, help="sums that the embedded model is asked, twice")
    options = parser.parse_args()
    larger, small = list(of_larger_models(options.answers)), list(of_the_embedded_model(options.questions))
    fitted = fit([*larger, *small], about=ABOUT)
    write(EMBEDDED, fitted)
    lines = "\n".join(table(larger, small))
    print(lines)
    text = PAGE.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(f"{text[:begin]}\n\n{lines}\n\n{text[end:]}")


if __name__ == "__main__":
    main()
