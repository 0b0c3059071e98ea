"""Learning pays where the quality of the arms is planted: a short form of bench/datagen_planted.py."""

from __future__ import annotations

import pytest
from bench.datagen_planted import FIXED, ROWS, UNIFORM, calls, result

SEEDS = range(5)


@pytest.mark.slow
def test_the_default_saves_a_fifth_of_the_calls_and_comes_near_the_best_arm() -> None:
    default = ROWS[0]
    uniform, best = ([calls(default, policy, seed) for seed in SEEDS] for policy in (UNIFORM, FIXED))
    assert result(default, [calls(default, None, seed) for seed in SEEDS], uniform, best).holds
    assert not result(default, uniform, uniform, best).holds
