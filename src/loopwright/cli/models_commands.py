"""`loopwright models ...`: the commands about models, those of a spec and the one that is served to practise with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from loopwright.cli.options import AsJson, Sets, Spec
from loopwright.cli.screen import standard

PORT = 8421
FAULTS = """\b
Kinds of faults; a number is the status that is answered:
  to wait      429 429-seconds 429-ms 429-date 429-year-9999 429-huge 429-negative 429-garbage
  refused      400 401 403 404 context quota redirect
  broken       500 502 503 504 529
  lacking      no-json-schema no-json no-max-tokens
  cut off      reset hang-up reset-body truncated truncated-chunks
  slow         drip silent
  too much     huge huge-chunks long-header many-headers gzip-bomb
  nonsense     malformed html not-utf8 empty gzip gzip-broken nan infinity 1e999 wrong-types
  odd answers  no-usage negative-usage absurd-usage empty-choices null-content refusal content-filter
"""

models_app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="The models that a spec names, and one to practise with."
)


@models_app.command("test")
def models_test(spec: Spec, sets: Sets = None, json: AsJson = False) -> None:
    """Ask each model of a spec one short question, and say what is wrong where there is no answer.

    Costs a few tokens per model. Exit code 1 when a model did not answer.

    \b
    loopwright models test spec.yaml
    """
    from loopwright.cli.checking import test_models

    raise typer.Exit(test_models(spec, sets or (), standard(os.environ, json=json)))


@models_app.command("serve", epilog=FAULTS)
def models_serve(
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="tiny, scripted:FILE.py[:FUNCTION] or scripted:FILE.json.")
    ] = "tiny",
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="A name that it answers to, instead of its own. May be repeated."),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="The port; 0: any free one.")] = PORT,
    latency: Annotated[
        float,
        typer.Option(
            "--latency", min=0, max=3600, metavar="S", help="Seconds that an answer takes; a stream is spread over them."
        ),
    ] = 0.0,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="KIND:RATE",
            help="A fault, and the share of requests that meet it: 429-seconds:0.1. May be repeated.",
        ),
    ] = None,
    rpm: Annotated[int | None, typer.Option("--rpm", min=1, metavar="N", help="Requests per minute; more get a 429.")] = None,
    tpm: Annotated[int | None, typer.Option("--tpm", min=1, metavar="N", help="Tokens per minute; more get a 429.")] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="Decides the faults, and what no request's seed does."),
    ] = 0,
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="Add a JSON object per request to FILE.")] = None,
) -> None:
    """Serve a model to practise with, as OpenAI would: chat completions, streamed or not, on this machine alone.

    For trying specs, other clients, and what they do when a server misbehaves. No key is needed, and any is taken. Prints what
    to put into a spec, and then a line per request on stderr. Ctrl-C ends it.

    A script is a Python file whose function `answer` takes a Request and returns text or a Reply, or a JSON list of texts.

    \b
    loopwright models serve
    loopwright models serve --model scripted:answers.py --name gpt-4o-mini
    loopwright models serve --fault 429-seconds:0.1 --fault reset:0.05 --latency 0.5 --rpm 60
    """
    from loopwright.cli.serving import Serving, serve

    serve(Serving(model, names or (), port, latency, faults or (), rpm, tpm, seed, log), standard(os.environ))
