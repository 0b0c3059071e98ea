"""What a file of seeds tells: which field is the text and which the label, the labels' shares, lengths, the language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from loopwright.errors import UsageError
from loopwright.quality.counting import count_words
from loopwright.quality.languages import NAMES, language
from loopwright.quality.row import as_text
from loopwright.workflows.datagen import seeds
from loopwright.workflows.datagen.spec import Seeds
from loopwright.workflows.datagen.starting.known import Known

_TEXTS = "text message sentence utterance question query content body review comment document prompt title".split()  # noqa: SIM905
_LABELS = "label intent category class topic sentiment target tag type".split()  # noqa: SIM905
_MOST_LABELS = 200
_LOOKED_AT = 200
"""Rows whose language is told."""


def from_seeds(known: Known, file: Path) -> Known:
    rows = seeds.read(Seeds(path=file.name), file.resolve().parent)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = _text(rows, names)
    if text is None:
        raise UsageError(f"{file}: no field holds texts; its fields are {', '.join(names) or 'none'}")
    label = None if known.labels == {} else _label(rows, [name for name in names if name != text])
    texts = [as_text(row[text]) for row in rows if row.get(text)]
    columns = {known.text: text, **({known.label: label} if label else {})}
    found = replace(
        known,
        seeds=file,
        columns={} if all(ours == theirs for ours, theirs in columns.items()) else columns,
        labels=_shares(rows, label) if label else known.labels if known.labels is not None else {},
        words=known.words or _lengths(texts),
        languages=known.languages or _languages(texts),
    )
    gaps = [] if label else _gaps(rows, [name for name in names if name != text])
    return replace(found, said=(*known.said, *_said(file, len(rows), text, label, found), *gaps))


def _text(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str | None:
    """One that is called so, else the one with the longest values."""
    named = next((name for word in _TEXTS for name in names if name.strip().lower() == word), None)
    words = {name: sum(len(as_text(row.get(name))) for row in rows if not _is_number(row.get(name))) for name in names}
    longest = max(words, key=lambda name: words[name], default=None)
    return named or (longest if longest is not None and words[longest] else None)


def _label(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str | None:
    """One that is called so, else one with few values, each of which comes again; every row must have it."""
    fit = [name for name in names if _is_label([as_text(row.get(name)) for row in rows])]
    named = next((name for word in _LABELS for name in fit if name.strip().lower() == word), None)
    return named or next(iter(fit), None)


def _gaps(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """A field that is called as a label is, and that some rows lack."""
    for name in names:
        without = sum(not as_text(row.get(name)) for row in rows)
        if name.strip().lower() in _LABELS and 0 < without < len(rows):
            return [f"{name!r} is not taken for the label, since {without:,} rows have none; fill it in and begin again"]
    return []


def _is_label(values: Sequence[str]) -> bool:
    """Few words, few of them; not one for each row."""
    counts = Counter(values)
    few = 1 < len(counts) <= min(_MOST_LABELS, max(2, len(values) // 2))
    return few and "" not in counts and all(len(value) <= 64 for value in counts)


def _shares(rows: Sequence[Mapping[str, Any]], label: str) -> dict[str, float]:
    counts = Counter(as_text(row[label]) for row in rows)
    return {value: round(count / len(rows), 4) for value, count in counts.most_common()}


def _lengths(texts: Sequence[str]) -> tuple[int, int]:
    """Words that nearly all texts have, and some more on either side."""
    counts = sorted(count_words(text) for text in texts)
    low, high = counts[len(counts) // 20], counts[-1 - len(counts) // 20]
    return max(1, low * 2 // 3), max(high + 3, high * 3 // 2)


def _languages(texts: Sequence[str]) -> tuple[str, ...]:
    """The one that most of the texts are in, together or each."""
    told = language("\n".join(texts[:_LOOKED_AT]))
    return () if told is None else (told.language,)


def _said(file: Path, rows: int, text: str, label: str | None, found: Known) -> list[str]:
    said = [f"{file.name}: {rows:,} rows; the text is in {text!r}" + (f", the label in {label!r}" if label else ", no label")]
    if label and found.labels:
        first = [f"{name} {share:.1%}" for name, share in list(found.labels.items())[:5]]
        more = f" and {len(found.labels) - 5} more" if len(found.labels) > 5 else ""
        said.append(f"labels, in the shares of {file.name}: {', '.join(first)}{more}")
    if found.words:
        said.append(f"lengths: {found.words[0]} to {found.words[1]} words, some more on either side than its texts have")
    if found.languages:
        said.append(f"language: {', '.join(NAMES.get(code, code) for code in found.languages)}")
    return said


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
