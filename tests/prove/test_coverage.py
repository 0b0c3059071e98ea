"""Over logs of policies that learned while they gathered them, the interval of the doubly robust estimate holds the truth as
often as it says, and is hardly wider than one that knew the true variance."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from adaptive_logs import Cell, Leaning, Tale, World, campaign, worlds

from loopwright.policy import build
from loopwright.policy.protocol import Policy
from loopwright.spec.blocks import Named

WORLDS = dict(worlds())
SEEDS = range(30_000, 30_200)
"""None of those that the intervals were built with."""
MORE_SEEDS = range(30_000, 31_000)

LOGGING: dict[str, Policy] = {
    "epsilon 0.1": build(Named(kind="epsilon_greedy", argument=0.1)),
    "epsilon 0.3": build(Named(kind="epsilon_greedy", argument=0.3)),
    "leaning": Leaning(),
    "thompson": build(Named(kind="thompson")),
    "thompson above a floor": build(Named(kind="safe_start", argument={"baseline": "a", "explore": 0.2, "policy": "thompson"})),
}
STOPPING: dict[str, Policy] = {
    "epsilon 0.6": build(Named(kind="epsilon_greedy", argument=0.6)),
    "leaning": Leaning(floor=0.6),
    "thompson above a floor": build(
        Named(kind="safe_start", argument={"baseline": "a", "explore": 0.9, "at_random": 0.6, "policy": "thompson"})
    ),
}
"""With a larger floor: weights of three decisions multiply."""


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


class Limits(NamedTuple):
    least: float = 0.90
    most: float = 0.99
    widest: float = 1.3

    def hold(self, tale: Tale) -> bool:
        return self.least <= tale.coverage <= self.most and tale.width <= self.widest


def prove(place: tuple[World, Policy], asked: dict[str, Cell], limits: Limits) -> dict[str, Tale]:
    """Double sampling: a cell that two hundred logs leave outside the limits is judged by a thousand, since in some of so many
    cells chance alone would."""
    tales = campaign(*place, asked, SEEDS)
    doubtful = {name: asked[name] for name, tale in tales.items() if not limits.hold(tale)}
    return tales | (campaign(*place, doubtful, MORE_SEEDS) if doubtful else {})


def check(place: str, tales: dict[str, Tale], limits: Limits) -> None:
    """All are told before one is found wanting."""
    for cell, tale in tales.items():
        print(f"{place + ', ' + cell:45} {tale}")
    assert not [cell for cell, tale in tales.items() if not limits.hold(tale)]


@pytest.mark.slow
@pytest.mark.parametrize("logging", ["epsilon 0.3", "leaning"])
def test_intervals_cover_in_fifty_logs(logging: str) -> None:
    world = World(((0.3, 0.5, 0.7), (0.6, 0.5, 0.4)), trials=300)
    check("short", campaign(world, LOGGING[logging], cells(world), range(50)), Limits(0.86, 1.0, 1.5))


@pytest.mark.prove
@pytest.mark.parametrize("logging", ["epsilon 0.1", "epsilon 0.3", "leaning"])
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_cover_in_two_hundred_logs(world: str, logging: str) -> None:
    tales = prove((WORLDS[world], LOGGING[logging]), cells(WORLDS[world]), Limits())
    check(f"{world}, {logging}", tales, Limits())


@pytest.mark.prove
@pytest.mark.parametrize(("world", "logging"), [("contexts", "thompson"), ("plain", "thompson above a floor")])
def test_intervals_cover_where_arms_are_drawn(world: str, logging: str) -> None:
    """Over a floor probabilities are stated, given the draws; without one they are computed from the log, and only what
    Thompson sampling itself likes is supported."""
    short = replace(WORLDS[world], trials=400)
    asked = cells(short) | {"thompson": Cell("thompson")}
    if logging == "thompson":
        del asked["worst"], asked["uniform"]
    tales = prove((short, LOGGING[logging]), asked, Limits())
    check(f"{world}, {logging}", tales, Limits())


@pytest.mark.prove
@pytest.mark.parametrize("logging", STOPPING)
def test_intervals_cover_where_whole_trials_are_compared(logging: str) -> None:
    world = World(((0.5, 0.4, 0.7), (0.5, 0.6, 0.2)), trials=600, steps=3, stops=True)
    asked = {"last": Cell({"fixed": "c"}), "uniform": Cell("uniform"), "learning": Cell({"epsilon_greedy": 0.2})}
    tales = prove((world, STOPPING[logging]), asked, Limits())
    check(f"trials that stop, {logging}", tales, Limits())


THIN = {
    "an arm played twice or so": (World(((0.3, 0.5, 0.7),), trials=300), build(Named(kind="epsilon_greedy", argument=0.02))),
    "an arm that thompson gave up": (World(((0.3, 0.5, 0.7),), trials=400), LOGGING["thompson"]),
    "every step another way": (World(((0.3, 0.5, 0.7),), trials=200, steps=4), LOGGING["epsilon 0.1"]),
}


@pytest.mark.prove
@pytest.mark.parametrize("case", THIN)
def test_thin_support_is_said_to_be_and_intervals_still_hold_the_truth(case: str) -> None:
    limits = Limits(most=1.0)
    tales = prove(THIN[case], {"worst": Cell({"fixed": "a"})}, limits)
    check(case, tales, limits)
    assert min(tale.warned for tale in tales.values()) >= 0.99
