"""What ageing is worth where arms change, and what it costs where they do not. Writes a table of docs/policies.md.

1000 decisions each. "falls": three arms with chances .9, .5 and .3; after 500 decisions the first has .05. "rises": chances .6,
.3 and .1; after 500 the last has .95. "steady": as "falls" before the change. "close": ten arms, .70 and .10 to .50.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from loopwright.policy import build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm
from loopwright.spec.blocks import Named

PAGE = Path(__file__).parents[1] / "docs" / "policies.md"
BEGIN, END = "<!-- drift: written by bench/drift.py -->", "<!-- drift ends -->"
HORIZON, CHANGE, AFTER = 1000, 500, 100
SEEDS = 100


class Game(NamedTuple):
    """Chances before and after the change; `arm` is the one that changes."""

    before: tuple[float, ...]
    after: tuple[float, ...]
    arm: int = 0


GAMES = {
    "falls": Game((0.9, 0.5, 0.3), (0.05, 0.5, 0.3)),
    "rises": Game((0.6, 0.3, 0.1), (0.6, 0.3, 0.95), 2),
    "steady": Game((0.9, 0.5, 0.3), (0.9, 0.5, 0.3)),
    "close": Game((*(each / 20 for each in range(2, 11)), 0.7), (*(each / 20 for each in range(2, 11)), 0.7)),
}


def _aged(policy: Any, by: float, per: str = "context") -> Any:
    return {"discounted": {"by": by, "per": per, "policy": policy}}


ROWS: dict[str, Any] = {
    "epsilon .10": {"epsilon_greedy": 0.1},
    "epsilon .10, by .99": _aged({"epsilon_greedy": 0.1}, 0.99),
    "epsilon .10, by .95": _aged({"epsilon_greedy": 0.1}, 0.95),
    "epsilon .10, by .8 per arm": _aged({"epsilon_greedy": 0.1}, 0.8, "arm"),
    "epsilon .05, by .8 per arm": _aged({"epsilon_greedy": 0.05}, 0.8, "arm"),
    "epsilon .05, by .7 per arm": _aged({"epsilon_greedy": 0.05}, 0.7, "arm"),
    "epsilon .10, by .7 per arm": _aged({"epsilon_greedy": 0.1}, 0.7, "arm"),
    "thompson": "thompson",
    "thompson, by .99": _aged("thompson", 0.99),
    "thompson, by .95": _aged("thompson", 0.95),
    "thompson, by .9": _aged("thompson", 0.9),
    "thompson, by .9 per arm": _aged("thompson", 0.9, "arm"),
    "thompson, by .8 per arm": _aged("thompson", 0.8, "arm"),
    "thompson, by .7 per arm": _aged("thompson", 0.7, "arm"),
    "thompson, last 50": {"windowed": {"last": 50, "policy": "thompson"}},
    "ucb1 c=.2": {"ucb1": 0.2},
    "ucb1 c=.2, by .95": _aged({"ucb1": 0.2}, 0.95),
    "ucb1 c=.2, by .9 per arm": _aged({"ucb1": 0.2}, 0.9, "arm"),
    "ucb1 c=.2, by .8 per arm": _aged({"ucb1": 0.2}, 0.8, "arm"),
    "kl_ucb": "kl_ucb",
    "kl_ucb, by .95": _aged("kl_ucb", 0.95),
    "kl_ucb, by .9 per arm": _aged("kl_ucb", 0.9, "arm"),
    "kl_ucb, by .8 per arm": _aged("kl_ucb", 0.8, "arm"),
    "exp3": "exp3",
}


class Played(NamedTuple):
    """`share` is that of the arm that changed in the 100 decisions after the change, `last` that in the last 100, in %."""

    share: float
    last: float
    regret: float


def play(policy: Any, game: Game, seed: int) -> Played:
    built, memory = build(Named.model_validate(policy)), Memory()
    arms = tuple(Arm(f"arm{number}") for number in range(len(game.before)))
    taken, regret = [], 0.0
    for trial in range(HORIZON):
        chances = game.before if trial < CHANGE else game.after
        choice = built.choose(Situation({}, arms, trial, Keyed(seed, trial, 0, "choose")), memory)
        at = arms.index(choice.arm)
        value = float(Keyed(seed, trial, 0, "reward").random() < chances[at])
        built.learn(Lesson({}, choice.arm.name, value, choice.probability), memory)
        memory.advance()
        taken.append(at == game.arm)
        regret += max(chances) - chances[at]
    return Played(100 * mean(taken[CHANGE : CHANGE + AFTER]), 100 * mean(taken[-AFTER:]), regret)


def _one(given: tuple[str, str, int]) -> Played:
    row, game, seed = given
    return play(ROWS[row], GAMES[game], seed)


class Result(NamedTuple):
    row: str
    games: dict[str, Sequence[Played]]

    def cells(self) -> Iterator[str]:
        """One per column of the table."""
        falls, rises = self.games["falls"], self.games["rises"]
        yield _spread([each.share for each in falls])
        yield f"{100 * mean(each.share < 15 for each in falls):.0f} %"
        yield _spread([each.last for each in rises])
        for game in ("falls", "steady", "close"):
            yield _spread([each.regret for each in self.games[game]])


HEAD = (
    "| policy | falls: % of the next 100 | below 15 | rises: % of the last 100 | regret, falls | steady | close |\n"
    "|---|---|---|---|---|---|---|\n"
)


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.0f} ± {stdev(values):.0f}"


def results(rows: Sequence[str], seeds: int, workers: int) -> Iterator[Result]:
    with ProcessPoolExecutor(workers) as pool:
        for row in rows:
            yield Result(row, {game: list(pool.map(_one, [(row, game, seed) for seed in range(seeds)])) for game in GAMES})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 seeds, and nothing is written")
    parser.add_argument("--peers", action="store_true", help="changes nothing here")
    parser.add_argument("--only", default="", help="rows whose name holds this; nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    table = HEAD
    for result in results([row for row in ROWS if options.only in row], 10 if options.quick else SEEDS, options.workers):
        line = f"| {result.row} | {' | '.join(result.cells())} |"
        print(line, flush=True)
        table += f"{line}\n"
    if not (options.quick or options.only):
        text = PAGE.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        PAGE.write_text(f"{text[:begin]}\n\n{table}\n{text[end:]}")


if __name__ == "__main__":
    main()
