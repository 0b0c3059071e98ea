"""Over logs of policies that learned while they gathered them, the interval of the doubly robust estimate holds the truth as
often as it says, and is hardly wider than one that knew the true variance."""

from __future__ import annotations

import pytest
from adaptive_logs import Leaning, World, campaign, worlds

from loopwright.policy import build
from loopwright.policy.protocol import Policy
from loopwright.spec.blocks import Named

WORLDS = dict(worlds())
SEEDS = range(10_000, 10_200)
"""None of those that the intervals were built with."""

LOGGING: dict[str, Policy] = {
    "epsilon 0.1": build(Named(kind="epsilon_greedy", argument=0.1)),
    "epsilon 0.3": build(Named(kind="epsilon_greedy", argument=0.3)),
    "leaning": Leaning(),
}


def targets(world: World) -> dict[str, str | dict[str, object]]:
    return {
        "worst": {"fixed": world.arms[0]},
        "last": {"fixed": world.arms[-1]},
        "uniform": "uniform",
        "learning": {"epsilon_greedy": 0.05},
    }


@pytest.mark.parametrize("target", ["worst", "last"])
@pytest.mark.parametrize("logging", ["epsilon 0.3", "leaning"])
def test_intervals_cover_in_fifty_logs(logging: str, target: str) -> None:
    world = World(((0.3, 0.5, 0.7), (0.6, 0.5, 0.4)), trials=300)
    tale = campaign(world, LOGGING[logging], targets(world)[target], range(50))
    assert tale.coverage >= 0.86
    assert tale.width <= 1.5


@pytest.mark.prove
@pytest.mark.parametrize("target", ["worst", "last", "uniform", "learning"])
@pytest.mark.parametrize("logging", sorted(LOGGING))
@pytest.mark.parametrize("world", sorted(WORLDS))
def test_intervals_cover_in_two_hundred_logs(world: str, logging: str, target: str) -> None:
    tale = campaign(WORLDS[world], LOGGING[logging], targets(WORLDS[world])[target], SEEDS)
    print(f"{world}, {logging}, {target}: covers {tale.coverage:.1%}, {tale.width:.2f} as wide, off by {tale.bias:+.4f}")
    assert 0.90 <= tale.coverage <= 0.99
    assert tale.width <= 1.3


@pytest.mark.prove
@pytest.mark.parametrize("target", ["thompson", "worst"])
def test_intervals_cover_where_probabilities_are_computed_from_the_log(target: str) -> None:
    """Thompson sampling above a floor: most of its stored probabilities are null."""
    world = World(((0.3, 0.5, 0.7),), trials=400)
    logging = build(Named(kind="safe_start", argument={"baseline": "a", "explore": 0.2, "policy": "thompson"}))
    tale = campaign(world, logging, {**targets(world), "thompson": "thompson"}[target], SEEDS)
    print(f"null probabilities, {target}: covers {tale.coverage:.1%}, {tale.width:.2f} as wide, off by {tale.bias:+.4f}")
    assert 0.90 <= tale.coverage <= 0.99
    assert tale.width <= 1.3
