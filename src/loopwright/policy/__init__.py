"""Policies pick arms and learn from rewards. Here is the `kind` table; the rest of the room is one file per algorithm."""

from __future__ import annotations

from typing import cast

from loopwright.kinds import Kinds
from loopwright.policy.protocol import Policy
from loopwright.spec.blocks import Named
from loopwright.spec.named import configure

KINDS = Kinds(
    "policy",
    {
        "uniform": "loopwright.policy.uniform:Uniform",
        "fixed": "loopwright.policy.fixed:Fixed",
        "exhaustive": "loopwright.policy.exhaustive:Exhaustive",
        "epsilon_greedy": "loopwright.policy.epsilon_greedy:EpsilonGreedy",
    },
)


def build(named: Named, path: str = "policy") -> Policy:
    """The policy that a spec names, with its arguments checked."""
    return cast(Policy, configure(KINDS, named, path))
