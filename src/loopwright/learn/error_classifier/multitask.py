"""A small network with two heads over the same features: the error mode, and whether the answer is right. It is fitted with
PyTorch (the extra `torch`) and asked in plain Python, so that a run needs no PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from loopwright.errors import ExtraMissing, UsageError
from loopwright.learn.error_classifier.labelled import Step
from loopwright.learn.error_classifier.protocol import MODES, SURE, ErrorMode, Given, Predicted
from loopwright.learn.error_classifier.scale import REACH, Scale, numbers, parse_scale, rounded
from loopwright.learn.error_classifier.sight import Built, part_of
from loopwright.records import Json

_CHANGED: tuple[ErrorMode, ...] = ("corrected", "overcorrected", "wavering", "perfectionism")
_HIDDEN, _PASSES, _RATE, _BATCH = 32, 60, 0.003, 64
_DECAY = 1.0
"""So much that it cannot learn its answers by heart: with a hundredth of it, it is surer than it is right."""


@dataclass(frozen=True, slots=True)
class Network:
    """`inner` has a row for each hidden unit, `outer` one for each mode and a last one for being right; the last number of a
    row is its bias."""

    scale: Scale
    inner: tuple[tuple[float, ...], ...]
    outer: tuple[tuple[float, ...], ...]
    about: Mapping[str, Json] = field(default_factory=dict)

    def predict(self, question: str, answers: Sequence[Given]) -> Predicted:
        row = self.scale.row(Built().see(question, answers))
        hidden = [max(0.0, _unit(weights, row)) for weights in self.inner]
        *modes, right = (_unit(weights, hidden) for weights in self.outer)
        confidence = 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, right))))
        if part_of(answers) != "changed":
            return Predicted("unchanged_correct" if confidence >= SURE else "anchored", confidence)
        scores = dict(zip(MODES, modes, strict=True))
        return Predicted(max(_CHANGED, key=scores.__getitem__), confidence)

    def plain(self) -> dict[str, Json]:
        """What stands in the file, beside its version."""
        network: dict[str, Json] = {
            **self.scale.plain(),
            "inner": [list(row) for row in self.inner],
            "outer": [list(row) for row in self.outer],
        }
        return {"about": dict(self.about), "network": network}


def parse_network(given: Any, about: Mapping[str, Json], where: str) -> Network:
    try:
        inner, outer = (tuple(map(numbers, given[name])) for name in ("inner", "outer"))
        found = Network(parse_scale(given, where), inner, outer, about)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise UsageError(f"{where} holds no network") from None
    inputs, units = ({len(row) - 1 for row in layer} for layer in (inner, outer))
    if inputs != {len(found.scale.features)} or units != {len(inner)} or len(outer) != len(MODES) + 1:
        raise UsageError(f"{where}: the numbers of features and units do not fit together")
    return found


def fit_network(steps: Sequence[Step], about: Mapping[str, Json]) -> Network:
    """The same steps in the same order give the same network, on one machine."""
    torch = _torch()
    seen = [Built().see(step.question, step.answers) for step in steps]
    names = tuple(sorted({name for each in seen for name in each}))
    table = torch.tensor([[each.get(name, 0.0) for name in names] for each in seen])
    middles, spreads = table.mean(dim=0), table.std(dim=0)
    kept = [at for at, spread in enumerate(spreads.tolist()) if spread > 1e-6]
    table = ((table[:, kept] - middles[kept]) / spreads[kept]).clamp(-REACH, REACH)
    modes = torch.tensor([MODES.index(step.mode) for step in steps])
    right = torch.tensor([float(step.right) for step in steps])
    inner, outer = _trained(torch, table, modes, right)
    scale = Scale(tuple(names[at] for at in kept), rounded(middles[kept]), rounded(spreads[kept]))
    return Network(scale, _rows(inner), _rows(outer), about)


def _trained(torch: Any, table: Any, modes: Any, right: Any) -> tuple[Any, Any]:
    """Two layers. The loss is that of the mode and that of being right, as much of each."""
    before, draw = torch.get_num_threads(), torch.Generator().manual_seed(0)
    torch.set_num_threads(1)
    try:
        layers = []
        for inputs, units in ((table.shape[1], _HIDDEN), (_HIDDEN, len(MODES) + 1)):
            layers.append((torch.randn(units, inputs + 1, generator=draw) / (inputs + 1) ** 0.5).requires_grad_())
        steps = torch.optim.AdamW(layers, lr=_RATE, weight_decay=_DECAY)
        for _ in range(_PASSES):
            for some in torch.randperm(len(table), generator=draw).split(_BATCH):
                scores = _layer(torch.relu(_layer(table[some], layers[0])), layers[1])
                loss = torch.nn.functional.cross_entropy(scores[:, :-1], modes[some])
                loss = loss + torch.nn.functional.binary_cross_entropy_with_logits(scores[:, -1], right[some])
                steps.zero_grad()
                loss.backward()
                steps.step()
        return layers[0].detach(), layers[1].detach()
    finally:
        torch.set_num_threads(before)


def _layer(rows: Any, weights: Any) -> Any:
    return rows @ weights[:, :-1].T + weights[:, -1]


def _unit(weights: Sequence[float], row: Sequence[float]) -> float:
    return math.fsum(weight * value for weight, value in zip(weights, row, strict=False)) + weights[-1]


def _rows(matrix: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(map(rounded, matrix))


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError as error:
        raise ExtraMissing("torch", "fitting a classifier of the kind `torch`") from error
