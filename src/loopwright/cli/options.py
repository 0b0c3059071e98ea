"""The arguments and options that several commands share, each with its one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Spec: TypeAlias = Annotated[Path, typer.Argument(metavar="SPEC", help="The YAML file that describes the run.")]
Run: TypeAlias = Annotated[
    str, typer.Argument(metavar="RUN", help="A run: its name, the beginning of its name, or the path of its folder.")
]
Sets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override one value of the spec, as in budget.usd=10 or models[0].temperature=0. May be repeated.",
    ),
]
Root: TypeAlias = Annotated[
    Path, typer.Option("--in", metavar="FOLDER", help="The folder that holds the runs (`output` in the spec).")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs, instead of text.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="Print only the result and errors.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Print at most so many rows.")]

RUNS = Path("runs")
