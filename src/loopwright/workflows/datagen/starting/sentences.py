"""What a sentence about the dataset tells: how many rows, of which labels, in which language. Read in English, by rules."""

from __future__ import annotations

import re
from dataclasses import replace

from loopwright.quality.languages import NAMES
from loopwright.workflows.datagen.starting.known import Known

_ROWS = re.compile(
    r"\b(\d[\d,]*)\s+(?:\w+\s+){0,3}?(?:rows|messages|examples|samples|texts|questions|sentences|reviews|e-?mails|tickets|"
    r"comments|records|utterances)\b",
    re.I,
)
_LISTED = re.compile(
    r"\b(?:labell?ed(?: as| with)?|label(?:s|led)?(?: are)?|intents?(?: are)?|categor(?:y|ies)(?: are)?|class(?:es)?(?: are)?|"
    r"either|classified as)\b:?\s+([^.;()\n]+)|\(([^()]+,[^()]+)\)",
    re.I,
)
_BETWEEN = re.compile(r"\s*,\s*(?:and |or )?|\s+(?:and|or)\s+")
_MOST_WORDS = 3
"""Of a label; a longer part of a list is taken for more of the sentence."""


def from_sentence(known: Known, about: str) -> Known:
    description = " ".join(about.split())
    rows, labels = _ROWS.search(description), _labels(description)
    languages = tuple(code for code, name in NAMES.items() if re.search(rf"\b{name}\b", description))
    said = []
    if rows:
        said.append(f"rows: {rows[1]}, as the sentence says")
    if labels:
        said.append(f"labels, as the sentence lists them, in equal shares: {', '.join(labels)}")
    if languages:
        said.append(f"language: {', '.join(NAMES[code] for code in languages)}, as the sentence says")
    return replace(
        known,
        description=description,
        target=int(rows[1].replace(",", "")) if rows and int(rows[1].replace(",", "")) > 0 else known.target,
        labels={label: round(1 / len(labels), 4) for label in labels} if labels else known.labels,
        languages=languages or known.languages,
        said=(*known.said, *said),
    )


def _labels(sentence: str) -> list[str]:
    """Those of the first list that looks like one."""
    for found in _LISTED.finditer(sentence):
        parts = [part.strip(" '\"") for part in _BETWEEN.split((found[1] or found[2]).strip()) if part.strip(" '\"")]
        fit = [part for part in parts if len(part.split()) <= _MOST_WORDS]
        if len(fit) == len(parts) and len(set(parts)) == len(parts) > 1:
            return parts
    return []
