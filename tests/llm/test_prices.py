"""Prices: the spec's, else the table's, else unknown; whole numbers, never rounded in the user's favour."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.messages import Usage
from loopwright.llm.prices import Price, as_of, nano_usd, price_of
from loopwright.spec.blocks import ModelBlock, Pricing


def block(provider: str = "openai", model: str = "gpt-4o-mini", **fields: object) -> ModelBlock:
    return ModelBlock.model_validate({"id": "m", "provider": provider, "model": model, **fields})


def test_what_the_spec_says_goes_first() -> None:
    price = price_of(block(pricing=Pricing(input_per_1k=0.00015, output_per_1k=0.0006, cached_input_per_1k=0.000075)))
    assert price == Price(150_000_000, 600_000_000, 75_000_000)
    assert price_of(block(pricing=Pricing(input_per_1k=0.1, output_per_1k=0.2))) == Price(10**11, 2 * 10**11, 10**11)


def test_the_table_is_dated_and_knows_official_endpoints_alone() -> None:
    assert date.fromisoformat(as_of())
    assert price_of(block()) == Price(150_000_000, 600_000_000, 75_000_000)
    assert price_of(block(base_url="https://api.openai.com/v1/")) is not None
    assert price_of(block("anthropic", "claude-haiku-4-5")) == Price(10**9, 5 * 10**9, 10**8)
    assert price_of(block(base_url="http://127.0.0.1:8000/v1")) is None
    assert price_of(block(model="gpt-4o-mini-tuned")) is None
    assert price_of(block("litellm")) is None


@pytest.mark.parametrize("provider", ["scripted", "replay", "replay_proxy", "refusing", "tiny"])
def test_what_goes_nowhere_costs_nothing(provider: str) -> None:
    assert price_of(block(provider)) == Price(0, 0, 0)


TOKENS = st.integers(0, 10**9)
USD = st.floats(0, 100, allow_nan=False).map(lambda usd: round(usd, 9))


@given(TOKENS, TOKENS, TOKENS, USD, USD)
def test_a_cost_is_exact_and_rounded_up(prompt: int, output: int, cached: int, usd_in: float, usd_out: float) -> None:
    price = price_of(block(pricing=Pricing(input_per_1k=usd_in, output_per_1k=usd_out)))
    assert price is not None
    usage = Usage(prompt, output, cached=min(cached, prompt))
    exact = (prompt * Fraction(repr(usd_in)) + output * Fraction(repr(usd_out))) * 10**9 / 1_000
    assert exact <= price.of(usage) <= exact + 1 + Fraction(prompt + output, 10**6)
    assert price.of(usage) <= price.most(prompt, output)


def test_a_cap_is_rounded_down() -> None:
    assert nano_usd(5) == 5 * 10**9
    assert nano_usd(0.1) == 10**8
    assert nano_usd(1.23456789099) == 1_234_567_890
