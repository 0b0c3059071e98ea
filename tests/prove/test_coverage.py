"""Over logs of policies that learned while they gathered them, the interval of the doubly robust estimate holds the truth as
often as it says, and is hardly wider than one that knew the true variance."""

from __future__ import annotations

from dataclasses import replace

import pytest
from adaptive_logs import Cell, Leaning, Tale, World, campaign, worlds

from loopwright.policy import build
from loopwright.policy.protocol import Policy
from loopwright.spec.blocks import Named

WORLDS = dict(worlds())
SEEDS = range(30_000, 30_200)
"""None of those that the intervals were built with."""

LOGGING: dict[str, Policy] = {
    "epsilon 0.1": build(Named(kind="epsilon_greedy", argument=0.1)),
    "epsilon 0.3": build(Named(kind="epsilon_greedy", argument=0.3)),
    "leaning": Leaning(),
    "thompson": build(Named(kind="thompson")),
    "thompson above a floor": build(Named(kind="safe_start", argument={"baseline": "a", "explore": 0.2, "policy": "thompson"})),
}


def cells(world: World) -> dict[str, Cell]:
    """`alone` answers the same only where steps do not depend on the arms of those before."""
    asked = {
        "worst": Cell({"fixed": world.arms[0]}),
        "last": Cell({"fixed": world.arms[-1]}),
        "uniform": Cell("uniform"),
        "learning": Cell({"epsilon_greedy": 0.05}),
    }
    apart = world.steps > 1 and not world.leads
    return asked | ({f"{name}, alone": cell._replace(alone=True) for name, cell in asked.items()} if apart else {})


def check(tales: dict[str, Tale], least: float = 0.90, most: float = 0.99, widest: float = 1.3) -> None:
    """All are told before one is found wanting."""
    for cell, tale in tales.items():
        print(f"{cell:45} {tale}")
    missed = [cell for cell, tale in tales.items() if not least <= tale.coverage <= most or tale.width > widest]
    assert not missed


@pytest.mark.parametrize("logging", ["epsilon 0.3", "leaning"])
def test_intervals_cover_in_fifty_logs(logging: str) -> None:
    world = World(((0.3, 0.5, 0.7), (0.6, 0.5, 0.4)), trials=300)
    check(campaign(world, LOGGING[logging], cells(world), range(50)), 0.86, 1.0, 1.5)


@pytest.mark.prove
@pytest.mark.parametrize("logging", ["epsilon 0.1", "epsilon 0.3", "leaning"])
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_cover_in_two_hundred_logs(world: str, logging: str) -> None:
    tales = campaign(WORLDS[world], LOGGING[logging], cells(WORLDS[world]), SEEDS)
    check({f"{world}, {logging}, {cell}": tale for cell, tale in tales.items()})


@pytest.mark.prove
@pytest.mark.parametrize("world", ["plain", "contexts"])
@pytest.mark.parametrize("logging", ["thompson", "thompson above a floor"])
def test_intervals_cover_where_probabilities_are_computed_from_the_log(world: str, logging: str) -> None:
    """Most or all of the stored ones are null. Without a floor only what Thompson sampling itself likes is supported."""
    short = replace(WORLDS[world], trials=400)
    asked = cells(short) | {"thompson": Cell("thompson")}
    if logging == "thompson":
        del asked["worst"], asked["uniform"]
    tales = campaign(short, LOGGING[logging], asked, SEEDS)
    check({f"{world}, {logging}, {cell}": tale for cell, tale in tales.items()})


THIN = {
    "an arm played twice or so": (World(((0.3, 0.5, 0.7),), trials=300), build(Named(kind="epsilon_greedy", argument=0.02))),
    "an arm that thompson gave up": (World(((0.3, 0.5, 0.7),), trials=400), LOGGING["thompson"]),
    "every step another way": (World(((0.3, 0.5, 0.7),), trials=200, steps=4), LOGGING["epsilon 0.1"]),
}


@pytest.mark.prove
@pytest.mark.parametrize("case", THIN)
def test_thin_support_is_said_to_be_and_intervals_still_hold_the_truth(case: str) -> None:
    tales = campaign(*THIN[case], {f"{case}, worst": Cell({"fixed": "a"})}, SEEDS)
    check(tales, most=1.0)
    assert min(tale.warned for tale in tales.values()) >= 0.99
