"""How fast policies decide and learn, beside mabwiser in the same process where it is installed (`make bench-peers`).

A decision is what the loop does: keyed random numbers, the choice, its probability, the lesson, the memory's next version.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from loopwright.policy import build
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import NOTHING, Lesson, Situation, new
from loopwright.records import Arm
from loopwright.spec.blocks import Named

ARMS = tuple(Arm(f"arm{number}") for number in range(10))
NAMES = [arm.name for arm in ARMS]
ENCODING = Encoding(numbers={f"x{number}": (0.0, 1.0) for number in range(8)}, bias=False)
ROUNDS = 7


class Pair(NamedTuple):
    """A policy, and mabwiser's by the name of its learning policy; `target` is how many times faster ours is to be."""

    policy: str
    peer: str | None
    contextual: bool = False
    target: int | None = None


PAIRS = (
    Pair("epsilon_greedy", "EpsilonGreedy", target=20),
    Pair("thompson", "ThompsonSampling", target=5),
    Pair("ucb1", "UCB1"),
    Pair("kl_ucb", None),
    Pair("exp3", None),
    Pair("linucb", "LinUCB", True),
    Pair("lin_ts", "LinTS", True, 30),
)


def ours(pair: Pair, decisions: int) -> float:
    policy, memory = build(Named(kind=pair.policy)), Memory()
    rows = contexts(decisions)
    encoding = ENCODING if pair.contextual else None
    fields: list[dict[str, Any]] = [dict(zip(ENCODING.numbers, row, strict=True)) if pair.contextual else {} for row in rows]
    rewards = np.random.default_rng(1).random(decisions).round().tolist()
    started = time.thread_time()
    for trial in range(decisions):
        context = fields[trial]
        choice = policy.choose(new(Situation, (context, ARMS, trial, Keyed(7, trial, 0, "choose"), encoding)), memory)
        policy.learn(
            new(Lesson, (context, choice.arm.name, rewards[trial], choice.probability, NOTHING, encoding, 1.0)), memory
        )
        memory.advance()
    return decisions / (time.thread_time() - started)


def theirs(pair: Pair, decisions: int) -> float:
    from mabwiser.mab import MAB, LearningPolicy

    peer = MAB(NAMES, getattr(LearningPolicy, str(pair.peer))(), seed=1)
    rows = np.array(contexts(decisions + 10))
    rewards = np.random.default_rng(1).random(decisions).round().tolist()
    peer.fit(NAMES, [0, 1] * 5, *([rows[decisions:]] if pair.contextual else []))
    started = time.thread_time()
    for trial in range(decisions):
        row = [rows[trial : trial + 1]] if pair.contextual else []
        peer.partial_fit([peer.predict(*row)], [rewards[trial]], *row)
    return decisions / (time.thread_time() - started)


def contexts(count: int) -> list[list[float]]:
    rows: list[list[float]] = np.random.default_rng(0).normal(size=(count, 8)).tolist()
    return rows


def rates(pair: Pair, peers: bool) -> tuple[float, float, float]:
    """Ours, theirs and how many times faster ours is: medians over rounds in which one came right after the other."""
    rounds = []
    for _ in range(ROUNDS):
        fast = ours(pair, 2000 if pair.contextual else 20_000)
        slow = theirs(pair, 200 if pair.contextual else 1000) if peers and pair.peer else float("nan")
        rounds.append((fast, slow, fast / slow))
    fast, slow, ratio = (median(each) for each in zip(*rounds, strict=True))
    return fast, slow, ratio


def has_peer() -> bool:
    try:
        import mabwiser  # noqa: F401
    except ImportError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="changes nothing here: a peer that is installed is measured")
    parser.parse_args()
    peers = has_peer()
    print("decisions per CPU second, 10 arms, 8 numbers of context for the linear ones:")
    warnings.simplefilter("ignore")
    for pair in PAIRS:
        fast, slow, ratio = rates(pair, peers)
        line = f"  {pair.policy:16} {fast:9,.0f}"
        if peers and pair.peer:
            line += f"   mabwiser {slow:8,.0f}   {ratio:5.1f}x" + (f" (target {pair.target}x)" if pair.target else "")
        print(line)
    if not peers:
        print("  mabwiser is not installed: `make bench-peers` measures beside it")


if __name__ == "__main__":
    main()
