"""`loopwright runs ...`: the commands about runs that exist."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from loopwright.cli.options import RUNS, AsJson, Limit, Quiet, Root, Run, Sets
from loopwright.cli.screen import standard
from loopwright.errors import UsageError

runs_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The runs there are: list, show, resume, export.")


@runs_app.command("list")
def list_(root: Root = RUNS, json: AsJson = False) -> None:
    """List the runs, the newest first.

    \b
    running      a process is at work on it
    done         all of it is settled
    budget       a cap was reached; a higher one goes on
    interrupted  it was stopped by hand
    stopped      something has to be mended first; `runs show` says what
    crashed      a mistake in Loopwright or in a plugin ended it
    killed       its process is gone without a word
    All but the first two go on with `loopwright runs resume`.
    """
    from loopwright.cli.showing import list_runs

    list_runs(root, standard(os.environ, json=json))


@runs_app.command()
def show(
    run: Run,
    trials: Annotated[bool, typer.Option("--trials", help="List the trials.")] = False,
    samples: Annotated[bool, typer.Option("--samples", help="List the samples.")] = False,
    calls: Annotated[bool, typer.Option("--calls", help="List the calls to models.")] = False,
    events: Annotated[bool, typer.Option("--events", help="List what happened to the run.")] = False,
    failures: Annotated[bool, typer.Option("--failures", help="Count the failed trials by reason.")] = False,
    limit: Limit = 20,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Show one run, or a part of it.

    Without a part: how it stands, what came out, what each arm earned, what it cost, and why trials failed.

    \b
    loopwright runs show my-run
    loopwright runs show my-run --samples --limit 100
    """
    from loopwright.cli import showing
    from loopwright.runs.folder import find

    parts = {"trials": trials, "samples": samples, "calls": calls, "events": events, "failures": failures}
    wanted = [part for part, chosen in parts.items() if chosen]
    if len(wanted) > 1:
        raise UsageError("one part at a time: --trials, --samples, --calls, --events or --failures")
    screen, folder = standard(os.environ, json=json), find(root, run)
    if wanted:
        showing.show_part(folder, wanted[0], limit, screen)
    else:
        showing.show_run(folder, screen)


