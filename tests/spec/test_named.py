"""A name with arguments becomes a checked member of a room's table; what is wrong with them has a place in the spec."""

from __future__ import annotations

import pytest

from loopwright.errors import SpecError
from loopwright.kinds import Kinds
from loopwright.spec.blocks import Limits, Named, Pricing
from loopwright.spec.named import configure

KINDS = Kinds("block", {"limits": "loopwright.spec.blocks:Limits", "pricing": "loopwright.spec.blocks:Pricing"})


def test_a_name_may_have_no_argument_one_or_many() -> None:
    assert configure(KINDS, Named(kind="limits"), "block") == Limits()
    assert configure(KINDS, Named(kind="limits", argument=5), "block") == Limits(rpm=5)
    many = Named(kind="pricing", argument={"input_per_1k": 1, "output_per_1k": 2})
    assert configure(KINDS, many, "block") == Pricing(input_per_1k=1, output_per_1k=2)


def test_a_kind_may_stand_beside_its_fields() -> None:
    beside = Named.model_validate({"kind": "pricing", "input_per_1k": 1, "output_per_1k": 2})
    assert beside == Named.model_validate({"pricing": {"input_per_1k": 1, "output_per_1k": 2}})
    assert beside.model_dump() == {"pricing": {"input_per_1k": 1, "output_per_1k": 2}}
    with pytest.raises(SpecError, match="input_per_2k"):
        configure(KINDS, Named.model_validate({"kind": "pricing", "input_per_2k": 1}), "block")


def test_wrong_arguments_are_named_where_they_stand() -> None:
    with pytest.raises(SpecError) as caught:
        configure(KINDS, Named(kind="limits", argument={"rpn": 1, "tpm": 0, "a b": 1}), "blocks[2]")
    assert [problem.path for problem in caught.value.problems] == [
        "blocks[2].limits.tpm",
        "blocks[2].limits.rpn",
        'blocks[2].limits["a b"]',
    ]
    assert caught.value.problems[1].nearest == "rpm"
