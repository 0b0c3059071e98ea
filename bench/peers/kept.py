"""What a peer has no validator for, in plain Python, with the library that we use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rensa import RMinHash, RMinHashLSH

SLOTS, BANDS, NEAR, GRAM = 140, 20, 0.8, 5
"""The bands are cut as ours are at a threshold of 0.8."""

_WORD = re.compile(r"\w+")


def kept(texts: Iterable[str | None]) -> Iterator[str]:
    """Of 3 to 40 words, none of them twice, none of them nearly."""
    index, seen = RMinHashLSH(NEAR, SLOTS, BANDS), set[str]()
    signatures: list[RMinHash] = []
    for text in texts:
        if text is None or not 3 <= len(text.split()) <= 40 or text.lower() in seen:
            continue
        plain = " ".join(_WORD.findall(text.lower()))
        sketch = RMinHash(SLOTS, 1)
        sketch.update([plain[at : at + GRAM] for at in range(max(1, len(plain) - GRAM + 1))])
        if any(signatures[place].jaccard(sketch) >= NEAR for place in index.query(sketch)):
            continue
        index.insert(len(signatures), sketch)
        signatures.append(sketch)
        seen.add(text.lower())
        yield text


def write(folder: str, texts: Iterable[str | None]) -> None:
    with (Path(folder) / "dataset.jsonl").open("w") as out:
        for text in kept(texts):
            out.write(json.dumps({"text": text}) + "\n")
