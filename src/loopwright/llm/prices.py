"""What a call costs: from the spec, else from the package's small dated table, else unknown. Whole nano-USD, rounded up."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import orjson

from loopwright.llm.messages import Usage
from loopwright.spec.blocks import ModelBlock

NANO = 1_000_000_000
PER = 1_000_000

FREE = frozenset({"scripted", "replay", "replay_proxy", "refusing", "tiny"})
"""Providers that send nothing anywhere."""


class Price(NamedTuple):
    """Nano-USD per million tokens, as whole numbers."""

    input: int
    output: int
    cached: int

    def of(self, usage: Usage) -> int:
        """What the server charges for this, in nano-USD."""
        cached = min(usage.cached, usage.input)
        total = (usage.input - cached) * self.input + cached * self.cached + usage.output * self.output
        return -(-total // PER)

    def most(self, prompt: int, output: int) -> int:
        """The most that so many tokens in and out can cost."""
        return -(-(prompt * max(self.input, self.cached) + output * self.output) // PER)


def price_of(block: ModelBlock) -> Price | None:
    """The price of a model; None where nobody has told it."""
    if block.pricing is not None:
        given = block.pricing
        cached = given.input_per_1k if given.cached_input_per_1k is None else given.cached_input_per_1k
        return Price(*(_nano(Decimal(str(usd)) * 1000) for usd in (given.input_per_1k, given.output_per_1k, cached)))
    if block.provider in FREE:
        return Price(0, 0, 0)
    return _listed(block)


def nano_usd(usd: float) -> int:
    """A cap in whole nano-USD, rounded down."""
    return int(Decimal(str(usd)) * NANO)


def as_of() -> str:
    """The day on which the package's prices were read."""
    return str(_table()["as_of"])


def _listed(block: ModelBlock) -> Price | None:
    """Exact names at the official endpoint only: the same name elsewhere may cost anything."""
    endpoint = _table()["endpoints"].get(block.provider)
    if endpoint is None or (block.base_url is not None and block.base_url.rstrip("/") not in endpoint["base_urls"]):
        return None
    row = endpoint["models"].get(block.name)
    return row and Price(*(_nano(Decimal(row[part])) for part in ("input", "output", "cached")))


def _nano(usd_per_million: Decimal) -> int:
    return int((usd_per_million * NANO).to_integral_value(ROUND_CEILING))


@cache
def _table() -> Any:
    return orjson.loads(files("loopwright.llm").joinpath("prices.json").read_bytes())
