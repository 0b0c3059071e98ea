"""Trains the embedded model: `python -m training.tiny.train --out build/tiny`. The command goes on where it was stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

import torch

from training.tiny.batches import Batch, Place, Stream, drawn_beside
from training.tiny.examples import LATER_SHARES, SHARES, words
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


class Phase(NamedTuple):
    """A part of the training: its part of the steps, the rate that it begins with, and the kinds of examples in it."""

    part: float
    rate: float
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """A training. With the same plan and number of threads the weights come out the same."""

    out: Path
    steps: int = 12_000
    seed: int = 1
    tokens: int = 2000
    width: int = 128
    layers: int = 4
    heads: int = 4
    phases: tuple[Phase, ...] = (Phase(0.75, 3e-3, SHARES), Phase(0.25, 1e-3, LATER_SHARES))
    warmup: int = 60
    draws: int = 60_000
    """The examples that the vocabulary is taken from, of words that occur in at least three of them."""
    every: int = 250
    """Steps from one checkpoint to the next."""


class Span(NamedTuple):
    """A phase in steps: those from `begin` on and before `end`."""

    number: int
    begin: int
    end: int
    phase: Phase


def spans(plan: Plan) -> Iterator[Span]:
    parts = [0.0, *accumulate(phase.part for phase in plan.phases)]
    ends = [round(plan.steps * part) for part in parts]
    for number, phase in enumerate(plan.phases):
        yield Span(number, ends[number], ends[number + 1], phase)


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
    vocabulary = held.vocabulary if held else words(Random(f"{plan.seed}/words"), plan.draws, 3, plan.phases[0].shares)
    torch.manual_seed(plan.seed)
    model = Model(Size(len(vocabulary), plan.width, plan.layers, plan.heads)).to(_device())
    optimizers = _optimizers(model)
    done = Progress()
    if held:
        restore(model, optimizers, held.arrays)
        done = held.progress
    for span in spans(plan):
        for step in _of_span(plan, span, vocabulary, model, optimizers, done):
            done = step.done
            if done.step % plan.every == 0 or done.step == plan.steps:
                _keep(plan, model, optimizers, vocabulary, done)
            yield step


def _of_span(
    plan: Plan, span: Span, vocabulary: tuple[str, ...], model: Model, optimizers: Optimizers, done: Progress
) -> Iterator[Step]:
    if not span.begin <= done.step < span.end:
        return
    place = done.place if done.step > span.begin else Place()
    seed = f"{plan.seed}.{span.number}" if span.number else f"{plan.seed}"
    stream = Stream(vocabulary, seed, plan.tokens, model.size.context, span.phase.shares)
    with drawn_beside(stream, place) as source:
        while done.step < span.end:
            batch = next(source)
            loss = _step(model, optimizers, batch, rate(plan, span, done.step))
            done = Progress(done.step + 1, done.tokens + batch.ids.size, batch.after)
            yield Step(done, loss)


def _keep(plan: Plan, model: Model, optimizers: Optimizers, vocabulary: tuple[str, ...], done: Progress) -> None:
    arrays = model_arrays(model)
    for name, optimizer in optimizers.items():
        arrays |= optimizer_arrays(name, optimizer)
    save_checkpoint(plan.out / "checkpoint.npz", Checkpoint(vocabulary, done, arrays))
    export(plan.out / "weights.npz", model, vocabulary, {"seed": plan.seed, "steps": done.step, "tokens": done.tokens})


def rate(plan: Plan, span: Span, step: int) -> float:
    """Up quickly, then down to nothing in a straight line: what is learned early is coarse, and the last steps are fine."""
    rising = min(1.0, (step - span.begin + 1) / plan.warmup)
    return span.phase.rate * rising * (span.end - step) / (span.end - span.begin)


def _optimizers(model: Model) -> Optimizers:
    """Muon for the matrices of the layers, AdamW for what is looked up and scaled."""
    matrices = [value for name, value in model.named_parameters() if name.startswith("layers.") and value.ndim == 2]
    others = [value for name, value in model.named_parameters() if not (name.startswith("layers.") and value.ndim == 2)]
    return {
        "muon": torch.optim.Muon(matrices, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        "adamw": torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.0),
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
    parser.add_argument("--steps", type=int, help=f"{Plan(Path()).steps:,} unless said")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--threads", type=int, help="as many as the machine has cores, unless said")
    given = vars(parser.parse_args())
    if threads := given.pop("threads"):
        torch.set_num_threads(threads)
    return Plan(**{name: value for name, value in given.items() if value is not None})


if __name__ == "__main__":
    print(train(_plan()))
