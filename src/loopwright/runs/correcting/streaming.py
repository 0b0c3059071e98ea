"""Questions for a pipeline: by the name of a dataset, from a file, or from a subclass that streams its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loopwright.datasets import SOURCES, checker_of, source
from loopwright.datasets.block import DatasetBlock
from loopwright.datasets.checkers.final_answer import FINAL_ANSWER
from loopwright.datasets.checking import Checker
from loopwright.datasets.splits import chosen
from loopwright.errors import UsageError

_FOLDERS = (Path("data"), Path())
_ENDINGS = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet"}


class DatasetStreamer:
    """`dataset_name` is a source (gsm8k, hotpotqa, boolq, mock), a file of questions, or the name of one: without a `path`,
    `gsm8k` is looked for as `data/gsm8k.jsonl`, then as `gsm8k.jsonl`. A subclass need not call `__init__`."""

    dataset_name = ""
    path: str | Path | None = None

    def __init__(self, dataset_name: str, path: str | Path | None = None) -> None:
        self.dataset_name = dataset_name
        self.path = path

    def stream_questions(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """One after the other, as `id`, `question` and `reference_answer`."""
        block = DatasetBlock.model_validate(self.block(limit))
        for example in chosen(source(block), block, Path()):
            yield {"id": example.id, "question": example.inputs["question"], "reference_answer": example.reference}

    def _is_correct(self, answer: str, reference: str) -> bool:
        """By the official checker of the dataset, unless a subclass knows better."""
        return self.checker().mark(answer, reference).right

    def checker(self) -> Checker:
        return checker_of(DatasetBlock.model_validate(self.block(None))) if self.streams_a_file() else FINAL_ANSWER

    def streams_a_file(self) -> bool:
        """Whether the questions are those that `block` names."""
        return type(self).stream_questions is DatasetStreamer.stream_questions

    def block(self, limit: int | None) -> dict[str, Any]:
        """As it stands in a spec."""
        kind, file = _found(self.dataset_name, self.path)
        return {
            "source": kind,
            **({} if file is None else {"path": str(file.resolve())}),
            **({} if limit is None else {"limit": limit}),
        }


def _found(name: str, path: str | Path | None) -> tuple[str, Path | None]:
    if name == "mock":
        return "mock", None
    own = name in SOURCES.builtin
    if path is not None:
        file = Path(path).expanduser()
    elif Path(name).suffix.lower() in _ENDINGS:
        file = Path(name).expanduser()
    else:
        file = _looked_for(name)
    return name if own else _kind(file), file


def _kind(file: Path) -> str:
    kind = _ENDINGS.get(file.suffix.lower())
    if kind is None:
        raise UsageError(f"{file}: a file of questions ends in {', '.join(_ENDINGS)}")
    return kind


def _looked_for(name: str) -> Path:
    places = [folder / f"{name}{ending}" for folder in _FOLDERS for ending in _ENDINGS]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise UsageError(
            f"there is no file of the dataset {name!r}: it is looked for as {places[0]}, {places[2]} and the like; "
            "`path` names another, and a name may be a file's, too"
        )
    return found
