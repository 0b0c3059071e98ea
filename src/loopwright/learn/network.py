"""A small network in PyTorch: the mean of learned vectors of words and pairs of words, one hidden layer, and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import chain, pairwise
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from loopwright.errors import ExtraMissing
from loopwright.learn.protocol import Classifier, Goal, Target, constant
from loopwright.spec.blocks import Block
from loopwright.text.words import words

_BATCH = 32
_WORDLESS = ""


class Network(Block):
    """Needs the extra `torch`."""

    goal: ClassVar[Goal] = "classification"
    paid: ClassVar[bool] = False

    epochs: Annotated[int, Field(ge=1, le=1000, description="passes over the rows")] = 30
    width: Annotated[int, Field(ge=1, le=4096, description="numbers per word, and in the hidden layer")] = 64
    rate: Annotated[float, Field(gt=0, description="the learning rate of Adam")] = 0.01
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    def fit(self, texts: Sequence[str], targets: Sequence[Target]) -> Classifier:
        torch = _torch()
        labels = tuple(sorted(set(map(str, targets))))
        if len(labels) < 2:
            return constant(targets)
        parts = [_parts(text) for text in texts]
        places = {part: place for place, part in enumerate(sorted({_WORDLESS, *chain.from_iterable(parts)}))}
        rows = [_known(places, each) for each in parts]
        wanted = torch.tensor([labels.index(str(target)) for target in targets])
        with _one_thread(torch):
            layers = _Layers.begun(torch, self, len(places), len(labels))
            self._train(torch, layers, rows, wanted)
        return Classifier(labels, _asked(torch, layers, places))

    def _train(self, torch: Any, layers: _Layers, rows: Sequence[list[int]], wanted: Any) -> None:
        draw = torch.Generator().manual_seed(self.seed)
        steps = torch.optim.Adam(layers, lr=self.rate)
        for _ in range(self.epochs):
            for some in torch.randperm(len(rows), generator=draw).split(_BATCH):
                loss = torch.nn.functional.cross_entropy(layers.scores(torch, [rows[at] for at in some]), wanted[some])
                steps.zero_grad()
                loss.backward()
                steps.step()


class _Layers(NamedTuple):
    """Tensors that are trained."""

    vectors: Any
    inner: Any
    inner_bias: Any
    outer: Any
    outer_bias: Any

    @classmethod
    def begun(cls, torch: Any, given: Network, parts: int, labels: int) -> _Layers:
        draw = torch.Generator().manual_seed(given.seed)
        width = given.width

        def drawn(*shape: int) -> Any:
            return (torch.randn(*shape, generator=draw) / width**0.5).requires_grad_()

        zeros = [torch.zeros(size).requires_grad_() for size in (width, labels)]
        return cls(drawn(parts, width), drawn(width, width), zeros[0], drawn(labels, width), zeros[1])

    def scores(self, torch: Any, rows: Sequence[list[int]]) -> Any:
        ends = torch.tensor([0, *map(len, rows)]).cumsum(0)[:-1]
        means = torch.nn.functional.embedding_bag(torch.tensor([*chain.from_iterable(rows)]), self.vectors, ends, mode="mean")
        hidden = torch.relu(means @ self.inner.T + self.inner_bias)
        return hidden @ self.outer.T + self.outer_bias


def _asked(torch: Any, layers: _Layers, places: Mapping[str, int]) -> Callable[[Sequence[str]], Any]:
    def asked(texts: Sequence[str]) -> Any:
        rows = [_known(places, _parts(text)) for text in texts]
        with _one_thread(torch), torch.no_grad():
            return layers.scores(torch, rows).double().softmax(dim=1).numpy()

    return asked


def _parts(text: str) -> list[str]:
    found = words(text)
    return [*found, *map(" ".join, pairwise(found))]


def _known(places: Mapping[str, int], parts: Sequence[str]) -> list[int]:
    """Where the vectors of those stand that were seen in training."""
    return [places[part] for part in parts if part in places] or [places[_WORDLESS]]


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError as error:
        raise ExtraMissing("torch", "the model `torch`") from error


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """With several, sums end in other last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
