"""`loopwright classifier ...`: the classifiers that tell a self-correcting policy how an answer fares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from loopwright.cli.options import RUNS, AsJson, Root
from loopwright.cli.screen import standard

classifier_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Classifiers of error modes and confidence, fitted to labelled answers.",
)

Sources: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...", help="Runs of the workflow correction, their trace files (JSONL), or labelled CSV files."
    ),
]


@classifier_app.command("fit")
def classifier_fit(
    sources: Sources,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The classifier, as JSON.")],
    kind: Annotated[
        Literal["features", "tfidf", "embeddings", "torch"],
        typer.Option("--kind", help="How answers are built; their words, too; an embedding, too; or a network."),
    ] = "features",
    embedder: Annotated[
        str, typer.Option("--embedder", metavar="NAME", help="For embeddings: lexical, or a sentence model's folder.")
    ] = "lexical",
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Fit a classifier to labelled answers, and tell how well one like it does on questions that it has not seen.

    It learns from answers of which it is known whether they are right: runs of the workflow correction hold them where the
    questions have reference answers. A correction spec uses it as `classifier: {path: FILE}`.

    \b
    loopwright classifier fit my-run -o confidence.json
    loopwright classifier fit monday tuesday labelled.csv --kind tfidf -o confidence.json
    """
    from loopwright.cli.classifying import Fit, fit_classifier

    fit_classifier(sources, root, Fit(output, kind, embedder, force), standard(os.environ, json=json))


@classifier_app.command("evaluate")
def classifier_evaluate(
    classifier: Annotated[
        str, typer.Argument(metavar="CLASSIFIER", help="A classifier's file; embedded: that of the package; rule: the rule.")
    ],
    sources: Sources,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Tell how well a classifier does on labelled answers: order, calibration, and error modes.

    AUROC with an interval by a bootstrap of whole questions, Brier's score, the expected calibration error beside what chance
    alone would make of a perfectly calibrated classifier, a table of reliability, and the confusion of error modes. Nothing
    checks that the classifier was not fitted to these very answers: give it others.

    \b
    loopwright classifier evaluate confidence.json other-run
    loopwright classifier evaluate embedded my-run --json
    """
    from loopwright.cli.classifying import evaluate_classifier

    evaluate_classifier(classifier, sources, root, standard(os.environ, json=json))


@classifier_app.command("label")
def classifier_label(
    sources: Sources,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The CSV file.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,
    root: Root = RUNS,
) -> None:
    """Write labelled answers as CSV, an answer a line, to be looked at, mended by hand, and fitted to.

    Columns: question_id, question, turn, answer, said (what the answer comes to), right, prompt_id, logprob_mean,
    logprob_least, error_mode. The last one follows from the others and is not read.

    \b
    loopwright classifier label my-run -o labelled.csv
    """
    from loopwright.cli.classifying import label_answers

    label_answers(sources, root, output, force, standard(os.environ))
