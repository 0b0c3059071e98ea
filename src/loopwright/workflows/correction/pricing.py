"""What a reprompt costs, in correct answers: the tokens of its words and of the new answer, or their price in USD."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from loopwright.llm.messages import Reply, Usage
from loopwright.llm.prices import NANO, price_of
from loopwright.records import Fields
from loopwright.spec.blocks import ModelBlock
from loopwright.workflows.correction.spec import RewardBlock

DEFAULT_PRICE = 0.001
_CHARACTERS = 4
"""Of a token, about: what the words of a reprompt are counted by, and an answer whose tokens nobody counted."""


class Tokens(NamedTuple):
    """Of one turn. `billed` is what the server counted, the history included; None where it did not say."""

    reprompt: int
    completion: int
    billed: int | None
    assumed: bool

    @property
    def new(self) -> int:
        return self.reprompt + self.completion

    def fields(self) -> Fields:
        return self._asdict()


Toll: TypeAlias = Callable[[Tokens], float]
"""The price of a turn in correct answers."""


def tokens(prompt: str | None, reply: Reply) -> Tokens:
    usage = reply.usage
    completion = estimated(reply.text) if usage is None else usage.output
    billed = None if usage is None else usage.input + usage.output
    return Tokens(0 if prompt is None else estimated(prompt), completion, billed, usage is None)


def estimated(text: str) -> int:
    return -(-len(text) // _CHARACTERS)


def toll(reward: RewardBlock, model: ModelBlock) -> Toll:
    if reward.correct_is_worth_usd is not None:
        price, worth = price_of(model), reward.correct_is_worth_usd * NANO
        if price is None:  # `problems` of the spec has said so before
            raise ValueError(f"what {model.id!r} costs is not known")
        return lambda used: price.of(Usage(used.reprompt, used.completion)) / worth
    each = DEFAULT_PRICE if reward.token_price is None else reward.token_price
    if reward.correct_is_worth_tokens is not None:
        each = 1.0 / reward.correct_is_worth_tokens
    return lambda used: each * used.new
