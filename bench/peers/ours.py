"""The run that the peers are measured beside: URL ROWS FOLDER PROMPT. It writes dataset.jsonl into the folder."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start

BATCH, WINDOW, IN_FLIGHT = 10, 6, 64


def main() -> None:
    url, rows, folder, prompt = sys.argv[1:]
    recipe = {
        "workflow": "datagen",
        "task": {"description": prompt},
        "models": [{"id": "writer", "provider": "openai", "base_url": url, "limits": {"concurrency": IN_FLIGHT}}],
        "arms": [{"id": "naive", "kind": "naive", "params": {"rows_per_call": 1, "plan": 0, "temperature": 0.7}}],
        "validators": {
            "length": {"field": "text", "min_words": 3, "max_words": 40},
            "deduplication": {"field": "text", "near": 0.8},
        },
        "batch_size": BATCH,
        "window": WINDOW,
        # A row per call, and so many calls: a target that all of them together do not reach.
        "target": {"accepted": 1_000_000_000, "batches": -(-int(rows) // BATCH)},
        "output": {"formats": ["jsonl"], "path": folder},
    }
    file = Path(folder) / "recipe.yaml"
    file.write_bytes(orjson.dumps(recipe))  # JSON is YAML
    start(Start(file), Unwatched())


if __name__ == "__main__":
    main()
