"""The commands as a user sees them: names, options, help. What they do is imported when they are called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from loopwright.cli.classifier_commands import classifier_app
from loopwright.cli.models_commands import models_app
from loopwright.cli.new_commands import new_app
from loopwright.cli.options import RUNS, AsJson, Quiet, Root, Run, Sets, Spec
from loopwright.cli.runs_commands import runs_app
from loopwright.cli.screen import standard

EPILOG = """\b
Exit codes:
    0  done
    1  some of it failed
    2  a mistake in the command or in the spec
    3  a budget was reached before the goal
    4  a quality gate was missed
   75  another process holds the run
  130  interrupted; the same command goes on with it

\b
Results go to stdout, everything else to stderr.
NO_COLOR=1 turns colours off, TERM=dumb the redrawing.
"""

app = typer.Typer(
    name="loopwright",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
policy_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="What a run's policy has learned.")
app.add_typer(runs_app, name="runs")
app.add_typer(policy_app, name="policy")
app.add_typer(models_app, name="models")
app.add_typer(new_app, name="new")
app.add_typer(classifier_app, name="classifier")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"loopwright {version('loopwright')}")
        raise typer.Exit


@app.callback(epilog=EPILOG)
def loopwright(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """LLM loops that learn while they run.

    A spec (a YAML file) describes a run: a workflow, its models, a budget. A run lives in a folder of its own under runs/.
    It may be stopped or killed at any moment: the same command goes on where it stopped, and pays for nothing twice.

    \b
    loopwright quickstart                  a first dataset, in under a minute
    loopwright check spec.yaml             is the spec right, and what will it do?
    loopwright models test spec.yaml       do the models answer?
    loopwright run spec.yaml               run it, or go on with it
    loopwright runs list                   what there is
    loopwright runs show RUN --samples     what came out
    """


@app.command()
def quickstart(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A new folder; default: loopwright-quickstart.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make a dataset in under a minute: no key, no network.

    Writes a recipe and a few seeds into a folder of their own, has the embedded model and a grammar write a few hundred rows
    while it learns which way of writing pays, draws the report, and says what to type next. The recipe is there to be edited.

    Stopped or killed, the same command goes on. A folder that holds anything else, or a recipe that was edited, is left alone.

    \b
    loopwright quickstart
    loopwright quickstart my-first-dataset
    """
    from loopwright.cli import quickstart as starting

    raise typer.Exit(starting.quickstart(folder or starting.FOLDER, standard(os.environ, quiet=quiet)))


@app.command()
def run(
    spec: Spec,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name of the run; default: as in the spec, else that of the file."),
    ] = None,
    sets: Sets = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start another run of the same spec instead of going on.")] = False,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="KIND[:ARGUMENT]",
            help="Another policy, as in uniform, fixed:ARM or epsilon_greedy:0.1; short for --set policy=...",
        ),
    ] = None,
    executor: Annotated[
        Literal["local", "ray"] | None, typer.Option("--executor", help="Where trials run; default: as the spec says.")
    ] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a spec, or go on with its run where it stopped.

    The run's folder is runs/NAME-DIGEST; the digest is that of what decides the result, so changing a budget or a limit
    goes on with the same run, and changing a seed or a prompt starts another.

    Ctrl-C lets the trials in flight finish and saves; a second Ctrl-C stops at once. Nothing that has settled is lost.

    With --json every line on stdout is a JSON object with an `event`: `progress` while it runs, and `end` at last.

    \b
    loopwright run spec.yaml
    loopwright run spec.yaml --set budget.usd=2 --set seed=8
    loopwright run spec.yaml --fresh --name again
    loopwright run spec.yaml --policy uniform
    """
    from loopwright.cli.running import policy_setting, run_spec
    from loopwright.runs.start import Start

    first = (policy_setting(policy),) if policy else ()
    given = (*first, *(sets or ()), *((f"executor={executor}",) if executor else ()))
    raise typer.Exit(run_spec(Start(spec, given, name, fresh), standard(os.environ, json=json, quiet=quiet)))


@app.command()
def check(spec: Spec, sets: Sets = None, json: AsJson = False) -> None:
    """Check a spec without running it.

    No model is asked and nothing is written. Every mistake is shown at once, with file, line, what was expected and the
    nearest right word. Warnings are about what is allowed and probably not meant.

    \b
    loopwright check spec.yaml
    loopwright check spec.yaml --set window=8
    """
    from loopwright.cli.checking import check_spec

    raise typer.Exit(check_spec(spec, sets or (), standard(os.environ, json=json)))


@app.command()
def schema(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="A workflow, as `workflow:` in a spec names it.")],
) -> None:
    """Print the JSON Schema of a workflow's specs.

    Editors complete and check specs with it.

    \b
    loopwright schema toy > toy.schema.json
    """
    from loopwright.cli.checking import print_schema

    print_schema(workflow, standard(os.environ))


@app.command()
def report(
    run: Run,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: report.html in the run's folder.")
    ] = None,
    root: Root = RUNS,
) -> None:
    """Write a run's report: one HTML file that needs nothing else.

    How it stands, what its policy learned and why it decided as it did, what failed, what it cost. Also of a run that is
    under way. Prints where the file is.

    \b
    loopwright report my-run
    loopwright report my-run -o my-run.html
    """
    from loopwright.cli.reporting import report_run
    from loopwright.runs.folder import find

    report_run(find(root, run), output, standard(os.environ))


Learned: TypeAlias = Annotated[
    Literal["classification", "regression", "generation"],
    typer.Option("--kind", help="What is learned: labels, numbers, or nothing: then the texts are compared as wholes."),
]
Learner: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="KIND",
        help="What learns: tfidf (the default), embeddings, ridge, torch, tinker; or {KIND: {...}}.",
    ),
]


@app.command()
def evaluate(
    source: Annotated[
        str, typer.Argument(metavar="RUN|FILE", help="A run that makes a dataset, or a CSV, JSONL or Parquet file of rows.")
    ],
    test: Annotated[Path, typer.Option("--test", metavar="FILE", help="Real rows to score on.")],
    dev: Annotated[Path | None, typer.Option("--dev", metavar="FILE", help="More real rows to score on.")] = None,
    real: Annotated[
        Path | None,
        typer.Option(
            "--real", metavar="FILE", help="Real rows to learn from, to compare with; the test's have no place there."
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="FIELD", help="The field of the text; default: as the recipe says.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="FIELD", help="The field of the label or number; default: as the recipe says."),
    ] = None,
    kind: Learned = "classification",
    model: Learner = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page; default: downstream.html in the run's folder."),
    ] = None,
    root: Root = RUNS,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tell what a dataset is worth to a model that learns from it.

    A small model is trained on the generated rows and scored on real ones, beside models trained on as many real rows and on
    both. Rows that stand in two sets that ought to have nothing in common are found and shown.

    \b
    loopwright evaluate my-run --test test.csv
    loopwright evaluate my-run --test test.csv --dev dev.csv --real train.csv -o page.html
    loopwright evaluate rows.jsonl --text review --label stars --kind regression --test test.csv
    """
    from loopwright.cli.downstream import evaluate as tell
    from loopwright.runs.downstream import Question

    question = Question(source, test, kind, text, label, dev, real, model, root)
    tell(question, output, standard(os.environ, json=json, quiet=quiet))


