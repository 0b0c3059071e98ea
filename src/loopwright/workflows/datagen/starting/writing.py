"""A recipe as text, with a comment where its author will want to know why, or what else could stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import relpath
from pathlib import Path
from typing import Any

from loopwright.spec.dump import emit
from loopwright.spec.scalars import written
from loopwright.workflows.datagen.starting.known import Known
from loopwright.workflows.datagen.starting.models import PLACEHOLDER, TINY

_CALLS_PER_ROW = 4
"""Calls that are set aside for each wanted row: to write it, to look at it, and for those that do not pass."""


def recipe(known: Known, place: Path) -> str:
    """The text of a recipe that is to lie at `place`; all that must be known of it is known."""
    return "\n".join(line for block in _blocks(known, place) for line in block) + "\n"


def _blocks(known: Known, place: Path) -> Iterator[list[str]]:
    yield [
        f"# Edit it; `loopwright check {place.name}` says what it will do, and `loopwright run {place.name}` does it.",
        *(f"# {' '.join(said.split())}" for said in known.said),
        "workflow: datagen",
        f"name: {written(_name(place))}",
        *(["domain: text_classification"] if known.labels else []),
        "",
    ]
    yield [*_task(known), ""]
    if known.seeds is not None:
        yield [*_seeds(known, known.seeds, place), ""]
    if known.schema is not None or known.words is not None:
        yield [*_constraints(known), ""]
    yield [*_models(known), ""]
    yield [
        "# Which way of writing is taken: by default three temperatures compete, and the run learns which pays.",
        "# arms:",
        "#   - {id: plain, kind: naive, params: {temperature: 0.7}}",
        "",
        f"target: {{accepted: {known.target}}}",
        "",
        "# Every row is held to its schema and to the constraints, and is compared with all others. A judge costs calls:",
        "# validators:",
        "#   deduplication: {near: 0.9}",
        "#   judge: {model: writer, criteria: natural and about what the label says, threshold: 0.6, sample: 0.2}",
        "",
        f"output: {{formats: [jsonl, csv], path: {written(f'{_name(place)}-data')}}}",
        f"budget: {{calls: {max(200, _CALLS_PER_ROW * (known.target or 0))}}}  # what a run may take at most",
    ]


def _task(known: Known) -> Iterator[str]:
    yield "task:"
    yield f"  description: {written(known.description or '')}"
    if known.labels:
        yield from _labels(known.labels)
    if known.languages:
        yield f"  languages: [{', '.join(known.languages)}]"
    yield from (f"  {ours}: {written(name)}" for ours, name in (("text", known.text), ("label", known.label)) if name != ours)
    yield "  # audience: who writes or reads them; tone: how they sound. All of it is told to the model that writes."


def _labels(labels: Mapping[str, float]) -> Iterator[str]:
    if len(set(labels.values())) == 1:
        yield f"  labels: [{', '.join(map(written, labels))}]  # in equal shares of the accepted rows"
        return
    yield "  labels:  # wanted shares of the accepted rows"
    yield from (f"    {written(label)}: {share:g}" for label, share in labels.items())


def _seeds(known: Known, file: Path, place: Path) -> Iterator[str]:
    yield "# Rows that are there already: shown to the model, and never written again."
    yield "seeds:"
    yield f"  path: {written(relpath(file.resolve(), place.resolve().parent))}"
    if known.columns:
        yield f"  fields: {{{', '.join(f'{written(ours)}: {written(theirs)}' for ours, theirs in known.columns.items())}}}"


def _constraints(known: Known) -> Iterator[str]:
    yield "constraints:"
    if known.words is not None:
        yield "  # In words; `check` tells how it reads them."
        yield f"  facts: [{known.words[0]} to {known.words[1]} words]"
    if known.schema is not None:
        yield "  schema:"
        yield from (f"    {line}" for line in emit(known.schema).splitlines())


def _models(known: Known) -> Iterator[str]:
    block: Mapping[str, Any] = known.model or PLACEHOLDER
    if block == TINY:
        yield "# `tiny` is embedded: no key, no network. It is very small, knows messages to a shop's support desk and nothing"
        yield "# else, and does not read seeds. Any other model takes its place, as in"
        yield "#   - {id: writer, provider: openai, model: gpt-4o-mini, max_output_tokens: 1000}"
    elif block == PLACEHOLDER:
        yield "# No model was named: this one stands in its place. It reads its key from OPENAI_API_KEY. Other servers that"
        yield "# speak as OpenAI's does need `base_url`; `loopwright models test` asks whether it answers."
    yield "models:"
    yield from (f"  {line}" for line in emit([dict(block)]).splitlines())


def _name(place: Path) -> str:
    """The file's, as a run may be called."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in place.stem)
    return plain.strip("._-")[:64] or "recipe"
