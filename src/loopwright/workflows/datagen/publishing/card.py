"""The card of a published dataset: the front matter that the Hugging Face Hub reads, and how the rows were made, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version as distribution
from typing import NamedTuple, TypeAlias

import orjson

from loopwright.llm.providers import ANSWERERS
from loopwright.loop.work import Ended
from loopwright.quality.languages import NAMES
from loopwright.spec.dump import emit
from loopwright.store.columns import Kind
from loopwright.workflows.datagen.publish import Publishing
from loopwright.workflows.datagen.publishing.survey import NEAR, Echoes, Survey
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.settling import TARGET

_DTYPES: Mapping[Kind, str] = {"bool": "bool", "int": "int64", "float": "float64", "text": "string"}

LINEAGE: Mapping[str, Kind] = {
    "id": "text", "arm": "text", "probability": "float", "model": "text", "parents": "texts", "prompts": "texts",
    "path": "text", "facts": "text", "scores": "text", "details": "text",
    "input_tokens": "int", "output_tokens": "int", "nano_usd": "int",
}  # fmt: skip
"""The columns of the files that say where rows come from. `facts`, `scores` and `details`, which is what else an arm tells of a
row, are JSON."""


TOO_FEW = "they come from one another, in fewer families than splits, and a family is never split"


class Cut(NamedTuple):
    """How many rows each split holds, which splits were left out, and how much of the first is found again in the others."""

    rows: Mapping[str, int]
    left_out: Sequence[str]
    echoes: Echoes


Files: TypeAlias = Mapping[str, Sequence[tuple[str, str]]]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))


def card(ended: Ended, recipe: Recipe, survey: Survey, files: Files, cut: Cut) -> str:
    """`files` are the splits of each configuration with their paths."""
    title = recipe.output.publish.title or ended.folder.name
    parts = [
        _front(recipe, title, survey, files),
        f"# {title}\n\n{recipe.task.description}\n",
        _made(ended, recipe, survey),
        _table("Arms: arm, kind, model, settings, rows written, accepted, share", _arms(recipe, survey)),
        _table("Models: id, provider, model, answers, calls, tokens in, tokens out, cost", _models(recipe, survey)),
        _table("Validators: validator, rows looked at, passed, share", _validators(survey)),
        _figures(recipe, survey, cut),
        _licence(recipe.output.publish),
        _limits(recipe, survey),
        _files(survey),
    ]
    return "\n".join(part for part in parts if part)


def languages(recipe: Recipe) -> list[str]:
    """As codes. What is no language that is known by name or code is left out."""
    codes = {name.lower(): code for code, name in NAMES.items()}
    found = (each.lower() for each in recipe.task.languages)
    return [code for each in found if (code := each if each in NAMES else codes.get(each))]


def _front(recipe: Recipe, title: str, survey: Survey, files: Files) -> str:
    told = recipe.output.publish
    configs = [
        {"config_name": name, **({"default": True} if name == "default" else {}),
         "data_files": [{"split": split, "path": path} for split, path in found]}
        for name, found in files.items()
    ]  # fmt: skip
    front = {
        "pretty_name": title,
        "license": told.license,
        "license_name": told.license_name,
        "license_link": told.license_link,
        "language": languages(recipe),
        "task_categories": list(told.tasks) or (["text-classification"] if recipe.task.labels else []),
        "size_categories": [next((name for most, name in _SIZES if len(survey.ids) < most), "n>10M")],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "tags": ["synthetic", "loopwright"],
        "configs": configs,
        "dataset_info": [
            {"config_name": "default", "features": _features(survey.shape)},
            {"config_name": "lineage", "features": _features(LINEAGE)},
        ],
    }
    return f"---\n{emit({name: value for name, value in front.items() if value})}---\n"


def _features(shape: Mapping[str, Kind]) -> list[dict[str, str]]:
    """Columns as the `datasets` library reads them."""
    return [
        {"name": name, **({"list": "string"} if kind == "texts" else {"dtype": _DTYPES[kind]})} for name, kind in shape.items()
    ]


def _made(ended: Ended, recipe: Recipe, survey: Survey) -> str:
    written = sum(survey.written.values())
    stand_ins = [f"`{model.id}` is {ANSWERERS[model.provider]}" for model in recipe.models if model.provider in ANSWERERS]
    lines = [
        "## How the rows were made",
        "",
        f"All {len(survey.ids):,} rows are synthetic. Of {written:,} that were written, {_share(len(survey.ids), written)} "
        "passed every validator and were taken. A policy chose which arm wrote each batch, by what those before had come to.",
        *([f"No real language model stands behind some of it: {'; '.join(stand_ins)}."] if stand_ins else []),
        *(["No model was asked: the rows are draws from a grammar."] if not recipe.models else []),
        *([f"{len(survey.seeds):,} rows that were there before served as seeds."] if survey.seeds else []),
        "",
        f"- made with Loopwright {distribution('loopwright')}: workflow `datagen`, run `{ended.folder.name}`",
        f"- digest of the recipe: `{ended.digest}`, seed {recipe.seed}",
        f"- version of the rows: `{survey.version}`",
    ]
    return "\n".join(lines) + "\n"


def _arms(recipe: Recipe, survey: Survey) -> Iterator[Sequence[object]]:
    for arm in recipe.brief.arms:
        written, accepted = survey.written[arm.id], survey.accepted[arm.id]
        settings = ", ".join(f"{name} {value}" for name, value in arm.params.items())
        model = arm.model or (recipe.brief.writer if recipe.models else None)
        yield (arm.id, arm.kind, model or "none", settings, f"{written:,}", f"{accepted:,}", _share(accepted, written))


def _models(recipe: Recipe, survey: Survey) -> Iterator[Sequence[object]]:
    spent = {each.model: each for each in survey.spent}
    for model in recipe.models:
        said = ANSWERERS.get(model.provider, "a model")
        cells: list[object] = [model.id, model.provider, model.name, said]
        if model.id in spent:
            used = spent[model.id]
            cost = used.nano_usd.told(lambda nano: f"${nano / 1e9:,.4f}")
            cells += [f"{used.calls:,}", used.input_tokens.told(), used.output_tokens.told(), cost]
        else:
            cells += ["0", "0", "0", "$0"]
        yield cells


def _validators(survey: Survey) -> Iterator[Sequence[object]]:
    for each in survey.validators:
        if each.validator != TARGET:  # good rows that there was no place for
            yield (each.validator, f"{each.verdicts:,}", f"{each.passed:,}", _share(each.passed, each.verdicts))


def _figures(recipe: Recipe, survey: Survey, cut: Cut) -> str:
    total, wanted = len(survey.ids), recipe.brief.quotas.shares
    labels = [
        (label, f"{(n := survey.labels[label]):,}", _share(n, total), _share(share, 1)) for label, share in wanted.items()
    ]
    near = cut.echoes
    kept = (
        "A row, its parents and its children are in one split, as are rows of the same text. "
        f"Of the {near.among:,} rows outside {near.split}, {near.found:,} ({_share(near.found, near.among)}) have a near "
        f"duplicate in it: at least {NEAR:g} of their runs of five characters are the same.\n"
    )
    parts = [
        _table("Splits: split, rows, share", [(name, f"{n:,}", _share(n, total)) for name, n in cut.rows.items()]),
        kept if len(cut.rows) > 1 else "",
        f"There are no rows for {', '.join(cut.left_out)}: {TOO_FEW}.\n" if cut.left_out else "",
        _table("Labels: label, rows, share, wanted", labels),
        _table("Figures: figure, value", _measured(survey)),
    ]
    return "\n".join(part for part in parts if part)


def _measured(survey: Survey) -> Iterator[Sequence[object]]:
    lengths = survey.lengths
    middle = [str(lengths[int(share * (len(lengths) - 1))]) for share in (0.05, 0.5, 0.95)]
    yield ("words per text: 5 %, median, 95 %", ", ".join(middle))
    judged = survey.evaluation
    if judged is not None:
        held = f"{judged['score']:.3f} (95 %: {judged['low']:.3f} to {judged['high']:.3f})"
        yield (f"{judged['metric']} on real dev rows, of a small model trained on the first {judged['learned']:,} rows", held)
    found = survey.diversity
    for name, value in asdict(found).items() if found is not None else ():
        if isinstance(value, float):
            yield (f"{name.replace('_', ' ')} of {found.n if found else 0} texts", f"{value:.3f}")


def _licence(told: Publishing) -> str:
    if told.license == "unknown":
        return "## Licence\n\nNone was chosen. Terms of the models that wrote the rows may hold for them, too.\n"
    name = told.license_name or told.license
    link = f" ({told.license_link})" if told.license_link else ""
    return f"## Licence\n\n{name}{link}. Terms of the models that wrote the rows may hold for them, too.\n"


def _limits(recipe: Recipe, survey: Survey) -> str:
    lines = ["No person has looked at the rows for this card: they are what the validators above let pass."]
    if recipe.task.labels:
        lines.append("A label is the one that a row was ordered with; validators may have checked it, no annotator has.")
    if (measured := survey.diversity) is not None:
        lines.append(f"Diversity is measured with the {measured.embedder} embedder, which sees wording and not meaning.")
    if recipe.output.publish.limits:
        lines.append(recipe.output.publish.limits)
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _files(survey: Survey) -> str:
    row = orjson.dumps(survey.example).decode()
    lines = [
        "## Files",
        "",
        "- `data/`: the rows, a file for each split; `id` is a row's place in the run (batch and number)",
        "- `lineage/`: where each row comes from: its arm with the probability that it was chosen with, model, parents (rows,",
        "  seeds), digests of prompts, scores",
        "- `croissant.json`: the same for machines; `loopwright.json`: version, the version before it, digests of the files",
        "",
        f"A row:\n\n```json\n{row if len(row) <= 2000 else row[:2000] + '…'}\n```",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'rows = load_dataset("path/to/this/folder")  # or the name of its repository',
        "```",
    ]
    return "\n".join(lines) + "\n"


def _table(named: str, rows: Iterable[Sequence[object]]) -> str:
    """From `Title: head, head`; nothing where there are no rows."""
    title, _, listed = named.partition(": ")
    heads = listed.split(", ")
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"### {title}", "", f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *lines, ""])


def _cell(value: object) -> str:
    """Words that people chose stay words: none ends a cell, none is markup."""
    return " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
