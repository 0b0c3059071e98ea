"""Trains the embedded model: `python -m training.tiny.train --out build/tiny`. The command goes on where it was stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

import torch

from training.tiny.batches import Batch, Stream, drawn_beside
from training.tiny.examples import SHARES, words
from training.tiny.model import Model, Size
from training.tiny.weights import (
    Checkpoint,
    Progress,
    export,
    load_checkpoint,
    model_arrays,
    optimizer_arrays,
    restore,
    save_checkpoint,
)

Optimizers = dict[str, torch.optim.Optimizer]


@dataclass(frozen=True, slots=True)
class Plan:
    """A training. With the same plan and number of threads the weights come out the same."""

    out: Path
    steps: int = 10_000
    seed: int = 1
    tokens: int = 2000
    width: int = 128
    layers: int = 4
    heads: int = 4
    rate: float = 3e-3
    warmup: int = 60
    draws: int = 60_000
    """The examples that the vocabulary is taken from, of words that occur at least three times in them."""
    every: int = 250
    """Steps from one checkpoint to the next."""
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    """What it is trained on, of each kind of example."""


class Step(NamedTuple):
    done: Progress
    loss: float


def train(plan: Plan) -> Path:
    """Until its steps are done; where the weights are."""
    log = _Log(plan.steps)
    for step in steps(plan):
        log.line(step)
    return plan.out / "weights.npz"


def steps(plan: Plan) -> Generator[Step, None, None]:
    """Step by step, from the checkpoint in its folder if there is one. It may be left at any of them."""
    plan.out.mkdir(parents=True, exist_ok=True)
    kept = plan.out / "checkpoint.npz"
    held = load_checkpoint(kept) if kept.exists() else None
    vocabulary = held.vocabulary if held else words(Random(f"{plan.seed}/words"), plan.draws, 3, plan.shares)
    torch.manual_seed(plan.seed)
    model = Model(Size(len(vocabulary), plan.width, plan.layers, plan.heads)).to(_device())
    optimizers = _optimizers(model, plan.rate)
    done = Progress()
    if held:
        restore(model, optimizers, held.arrays)
        done = held.progress
    stream = Stream(vocabulary, plan.seed, plan.tokens, model.size.context, plan.shares)
    with drawn_beside(stream, done.place) as source:
        while done.step < plan.steps:
            batch = next(source)
            loss = _step(model, optimizers, batch, plan.rate * rate(plan, done.step))
            done = Progress(done.step + 1, done.tokens + batch.ids.size, batch.after)
            if done.step % plan.every == 0 or done.step == plan.steps:
                _keep(plan, model, optimizers, vocabulary, done)
            yield Step(done, loss)


def _keep(plan: Plan, model: Model, optimizers: Optimizers, vocabulary: tuple[str, ...], done: Progress) -> None:
    arrays = model_arrays(model)
    for name, optimizer in optimizers.items():
        arrays |= optimizer_arrays(name, optimizer)
    save_checkpoint(plan.out / "checkpoint.npz", Checkpoint(vocabulary, done, arrays))
    export(plan.out / "weights.npz", model, vocabulary, {"seed": plan.seed, "steps": done.step, "tokens": done.tokens})


def rate(plan: Plan, step: int) -> float:
    """Up quickly, then down to nothing in a straight line: what is learned early is coarse, and the last steps are fine."""
    return min(1.0, (step + 1) / plan.warmup) * (1 - step / plan.steps)


def _optimizers(model: Model, rate: float) -> Optimizers:
    """Muon for the matrices of the layers, AdamW for what is looked up and scaled."""
    matrices = [value for name, value in model.named_parameters() if name.startswith("layers.") and value.ndim == 2]
    others = [value for name, value in model.named_parameters() if not (name.startswith("layers.") and value.ndim == 2)]
    return {
        "muon": torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        "adamw": torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    }


def _step(model: Model, optimizers: Optimizers, batch: Batch, now: float) -> float:
    device = model.embed.device
    ids, learned = torch.tensor(batch.ids, dtype=torch.long, device=device), torch.tensor(batch.learned, device=device)
    with torch.autocast(device.type, torch.bfloat16):
        loss = model.loss(ids, learned)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = now
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.item())


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class _Log:
    """A line every 50 steps: how far, how well, how fast, how long still."""

    def __init__(self, steps: int) -> None:
        self._steps, self._since = steps, monotonic()
        self._begun: Progress | None = None
        self._losses: list[float] = []

    def line(self, step: Step) -> None:
        self._begun = self._begun or step.done
        self._losses.append(step.loss)
        if step.done.step % 50:
            return
        took = monotonic() - self._since
        left = took / max(1, step.done.step - self._begun.step) * (self._steps - step.done.step)
        speed = (step.done.tokens - self._begun.tokens) / took
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        place = f"step {step.done.step}/{self._steps}  loss {mean:.4f}  {speed:.0f} tokens/s"
        print(f"{place}  {took / 60:.1f} min, {left / 60:.1f} to go", file=sys.stderr, flush=True)


def _plan() -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="a folder for the checkpoint and the weights")
    for name, kind in (("steps", int), ("seed", int), ("tokens", int), ("layers", int), ("width", int), ("rate", float)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--threads", type=int, help="as many as the machine has cores, unless said")
    given = vars(parser.parse_args())
    if threads := given.pop("threads"):
        torch.set_num_threads(threads)
    return Plan(**{name: value for name, value in given.items() if value is not None})


if __name__ == "__main__":
    print(train(_plan()))