@runs_app.command()
def trace(
    run: Run,
    row: Annotated[str, typer.Argument(metavar="ROW", help="A row's id: its trial and its number in it, as in 12.0.")],
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Show all that led to one row.

    The arm that wrote it with the probability it was chosen with, how much its policy had learned, its model, calls with their
    tokens and price, digests of prompts, verdicts, reward; and the same of the rows that it came from, and the seeds.

    \b
    loopwright runs trace my-run 12.0
    """
    from loopwright.cli.showing import show_trace
    from loopwright.runs.folder import find

    show_trace(find(root, run), row, standard(os.environ, json=json))


@runs_app.command()
def resume(run: Run, sets: Sets = None, root: Root = RUNS, json: AsJson = False, quiet: Quiet = False) -> None:
    """Go on with a run where it stopped.

    Its folder is all that is needed. What is settled stays; what was paid for is not paid for again.

    Only what does not change a result may be set: budgets, limits, addresses, prices.

    \b
    loopwright runs resume my-run
    loopwright runs resume my-run --set budget.usd=10
    """
    from loopwright.cli.running import resume_run
    from loopwright.runs.folder import find

    raise typer.Exit(resume_run(find(root, run), sets or (), standard(os.environ, json=json, quiet=quiet)))


@runs_app.command()
def export(
    run: Run,
    what: Annotated[
        Literal["samples", "trials", "decisions", "rewards", "verdicts", "calls"],
        typer.Option("--what", help="Which table."),
    ] = "samples",
    format: Annotated[
        Literal["jsonl", "csv", "parquet"], typer.Option("--format", help="parquet needs the extra of that name.")
    ] = "jsonl",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: stdout. With --as hf or chat, a folder.")
    ] = None,
    accepted: Annotated[bool, typer.Option("--accepted", help="Only the samples that were accepted.")] = False,
    as_: Annotated[
        Literal["hf", "chat", "prov"] | None,
        typer.Option("--as", help="The dataset: a folder for the Hugging Face Hub, conversations, or W3C PROV-JSON."),
    ] = None,
    to: Annotated[Literal["hub"] | None, typer.Option("--to", help="Upload the dataset; the token is in HF_TOKEN.")] = None,
    repo: Annotated[str | None, typer.Option("--repo", metavar="OWNER/NAME", help="The repository to upload to.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public; by default it is private.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be uploaded, and send nothing.")] = False,
    sets: Sets = None,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Export a table of a run, or publish its dataset.

    A table as JSONL, CSV or Parquet. Or the dataset, where the workflow makes one: a folder with a card, splits and Croissant
    metadata, conversations to fine-tune on, or where every row comes from. What is told of it stands in the spec under
    output.publish, and can be --set here.

    \b
    loopwright runs export my-run --accepted -o samples.jsonl
    loopwright runs export my-run --what calls --format csv > calls.csv
    loopwright runs export my-run --as hf -o my-dataset --set output.publish.license=cc-by-4.0
    loopwright runs export my-run --as prov -o lineage.json
    loopwright runs export my-run --to hub --repo me/my-dataset --dry-run
    """
    from loopwright.cli import exporting
    from loopwright.runs.export import Wanted
    from loopwright.runs.folder import find

    asked = exporting.Exporting(Wanted(what, format, accepted), output, as_, to, repo, public, dry_run, sets or ())
    exporting.export(find(root, run), asked, standard(os.environ, json=json))


@runs_app.command()
def search(
    run: Run,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What to look for.")] = None,
    limit: Limit = 10,
    embedder: Annotated[
        str, typer.Option("--embedder", metavar="NAME", help="lexical (sees wording), or a sentence model's folder or name.")
    ] = "lexical",
    index: Annotated[
        Literal["flat", "lancedb"], typer.Option("--index", help="lancedb needs the extra of that name.")
    ] = "flat",
    clusters: Annotated[bool, typer.Option("--clusters", help="Show groups of near duplicates instead.")] = False,
    least: Annotated[
        float, typer.Option("--least", min=0.05, max=1, metavar="S", help="How alike near duplicates are at least.")
    ] = 0.8,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Find accepted rows: those nearest to a text, or groups of near duplicates.

    Nearness is the cosine of embeddings, which lie in an index in the run's folder; it is made at the first search, and anew
    when rows have come since.

    \b
    loopwright runs search my-run "where is my parcel"
    loopwright runs search my-run --clusters --least 0.7
    """
    from loopwright.cli.searching import show_clusters, show_hits
    from loopwright.runs.folder import find
    from loopwright.runs.search import Manner

    if (text is None) != clusters:
        raise UsageError("give a text to look for, or --clusters")
    screen = standard(os.environ, json=json)
    if text is None:
        show_clusters(find(root, run), least, limit, screen)
    else:
        show_hits(find(root, run), text, limit, Manner(embedder, index), screen)


@runs_app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A run, or a folder that a dataset was published in.")],
    second: Annotated[str, typer.Argument(metavar="B", help="What to compare it with.")],
    tables: Annotated[
        bool, typer.Option("--tables", help="Compare all results of two runs, table by table, whatever they make.")
    ] = False,
    root: Root = RUNS,
    json: AsJson = False,
) -> None:
    """Compare two datasets, or the results of two runs.

    Of datasets: which rows came, went and changed (the text is the same, another field is not), and how the shares of labels,
    lengths, and diversity have shifted. Of other runs: trials, decisions, rewards, samples and verdicts, row by row, times
    aside. Exit code 0 when they are the same, 1 when they differ.

    \b
    loopwright runs diff my-run other-run
    loopwright runs diff published my-run
    loopwright runs diff my-run other-run --tables
    """
    from loopwright.cli.showing import show_diff

    raise typer.Exit(show_diff(root, first, second, tables, standard(os.environ, json=json)))


@runs_app.command()
def delete(
    run: Run,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    root: Root = RUNS,
) -> None:
    """Delete a run.

    Its results go, its stored replies, and its record of what was spent. A run at work is left alone. What else was put
    into its folder stays there.

    \b
    loopwright runs delete my-run
    """
    from loopwright.cli.deleting import delete_run
    from loopwright.runs.folder import find

    delete_run(find(root, run), yes, standard(os.environ))
