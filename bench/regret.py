"""What learning costs: the pseudo-regret of every policy over 10,000 decisions, beside the figures of the reference.

Context-free: 10 arms, order `default_rng(5000 + s).permutation(10)`, rewards `default_rng(1000 + s).random((T, 10)) < p`, the
policy's seed is s. Contextual: 10 arms, 8 numbers of context, rewards linear in them with noise 0.25. Writes docs/policies.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean, stdev
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
from loopwright.report.frame import Axis, Caption
from loopwright.report.lines import Point, Series, lines
from loopwright.report.looks import standalone
from loopwright.spec.blocks import Named

DOCS = Path(__file__).parents[1] / "docs"
HORIZON = 10_000
ARMS = tuple(Arm(f"arm{number}") for number in range(10))
GAMES = {
    "easy": (0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.70),
    "hard": (0.45,) * 9 + (0.50,),
    "lowp": (0.02,) * 3 + (0.03,) * 3 + (0.04, 0.05, 0.06, 0.10),
}
MARKS = range(100, HORIZON + 1, 100)
DRAWN = ("epsilon .10", "thompson", "ucb1 c=2", "ucb1 c=.5", "kl_ucb", "exp3")
BEGIN, END = "<!-- regret: written by bench/regret.py -->", "<!-- regret ends -->"


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
        {"epsilon_greedy": {"epsilon_start": 0.1, "epsilon_decay": 0.99}},
        [(1314, 1380), (426, 181), (542, 232)],
    ),
    _row(
        "epsilon 1 * .995^t, floor .01",
        {"epsilon_greedy": {"epsilon_start": 1, "epsilon_decay": 0.995, "epsilon_min": 0.01}},
        [(107, 7), (342, 218), (140, 201)],
    ),
    _row(
        "epsilon min(1, 5K/t)",
        {"epsilon_greedy": {"harmonic": 5}},
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


def slopes(seed: int, horizon: int) -> Game:
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
    game = slopes(run.seed, run.horizon) if run.game == "contextual" else coins(run.game, run.seed, run.horizon)
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
    """What came of a row in a game: `curve` is the regret over time, with two standard errors."""

    row: Row
    game: str
    curve: tuple[Point, ...]
    mean: float
    spread: float

    @property
    def holds(self) -> bool:
        """At most two standard errors of the difference worse; where the reference gives no spread, ours stands in."""
        mean, spread = self.row.reference[self.game]
        error = math.hypot(spread or self.spread, self.spread) / math.sqrt(self.row.seeds)
        return self.mean <= mean + 2 * error


def results(rows: Sequence[Row], seeds: int, horizon: int, workers: int) -> Iterator[Result]:
    with ProcessPoolExecutor(workers) as pool:
        for row in rows:
            for game in row.reference:
                runs = [Run(row, game, seed, horizon) for seed in range(min(seeds, row.seeds))]
                curves = list(pool.map(play, runs))
                ends = [curve[-1] for curve in curves]
                points = zip(MARKS, zip(*curves, strict=True), strict=True)
                yield Result(row, game, tuple(_point(*each) for each in points), mean(ends), stdev(ends))


def _point(mark: int, regrets: Sequence[float]) -> Point:
    middle, error = mean(regrets), 2 * stdev(regrets) / math.sqrt(len(regrets))
    return Point(mark, middle, middle - error, middle + error)


def table(done: Sequence[Result]) -> str:
    """Markdown: ours and the reference's, game by game."""
    rows = []
    for games in (tuple(GAMES), ("contextual",)):
        found = {(result.row.name, result.game): result for result in done}
        names = dict.fromkeys(result.row.name for result in done if result.game in games)
        rows += ["| regret, mean ± sd | " + " | ".join(f"{game} | reference" for game in games) + " |"]
        rows += ["|---" * (1 + 2 * len(games)) + "|"]
        for name in names:
            cells = [cell for game in games for cell in _cells(found.get((name, game)))]
            rows.append(f"| {name} | {' | '.join(cells)} |")
        rows.append("")
    return "\n".join(rows)


def _cells(result: Result | None) -> tuple[str, str]:
    if result is None:
        return "", ""
    middle, spread = result.row.reference[result.game]
    return f"{result.mean:.0f} ± {result.spread:.0f}", f"{middle:.0f} ± {spread:.0f}" if spread else f"{middle:.0f}"


def write(done: Sequence[Result]) -> None:
    """The table into docs/policies.md, the curves of "easy" beside it."""
    page = DOCS / "policies.md"
    text = page.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text(f"{text[:begin]}\n\n{table(done)}\n{text[end:]}")
    series = [Series(each.row.name, each.curve) for each in done if each.game == "easy" and each.row.name in DRAWN]
    caption = Caption("What learning costs", "reward given away so far", "20 runs", 'game "easy", 10 arms')
    (DOCS / "policies.svg").write_text(standalone(lines(caption, series, Axis("decisions", 0), Axis("regret", 0))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 seeds, and nothing is written")
    parser.add_argument("--peers", action="store_true", help="changes nothing here: the reference is written down")
    parser.add_argument("--only", default="", help="rows whose name holds this; nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chosen = [row for row in (*ROWS, *CONTEXTUAL) if options.only in row.name]
    done = []
    for result in results(chosen, 3 if options.quick else 20, HORIZON, options.workers):
        ours, theirs = _cells(result)
        mark = "" if result.holds else "  worse"
        print(f"{result.row.name:32} {result.game:10} {ours:>12}   reference {theirs:>12}{mark}", flush=True)
        done.append(result)
    if not (options.quick or options.only):
        write(done)


if __name__ == "__main__":
    main()
