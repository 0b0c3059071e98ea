"""Whether a spec's fallbacks and caps can be kept at all; what is found here is mended before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopwright.errors import Problem
from loopwright.kinds import nearest
from loopwright.llm.prices import Price, price_of
from loopwright.spec.blocks import Budget, ModelBlock


def problems(blocks: Sequence[ModelBlock], budget: Budget) -> list[Problem]:
    return [*_fallback_problems(blocks, {block.id: block for block in blocks}), *_budget_problems(blocks, budget)]


def prices_of(blocks: Sequence[ModelBlock]) -> dict[str, Price | None]:
    """What each model costs, by its id; None is unknown."""
    by_id = {block.id: block for block in blocks}
    return {block.id: _price(block, by_id) for block in blocks}


def _price(block: ModelBlock, by_id: Mapping[str, ModelBlock]) -> Price | None:
    """A recorded model costs what the model behind it costs."""
    recorded = by_id.get(block.of or "")
    return price_of(block if recorded is None or block.pricing is not None else recorded)


def _fallback_problems(blocks: Sequence[ModelBlock], by_id: Mapping[str, ModelBlock]) -> list[Problem]:
    found = []
    for index, block in enumerate(blocks):
        path = f"models[{index}].fallback"
        seen, at = {block.id}, block
        while at.fallback is not None:
            if at.fallback not in by_id:
                if at is block:
                    hint = nearest(at.fallback, by_id)
                    found.append(Problem(path, f"no model has the id {at.fallback!r}", nearest=hint))
                break
            if at.fallback in seen:
                found.append(Problem(path, f"the fallbacks of {block.id!r} lead in a circle"))
                break
            at = by_id[at.fallback]
            seen.add(at.id)
    return found


def _budget_problems(blocks: Sequence[ModelBlock], budget: Budget) -> list[Problem]:
    """A cap on money or tokens needs to know the most that a call can come to."""
    found, prices = [], prices_of(blocks)
    for index, block in enumerate(blocks):
        own = block.budget or Budget()
        usd, tokens = (budget.usd, own.usd) != (None, None), (budget.tokens, own.tokens) != (None, None)
        price = prices[block.id]
        if usd and price is None:
            message = f"the price of {block.id!r} ({block.name}) is unknown, so a USD budget cannot be kept"
            found.append(Problem(f"models[{index}].pricing", message, "input_per_1k and output_per_1k"))
        if block.max_output_tokens is None and (tokens or (usd and (price is None or price.output > 0))):
            message = f"{block.id!r} may answer at any length, so a USD or token budget cannot be kept"
            found.append(Problem(f"models[{index}].max_output_tokens", message, "a whole number"))
    return found
