"""A LoRA fine-tune of a large model by the Tinker service: taught to answer a text with its label, and asked how likely it
finds each label after another text.

Needs the extra `tinker` and a key. It costs money that no budget of ours counts, so nothing starts it but a user's own word.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from loopwright.errors import BoundaryError, ExtraMissing, UsageError
from loopwright.learn.protocol import Classifier, Goal, Target
from loopwright.policy.keyed import Keyed
from loopwright.spec.blocks import Block

KEY = "TINKER_API_KEY"
_PROMPT = "Text: {}\nLabel:"
_AT_ONCE = 64


class Tinker(Block):
    """`scripted` is a stand-in that ships with Loopwright: it tunes no model and costs nothing."""

    goal: ClassVar[Goal] = "classification"
    paid: ClassVar[bool] = True

    base: Annotated[str, Field(min_length=1, description="the model that is tuned, by the service's name")] = "Qwen/Qwen3-8B"
    rank: Annotated[int, Field(ge=1, le=512, description="of the LoRA adapter")] = 16
    epochs: Annotated[int, Field(ge=1, le=100, description="passes over the rows")] = 3
    batch: Annotated[int, Field(ge=1, le=4096, description="rows per step")] = 32
    rate: Annotated[float, Field(gt=0, description="the learning rate of Adam")] = 1e-4
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    service: Annotated[Literal["tinker", "scripted"], Field(description="scripted: practise with no key and no model")] = (
        "tinker"
    )

    def fit(self, texts: Sequence[str], targets: Sequence[Target]) -> Classifier:
        labels = tuple(sorted(set(map(str, targets))))
        with _blamed():
            library = _library(self.service)
            training = library.ServiceClient().create_lora_training_client(self.base, rank=self.rank, seed=self.seed).result()
            tokens = training.get_tokenizer()
            self._train(library, training, [_datum(library, tokens, *row) for row in zip(texts, targets, strict=True)])
            tuned = training.save_weights_and_get_sampling_client().result()
        return Classifier(labels, _asked(library, tuned, tokens, labels))

    def _train(self, library: Any, training: Any, rows: list[Any]) -> None:
        """A step's gradients and its update are sent one after the other, and waited for together."""
        adam = library.AdamParams(learning_rate=self.rate)
        for epoch in range(self.epochs):
            Keyed(self.seed, epoch, 0, "rows of a fine-tune").shuffle(rows)
            for start in range(0, len(rows), self.batch):
                sent = [training.forward_backward(rows[start : start + self.batch], "cross_entropy"), training.optim_step(adam)]
                for each in sent:
                    each.result()


def _datum(library: Any, tokens: Any, text: str, target: Target) -> Any:
    """A row as the service learns it: of the whole, only the label is to be answered."""
    prompt, answer = _encoded(tokens, text, str(target))
    whole = [*prompt, *answer]
    weights = [0.0] * (len(prompt) - 1) + [1.0] * len(answer)
    wanted = {"target_tokens": whole[1:], "weights": weights}
    return library.Datum(model_input=library.ModelInput.from_ints(whole[:-1]), loss_fn_inputs=wanted)


def _asked(library: Any, tuned: Any, tokens: Any, labels: Sequence[str]) -> Callable[[Sequence[str]], Any]:
    def asked(texts: Sequence[str]) -> Any:
        import numpy as np  # noqa: PLC0415 - checking a spec does without

        found: list[list[float]] = []
        with _blamed():
            for start in range(0, len(texts), _AT_ONCE):
                found += _likely(library, tuned, tokens, [(text, labels) for text in texts[start : start + _AT_ONCE]])
        scores = np.array(found)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    return asked


def _likely(library: Any, tuned: Any, tokens: Any, asked: Sequence[tuple[str, Sequence[str]]]) -> list[list[float]]:
    """For each text the log-probability of each label after it; all are asked for before the first is waited for."""
    sent = []
    for text, labels in asked:
        rows = [_encoded(tokens, text, label) for label in labels]
        sent.append(
            [
                (tuned.compute_logprobs(library.ModelInput.from_ints([*prompt, *answer]), len(answer)), len(answer))
                for prompt, answer in rows
            ]
        )
    return [[_sum(future.result()[-count:]) for future, count in row] for row in sent]


def _sum(known: Sequence[float | None]) -> float:
    if any(each is None for each in known):
        raise ValueError("a token of a label came back without its log-probability")
    return math.fsum(each for each in known if each is not None)


def _encoded(tokens: Any, text: str, label: str) -> tuple[list[int], list[int]]:
    """The label ends with a line break, so that none is the beginning of another."""
    return tokens.encode(_PROMPT.format(text)), tokens.encode(f" {label}\n", add_special_tokens=False)


def _library(service: str) -> Any:
    if service == "scripted":
        return import_module("loopwright.learn.scripted_tinker")
    try:
        library = import_module("tinker")
    except ImportError as error:
        raise ExtraMissing("tinker", "the model `tinker`") from error
    if not os.environ.get(KEY):
        raise UsageError(f"the model `tinker` needs a key in the environment variable {KEY}; {{service: scripted}} needs none")
    return library


@contextmanager
def _blamed() -> Iterator[None]:
    """What goes wrong at the service is the service's."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        raise BoundaryError("tinker", f"{type(error).__name__}: {error}") from error
