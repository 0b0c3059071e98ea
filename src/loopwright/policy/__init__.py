"""Policies pick arms and learn from rewards. Here is the `kind` table; the rest of the room is one file per algorithm."""

from __future__ import annotations

from typing import cast

from loopwright.kinds import Kinds
from loopwright.policy.modifier import Modifier
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
        "thompson": "loopwright.policy.thompson:Thompson",
        "ucb1": "loopwright.policy.ucb1:Ucb1",
        "kl_ucb": "loopwright.policy.kl_ucb:KlUcb",
        "exp3": "loopwright.policy.exp3:Exp3",
        "linucb": "loopwright.policy.linucb:LinUcb",
        "lin_ts": "loopwright.policy.lin_ts:LinTs",
        "discounted": "loopwright.policy.discounted:Discounted",
        "windowed": "loopwright.policy.windowed:Windowed",
        "safe_start": "loopwright.policy.safe_start:SafeStart",
        "apart": "loopwright.policy.apart:Apart",
        "per_cost": "loopwright.policy.per_cost:PerCost",
        "warm_start": "loopwright.policy.warm_start:WarmStart",
    },
)


def build(named: Named, path: str = "policy") -> Policy:
    """The policy that a spec names, with its arguments checked, and those of the policies inside it."""
    policy = cast(Policy, configure(KINDS, named, path))
    if isinstance(policy, Modifier):
        policy.around(build(policy.policy, f"{path}.{named.kind}.policy"), f"{path}.{named.kind}")
    return policy
