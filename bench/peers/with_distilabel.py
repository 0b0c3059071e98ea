"""distilabel, run by a Python that has it: URL ROWS FOLDER PROMPT. It writes dataset.jsonl into the folder."""

from __future__ import annotations

import json
import sys

from bench.peers.kept import write
from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

IN_FLIGHT = 64


def text(generation: str | None) -> str | None:
    try:
        found = json.loads(generation or "")
    except ValueError:
        return None
    said = found.get("text") if isinstance(found, dict) else None
    return said if isinstance(said, str) else None


def main() -> None:
    url, rows, folder, prompt = sys.argv[1:]
    settings = {"temperature": 0.7, "response_format": {"type": "json_object"}}
    with Pipeline(name="rows", cache_dir=folder) as pipeline:
        load = LoadDataFromDicts(data=[{"instruction": prompt}] * int(rows), batch_size=1000)
        model = OpenAILLM(model="writer", base_url=url, api_key="none", generation_kwargs=settings)
        load >> TextGeneration(llm=model, input_batch_size=IN_FLIGHT)
    found = pipeline.run(use_cache=False)
    write(folder, map(text, found["default"]["train"]["generation"]))


if __name__ == "__main__":
    main()