@policy_app.command("show")
def policy_show(
    run: Run,
    last: Annotated[int, typer.Option("--last", min=0, metavar="N", help="Show so many of the last decisions.")] = 5,
    contexts: Annotated[
        int | None,
        typer.Option(
            "--contexts",
            min=0,
            metavar="N",
            help="Show so many of the most frequent contexts; default: 12, where they come again.",
        ),
    ] = None,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Show what each arm has earned, over all and in each context, and the last decisions with their reasons.

    Computed from the decisions and rewards that the run has stored. The mean is that of rewards scaled to 0..1. The
    last column shows it stretch by stretch, from 0 (▁) to 1 (█); a dot where nothing was earned.

    Of a linear policy it shows what each feature adds to an arm's reward. An arm whose reward has changed is named, with
    what it cost to stay with it.

    \b
    loopwright policy show my-run
    loopwright policy show my-run --last 20
    """
    from loopwright.cli.learning import show_policy
    from loopwright.runs.folder import find

    show_policy(find(root, run), last, contexts, standard(os.environ, json=json))


@policy_app.command("export")
def policy_export(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="A run, or several with the same policy and arms.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: stdout.")] = None,
    own: Annotated[bool, typer.Option("--own", help="Leave out what the runs began with.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,
    root: Root = RUNS,
) -> None:
    """Export what a policy has learned, as the state that `warm_start` in a spec begins with.

    Of several runs it is the sum of what each of them learned, exactly, in whatever order they are named. A run that itself
    began with a state passes that on, too; --own leaves it out.

    \b
    loopwright policy export my-run -o learned.json
    loopwright policy export monday tuesday -o learned.json --force
    """
    from loopwright.cli.exporting import export_policy
    from loopwright.runs.folder import find

    export_policy([find(root, run) for run in runs], output, own, force, standard(os.environ))


@policy_app.command("evaluate")
def policy_evaluate(
    run: Run,
    policy: Annotated[
        Path, typer.Option("--policy", metavar="FILE", help="A YAML file with a `policy:` block, or a whole spec.")
    ],
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Let it learn from the first half of the trials, then hold it for the second.")
    ] = False,
    alone: Annotated[
        bool, typer.Option("--alone", help="Ask of each decision by itself, with the rest of its trial as the run decided it.")
    ] = False,
    clip: Annotated[float, typer.Option("--clip", min=1, metavar="W", help="Cut weights to W.")] = 1000.0,
    draws: Annotated[
        int, typer.Option("--draws", min=1, metavar="N", help="Draws for each probability that no policy states.")
    ] = 20,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Tell what another policy would have earned in a run, from its stored decisions.

    No model is asked. The other policy goes through the run's decisions in their order, and learns from the run's rewards as
    they came. Each line of the table is one way to estimate its mean reward: per decision, scaled to 0..1, or of a whole trial
    where the arm `stop` may end one. The doubly robust one is the one to go by. Warnings say where the run has tried too little
    of what the other policy would do.

    \b
    loopwright policy evaluate my-run --policy other.yaml
    loopwright policy evaluate my-run --policy runs/my-other-run/spec.yaml --frozen
    """
    from loopwright.cli.evaluating import evaluate_policy
    from loopwright.policy.evaluation import Setting
    from loopwright.runs.folder import find

    evaluate_policy(find(root, run), policy, Setting(clip, draws, frozen, alone), standard(os.environ, json=json))
