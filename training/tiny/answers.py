"""What the shipped model says: many prompts through the package's own runtime, as it runs for users."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loopwright.llm.tiny.batching import Asked, Batch
from loopwright.llm.tiny.network import Network, load
from loopwright.llm.tiny.tokens import END, MODEL, USER, Tokenizer


class Answer(NamedTuple):
    text: str
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]

    @property
    def mean_logprob(self) -> float:
        return sum(self.logprobs) / len(self.logprobs)


class Speaker:
    """A model that is asked in batches. The same `salt` gives the same answers."""

    def __init__(self, weights: Path) -> None:
        held = load(weights)
        self.parameters, self.bytes = held.parameters, weights.stat().st_size
        self.network = Network(held)
        self.tokenizer = Tokenizer(held.vocabulary)
        self._batch: Batch[int] = Batch(self.network, held.vocabulary)

    def ask(self, prompts: Sequence[Sequence[str]], temperature: float, salt: str) -> list[Answer]:
        """A prompt is what was asked, or what was asked, answered, and asked again."""
        said: dict[int, Answer] = {}
        waiting = list(enumerate(prompts))[::-1]
        while waiting or len(self._batch):
            while waiting and len(self._batch) < self._batch.slots:
                number, turns = waiting.pop()
                ids = self._ids(turns)
                most = self.network.context - len(ids)
                self._batch.join(Asked(tuple(ids), most, f"{salt}/{number}".encode(), temperature), number)
            for number, ended in self._batch.step():
                tokens = tuple(self.tokenizer.decode([token]) for token in ended.tokens)
                said[number] = Answer("".join(tokens), tokens, ended.logprobs)
        return [said[number] for number in range(len(prompts))]

    def _ids(self, turns: Sequence[str]) -> list[int]:
        ids: list[int] = []
        for place, turn in enumerate(turns):
            words = self.tokenizer.encode(turn)
            ids += [*words, END] if place % 2 else [USER, *words, MODEL]
        return ids
