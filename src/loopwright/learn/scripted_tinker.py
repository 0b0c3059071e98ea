"""Stands in for the library of the Tinker service: the same names, no network, no key, and no large model. What it is taught it
keeps as counts of words, by label, and what it is asked it answers from those."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Done(NamedTuple, Generic[T]):
    """A future that has its result already."""

    value: T

    def result(self, timeout: float | None = None) -> T:
        return self.value


class ModelInput(NamedTuple):
    tokens: tuple[int, ...]

    @classmethod
    def from_ints(cls, tokens: Sequence[int]) -> ModelInput:
        return cls(tuple(tokens))

    def to_ints(self) -> list[int]:
        return list(self.tokens)


class Datum(NamedTuple):
    model_input: ModelInput
    loss_fn_inputs: Mapping[str, Sequence[float]]


class AdamParams(NamedTuple):
    learning_rate: float = 1e-4


class Tokenizer:
    """A token is a byte."""

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        return list(text.encode("utf-8", "replace"))


@dataclass
class _Learned:
    rows: Counter[bytes] = field(default_factory=Counter)
    words: defaultdict[bytes, Counter[bytes]] = field(default_factory=lambda: defaultdict(Counter))


class ServiceClient:
    def create_lora_training_client(self, base_model: str, rank: int = 32, seed: int | None = None) -> Done[TrainingClient]:
        return Done(TrainingClient())


class TrainingClient:
    def __init__(self) -> None:
        self._pending: list[tuple[bytes, bytes]] = []
        self._learned = _Learned()

    def get_tokenizer(self) -> Tokenizer:
        return Tokenizer()

    def forward_backward(self, data: Sequence[Datum], loss_fn: str) -> Done[None]:
        if loss_fn != "cross_entropy":
            raise ValueError(f"no loss is called {loss_fn!r}")
        for datum in data:
            targets, weights = datum.loss_fn_inputs["target_tokens"], datum.loss_fn_inputs["weights"]
            if not len(targets) == len(weights) == len(datum.model_input.tokens):
                raise ValueError("a target and a weight is needed for each token")
            answer = sum(weight > 0 for weight in weights)
            whole = bytes([datum.model_input.tokens[0], *map(int, targets)])
            self._pending.append((whole[:-answer], whole[-answer:]))
        return Done(None)

    def optim_step(self, optim_params: AdamParams) -> Done[None]:
        for prompt, answer in self._pending:
            self._learned.rows[answer] += 1
            self._learned.words[answer].update(prompt.lower().split())
        self._pending = []
        return Done(None)

    def save_weights_and_get_sampling_client(self, name: str | None = None) -> Done[SamplingClient]:
        return Done(SamplingClient(self._learned))


class SamplingClient:
    """Answers as naive Bayes does: how likely the words are beside the answer, and the answer by itself."""

    def __init__(self, learned: _Learned) -> None:
        self._learned = learned
        self._known = len({word for counts in learned.words.values() for word in counts}) + 1

    def compute_logprobs(self, prompt: ModelInput, prompt_logprobs_last_n: int | None = None) -> Done[list[float | None]]:
        last = prompt_logprobs_last_n or len(prompt.tokens) - 1
        whole = bytes(prompt.tokens)
        told: list[Any] = [None] * (len(whole) - last)
        return Done([*told, self._score(whole[:-last], whole[-last:]), *[0.0] * (last - 1)])

    def _score(self, prompt: bytes, answer: bytes) -> float:
        counts, rows = self._learned.words[answer], self._learned.rows
        total = counts.total() + self._known
        score = math.log((rows[answer] + 1) / (rows.total() + len(rows) + 1))
        return score + math.fsum(math.log((counts[word] + 1) / total) for word in prompt.lower().split())
