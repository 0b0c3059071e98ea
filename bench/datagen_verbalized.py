"""Are rows of `verbalized` more diverse than those of `naive`, on the embedded model and at equal numbers? Into
docs/generators.md."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from loopwright.measure.intervals import Interval
from loopwright.runs.labelled import of_run
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start
from loopwright.text.diversity import distinct_n
from loopwright.workflows.datagen.labelled import Wanted

PAGE = Path(__file__).parents[1] / "docs" / "generators.md"
BEGIN, END = "<!-- verbalized: written by bench/datagen_verbalized.py -->", "<!-- verbalized ends -->"

SEEDS, ROWS = 20, 60
KINDS = ("naive", "verbalized")


class Mean(NamedTuple):
    """With its 95 % interval, by the bootstrap over seeds."""

    value: float
    within: Interval


def recipe(kind: str, seed: int) -> dict[str, Any]:
    labels = ["refund", "delivery", "account", "exchange"]
    return {
        "workflow": "datagen",
        "task": {"description": "Short messages that customers of an online shop write to support.", "labels": labels},
        "models": [{"id": "tiny", "provider": "tiny"}],
        "arms": [{"id": "only", "kind": kind}],
        "validators": {"length": {"field": "text", "max_words": 40}, "deduplication": {"field": "text"}},
        "target": {"accepted": ROWS},
        "output": {"formats": []},
        "seed": seed,
    }


def play(kind: str, seed: int) -> float:
    """The distinct-2 of a run's rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{kind}.yaml"
        file.write_bytes(orjson.dumps(recipe(kind, seed)))  # JSON is YAML
        result = start(Start(file, (f"output.runs={folder}/runs",)), Unwatched())
        texts = of_run(result.folder, Wanted("text", "label")).rows.texts
    if len(texts) != ROWS:
        raise SystemExit(f"{kind}, seed {seed}: {len(texts)} rows of {ROWS}: {result.end.reason}")
    return distinct_n(texts, 2) or 0.0


def mean(values: Sequence[float]) -> Mean:
    seen = np.array(values)
    drawn = seen[np.random.default_rng(1).integers(0, len(seen), (10_000, len(seen)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Mean(float(seen.mean()), Interval(float(low), float(high)))


def table(found: dict[str, list[float]]) -> str:
    more = [after - before for before, after in zip(found["naive"], found["verbalized"], strict=True)]
    lines = ["| | distinct-2 | |", "|---|---|---|"]
    for name, values, told in (*((kind, found[kind], "") for kind in KINDS), ("difference", more, _wins(more))):
        value, within = mean(values)
        lines.append(f"| {name} | {value:.3f} ({within.low:.3f} to {within.high:.3f}) | {told} |")
    return "\n".join(lines)


def _wins(more: Sequence[float]) -> str:
    return f"above 0 for {sum(each > 0 for each in more)} of {len(more)} seeds"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 seeds, and nothing is written")
    options = parser.parse_args()
    found = {kind: [play(kind, seed) for seed in range(3 if options.quick else SEEDS)] for kind in KINDS}
    said = table(found)
    print(said)
    if not options.quick:
        text = PAGE.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        PAGE.write_text(f"{text[:begin]}\n\n{said}\n\n{text[end:]}")
    if mean([after - before for before, after in zip(found["naive"], found["verbalized"], strict=True)]).within.low <= 0:
        raise SystemExit("the rows of verbalized are not surely more diverse")


if __name__ == "__main__":
    main()
