"""The files of a training: a checkpoint to go on from, and the weights that the package ships. Plain arrays, never pickles."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.tiny.batches import Place
from training.tiny.model import Model, Size

Arrays = dict[str, NDArray[Any]]


class Progress(NamedTuple):
    """How far a training has come."""

    step: int = 0
    tokens: int = 0
    place: Place = Place()


class Checkpoint(NamedTuple):
    vocabulary: tuple[str, ...]
    progress: Progress
    arrays: Arrays


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    meta = {"vocabulary": checkpoint.vocabulary, "progress": checkpoint.progress}
    _write(path, checkpoint.arrays, meta)


def load_checkpoint(path: Path) -> Checkpoint:
    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    meta = json.loads(arrays.pop("meta").tobytes())
    step, tokens, place = meta["progress"]
    return Checkpoint(tuple(meta["vocabulary"]), Progress(step, tokens, Place(*place)), arrays)


def export(path: Path, model: Model, vocabulary: tuple[str, ...], trained: dict[str, Any]) -> None:
    """As the runtime reads them: halves, and everything else in `meta`."""
    arrays = {shipped_name(name): _array(value).astype(np.float16) for name, value in model.named_parameters()}
    digest = blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(name.encode() + arrays[name].tobytes())
    size = model.size
    meta = {"format": 1, "width": size.width, "layers": size.layers, "heads": size.heads, "context": size.context}
    _write(path, arrays, {**meta, "vocabulary": vocabulary, "trained": {**trained, "digest": digest.hexdigest()}})


def imported(path: Path) -> tuple[Model, tuple[str, ...]]:
    """A model of shipped weights, in torch."""
    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    meta = json.loads(arrays.pop("meta").tobytes())
    model = Model(Size(len(meta["vocabulary"]), meta["width"], meta["layers"], meta["heads"], meta["context"]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(arrays[shipped_name(name)].astype(np.float32)))
    return model, tuple(meta["vocabulary"])


def shipped_name(name: str) -> str:
    """`layers.0.norm1.gain` is `0.norm1` in the file."""
    return name.removeprefix("layers.").removesuffix(".gain")


def model_arrays(model: Model) -> Arrays:
    return {f"model.{name}": _array(value) for name, value in model.named_parameters()}


def optimizer_arrays(name: str, optimizer: torch.optim.Optimizer) -> Arrays:
    state = optimizer.state_dict()["state"]
    return {
        f"{name}.{number}.{key}": _array(value)
        for number, kept in state.items()
        for key, value in kept.items()
        if value is not None
    }


def restore(model: Model, optimizers: dict[str, torch.optim.Optimizer], arrays: Arrays) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(arrays[f"model.{name}"]))
    for name, optimizer in optimizers.items():
        whole = optimizer.state_dict()
        kept: dict[int, dict[str, Tensor]] = {}
        for key in (key for key in arrays if key.startswith(f"{name}.")):
            number, part = key.removeprefix(f"{name}.").split(".")
            kept.setdefault(int(number), {})[part] = torch.from_numpy(arrays[key])
        optimizer.load_state_dict({**whole, "state": kept})


def _array(value: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = value.detach().cpu().numpy()
    return array


def _write(path: Path, arrays: Arrays, meta: dict[str, Any]) -> None:
    """Whole or not at all: a training that is stopped leaves the file before."""
    coming = path.with_suffix(".part")
    with coming.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8))
    coming.replace(path)
