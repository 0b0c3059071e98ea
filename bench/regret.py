"""What learning costs: the pseudo-regret of every policy over 10,000 decisions, beside the figures of the reference.

Context-free: 10 arms, order `default_rng(5000 + s).permutation(10)`, rewards `default_rng(1000 + s).random((T, 10)) < p`, the
policy's seed is s. Contextual: 10 arms, 8 numbers of context, rewards linear in them with noise 0.25. Writes docs/policies.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from loopwright.loop.chooser import Range
from loopwright.loop.window import Window
from loopwright.policy import build
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Policy, Situation
from loopwright.records import Arm
from loopwright.spec.blocks import Named

DOCS = Path(__file__).parents[1] / "docs"
HORIZON = 10_000
ARMS = tuple(Arm(f"arm{number}") for number in range(10))
GAMES = {
    "easy": (0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.70),
    "hard": (0.45,) * 9 + (0.50,),
    "lowp": (0.02,) * 3 + (0.03,) * 3 + (0.04, 0.05, 0.06, 0.10),
}
MARKS = tuple(range(99, HORIZON, 100))


class Row(NamedTuple):
    """A policy and what the reference has for it: mean and spread by game; a row without a spread gives the mean alone."""

    name: str
    policy: Any
    reference: dict[str, tuple[float, float]]
    every: int = 1
    seeds: int = 20


def _row(name: str, policy: Any, figures: Sequence[tuple[float, float]], every: int = 1, seeds: int = 20) -> Row:
    return Row(name, policy, dict(zip(GAMES, figures, strict=False)), every, seeds)


ROWS = (
    _row("random", "uniform", [(3599, 17), (450, 0), (600, 0)]),
    _row("epsilon .10", {"epsilon_greedy": 0.1}, [(439, 106), (363, 154), (142, 93)]),
    _row(
        "epsilon .1 * .99^t",
        {"epsilon_greedy": {"epsilon": 0.1, "schedule": {"geometric": {"decay": 0.99}}}},
        [(1314, 1380), (426, 181), (542, 232)],
    ),
    _row(
        "epsilon 1 * .995^t, floor .01",
        {"epsilon_greedy": {"epsilon": 1, "schedule": {"geometric": {"decay": 0.995, "floor": 0.01}}}},
        [(107, 7), (342, 218), (140, 201)],
    ),
    _row(
        "epsilon min(1, 5K/t)",
        {"epsilon_greedy": {"schedule": {"harmonic": {"scale": 5}}}},
        [(126, 44), (207, 221), (120, 180)],
    ),
    _row("thompson", "thompson", [(71, 13), (249, 82), (85, 10)]),
    _row("thompson gaussian", {"thompson": "gaussian"}, [(80, 14), (223, 70), (196, 25)]),
    _row("ucb1 c=2", "ucb1", [(357, 32), (406, 0), (480, 0)]),
    _row("ucb1 c=.5", {"ucb1": 0.5}, [(107, 19), (310, 0), (302, 0)]),
    _row("kl_ucb", "kl_ucb", [(92, 11), (314, 50), (124, 29)], seeds=8),
    _row("exp3", "exp3", [(415, 30), (352, 46), (426, 71)]),
    _row("thompson, batches of 100", "thompson", [(81, 0), (235, 0), (81, 0)], every=100),
    _row("thompson, batches of 1000", "thompson", [(365, 0), (262, 0), (105, 0)], every=1000),
    _row("ucb1 c=.5, batches of 100", {"ucb1": 0.5}, [(372, 0), (319, 0), (325, 0)], every=100),
)
SCALE = Range(-2.0, 2.0)
CONTEXTUAL = (
    Row("random", "uniform", {"contextual": (5346, 0)}),
    Row("linucb a=1", {"linucb": 1 / 4}, {"contextual": (99, 8)}),
    Row("linucb a=.25", {"linucb": 1 / 16}, {"contextual": (119, 0)}),
    Row("linucb a=.5", {"linucb": 1 / 8}, {"contextual": (101, 0)}),
    Row("lin_ts v=.25", {"lin_ts": 1 / 16}, {"contextual": (162, 10)}),
    Row("lin_ts v=.25, batches of 100", {"lin_ts": 1 / 16}, {"contextual": (186, 0)}, every=100),
    Row("linucb a=.5, batches of 100", {"linucb": 1 / 8}, {"contextual": (228, 0)}, every=100),
)


class Run(NamedTuple):
    """One row, one game, one seed."""

    row: Row
    game: str
    seed: int
    horizon: int


class Game(NamedTuple):
    """What each decision would have earned, what it is worth on average, and its context."""

    rewards: Any
    means: Any
    contexts: list[dict[str, float]] | None = None
    encoding: Encoding | None = None


def coins(game: str, seed: int, horizon: int) -> Game:
    chances = np.array(GAMES[game])[np.random.default_rng(5000 + seed).permutation(10)]
    rewards = np.random.default_rng(1000 + seed).random((horizon, 10)) < chances
    return Game(rewards.astype(float).tolist(), np.tile(chances, (horizon, 1)).tolist())


def lines(seed: int, horizon: int) -> Game:
    """Arms with directions of length 1, contexts of length 1; a reward of -2..2 becomes 0..1."""
    rng = np.random.default_rng(1000 + seed)
    arms, contexts = _unit(rng.normal(size=(10, 8))), _unit(rng.normal(size=(horizon, 8)))
    means = contexts @ arms.T
    rewards = (np.clip(means + 0.25 * rng.normal(size=means.shape), SCALE.low, SCALE.high) - SCALE.low) / 4.0
    names = [f"x{number}" for number in range(8)]
    encoding = Encoding(numbers=dict.fromkeys(names, (0.0, 1.0)), bias=False)
    return Game(rewards.tolist(), means.tolist(), [dict(zip(names, row, strict=True)) for row in contexts.tolist()], encoding)


def _unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def play(run: Run) -> list[float]:
    """The regret so far at each mark."""
    game = lines(run.seed, run.horizon) if run.game == "contextual" else coins(run.game, run.seed, run.horizon)
    policy: Policy = build(Named.model_validate(run.row.policy))
    window = Window(1, run.row.every)
    memory = Memory(window.lag)
    regret, curve = 0.0, []
    for trial in range(run.horizon):
        context = game.contexts[trial] if game.contexts else {}
        rng = Keyed(run.seed, trial, 0, "choose")
        choice = policy.choose(Situation(context, ARMS, trial, rng, game.encoding), memory.as_of(window.version(trial)))
        at = ARMS.index(choice.arm)
        reward = game.rewards[trial][at]
        policy.learn(Lesson(context, choice.arm.name, reward, choice.probability, encoding=game.encoding), memory)
        memory.advance()
        regret += max(game.means[trial]) - game.means[trial][at]
        if trial % 100 == 99:
            curve.append(regret)
    return curve


class Result(NamedTuple):
    row: Row
    game: str
    curve: list[float]
    mean: float
    spread: float
    seeds: int

    @property
    def holds(self) -> bool:
        """Within two standard errors of the reference, or better."""
        mean, spread = self.row.reference[self.game]
        error = math.hypot(spread, self.spread) if spread == 0 else spread
        return self.mean <= mean + 2 * error / math.sqrt(min(self.seeds, self.row.seeds))


def results(rows: Sequence[Row], seeds: int, horizon: int, workers: int) -> Iterator[Result]:
    with ProcessPoolExecutor(workers) as pool:
        for row in rows:
            for game in row.reference:
                count = min(seeds, row.seeds)
                curves = list(pool.map(play, [Run(row, game, seed, horizon) for seed in range(count)]))
                ends = [curve[-1] for curve in curves]
                spread = statistics.stdev(ends) if count > 1 else 0.0
                mean_curve = [statistics.fmean(points) for points in zip(*curves, strict=True)]
                yield Result(row, game, mean_curve, statistics.fmean(ends), spread, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 seeds, and nothing is written")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seeds = 3 if options.quick else options.seeds
    chosen = [row for row in (*ROWS, *CONTEXTUAL) if options.only in row.name]
    for result in results(chosen, seeds, HORIZON, options.workers):
        mean, spread = result.row.reference[result.game]
        mark = "" if result.holds else "  worse than the reference"
        print(
            f"{result.row.name:32} {result.game:10} {result.mean:7.0f} ± {result.spread:4.0f}"
            f"   reference {mean:5.0f} ± {spread:4.0f}{mark}",
            flush=True,
        )


if __name__ == "__main__":
    main()
