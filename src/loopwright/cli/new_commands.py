"""`loopwright new ...`: the commands that begin something."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from loopwright.cli.screen import standard

new_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Begin something new: a recipe from what you have.")


@new_app.callback()
def new() -> None:
    """Begin something new: a recipe from what you have."""


@new_app.command("datagen")
def new_datagen(
    about: Annotated[
        str | None, typer.Option("--about", metavar="SENTENCE", help="What the rows are, how many, of which labels.")
    ] = None,
    seeds: Annotated[
        Path | None, typer.Option("--seeds", metavar="FILE", help="Rows that are there already: CSV, JSONL or JSON.")
    ] = None,
    schema: Annotated[Path | None, typer.Option("--schema", metavar="FILE", help="A JSON Schema of the rows.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="SPEC", help="Who writes: tiny, PROVIDER:MODEL, scripted:FILE.py, or a spec's first model."
        ),
    ] = None,
    chat: Annotated[bool, typer.Option("--chat", help="Let that model talk the recipe over with you.")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the recipe goes.")] = Path(
        "recipe.yaml"
    ),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, and say what was assumed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,
) -> None:
    """Write a recipe for a dataset, from seeds, a JSON Schema, or a sentence.

    Labels, their shares, lengths and the language are inferred; what is left is asked. The recipe has comments, and passes
    `loopwright check`. No model is asked, except with --chat: then it asks you, and proposes the recipe.

    \b
    loopwright new datagen --seeds mine.csv
    loopwright new datagen --about "800 messages to a bank, either complaint, praise or question" --yes
    loopwright new datagen --schema row.schema.json -o rows.yaml
    loopwright new datagen --seeds mine.csv --chat --model openai:gpt-4o-mini
    """
    from loopwright.cli.beginning import begin, talk
    from loopwright.runs.new import Given

    act = talk if chat else begin
    act(Given(about, seeds, schema, model), output, yes, force, standard(os.environ))
