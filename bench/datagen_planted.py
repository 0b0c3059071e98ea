"""Does learning pay where it is known what is best? Data generation with planted quality, written into docs/datagen.md.

Three scripted models write rows of which 90, 60 and 30 in a hundred pass, a row per call; all else is a recipe's default, and
runs take the path of every run. Compared are runs of equal seeds, which meet the same luck, by the calls until the target.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from statistics import mean, quantiles, stdev
from typing import Any, NamedTuple

import orjson

from loopwright.llm.messages import Request
from loopwright.policy.keyed import Keyed
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start

PAGE = Path(__file__).parents[1] / "docs" / "datagen.md"
BEGIN, END = "<!-- planted: written by bench/datagen_planted.py -->", "<!-- planted ends -->"

PASS = {"nine": 0.9, "six": 0.6, "three": 0.3}
BEST = "nine"
TARGET, BATCH, SEEDS = 500, 10, 100
SAVED, EXCESS = 0.20, 0.15
"""What is promised of the default policy at the target above: calls saved against uniform, and excess over the best arm."""

UNIFORM: Any = "uniform"
FIXED: Any = {"fixed": BEST}
FALLING = {"epsilon_start": 0.3, "epsilon_decay": 0.95, "epsilon_min": 0.05}


class Row(NamedTuple):
    """A line of the table: a policy (None: the default one), what the dataset is to have, and how it is written."""

    name: str
    policy: Any = None
    target: int = TARGET
    batch: int = BATCH
    window: int | None = None


ROWS = (
    Row("default"),
    Row("default, window 1", window=1),
    Row("default, window 8", window=8),
    Row("epsilon_greedy .3 * .95^t, floor .05", {"epsilon_greedy": FALLING}),
    Row("epsilon_greedy .1", {"epsilon_greedy": 0.1}),
    Row("thompson (beta)", "thompson"),
    Row("ucb1 c=2", "ucb1"),
    Row("ucb1 c=.2", {"ucb1": 0.2}),
    Row("kl_ucb", "kl_ucb"),
    Row("exp3", "exp3"),
    Row("default", target=100),
    Row("default", target=200),
)


def nine(request: Request) -> str:
    return _written(request, PASS["nine"])


def six(request: Request) -> str:
    return _written(request, PASS["six"])


def three(request: Request) -> str:
    return _written(request, PASS["three"])


def _written(request: Request, share: float) -> str:
    """A row of seven words that no other row has, or, as often as planted, one of a single word, which is too short."""
    draw = Keyed(request.seed or 0, purpose="planted")
    passes = draw.random() < share
    return orjson.dumps({"text": " ".join(f"{draw.bits():x}" for _ in range(7 if passes else 1))}).decode()


def recipe(row: Row, policy: Any, seed: int) -> Mapping[str, Any]:
    given = {"policy": policy, "window": row.window}
    return {
        "workflow": "datagen",
        "models": [{"id": name, "provider": "scripted", "script": f"{__name__}:{name}"} for name in PASS],
        "arms": [{"id": name, "kind": "naive", "model": name, "params": {"rows_per_call": 1, "plan": 0}} for name in PASS],
        "validators": {"length": {"field": "text", "min_words": 3}, "deduplication": {"field": "text"}},
        "batch_size": row.batch,
        "target": {"accepted": row.target},
        "output": {"formats": []},
        "seed": seed,
        **{name: value for name, value in given.items() if value is not None},
    }


def calls(row: Row, policy: Any, seed: int) -> int:
    """How many calls a run makes until its target, those in flight at its end included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "planted.yaml"
        file.write_bytes(orjson.dumps(recipe(row, policy, seed)))  # JSON is YAML
        result = start(Start(file, (f"output.runs={folder}/runs",)), Unwatched())
    if result.progress.accepted != row.target:
        raise SystemExit(f"{row.name}, seed {seed}: {result.progress.accepted} rows of {row.target}: {result.end.reason}")
    return result.spending.total.calls


def _calls(given: tuple[Row, Any, int]) -> int:
    return calls(*given)


class Spread(NamedTuple):
    """Of shares by seed: their mean, its 95 % interval, and between which of them 95 % of the seeds lie."""

    mean: float
    low: float
    high: float
    least: float
    most: float


def spread(shares: Sequence[float]) -> Spread:
    middle, half = mean(shares), 1.96 * stdev(shares) / math.sqrt(len(shares))
    ends = quantiles(shares, n=40, method="inclusive")
    return Spread(middle, middle - half, middle + half, ends[0], ends[-1])


class Result(NamedTuple):
    row: Row
    calls: float
    saved: Spread
    excess: Spread

    @property
    def holds(self) -> bool:
        """What is promised of the default."""
        return self.saved.low > SAVED and self.excess.high < EXCESS


def result(row: Row, adaptive: Sequence[int], uniform: Sequence[int], fixed: Sequence[int]) -> Result:
    saved = [1 - ours / theirs for ours, theirs in zip(adaptive, uniform, strict=True)]
    excess = [ours / theirs - 1 for ours, theirs in zip(adaptive, fixed, strict=True)]
    return Result(row, mean(adaptive), spread(saved), spread(excess))


def results(rows: Iterable[Row], seeds: int, pool: Executor) -> Iterator[Result]:
    """Against uniform and the best arm at the same target, batch and window."""
    played: dict[tuple[Any, ...], list[int]] = {}

    def play(row: Row, policy: Any) -> list[int]:
        key = (orjson.dumps(policy), *row[2:])
        if key not in played:
            played[key] = list(pool.map(_calls, [(row, policy, seed) for seed in range(seeds)], chunksize=5))
        return played[key]

    for row in rows:
        yield result(row, play(row, row.policy), play(row, UNIFORM), play(row, FIXED))


HEAD = (
    "| policy | rows, in batches of | calls | saved against uniform: mean, its 95 % interval | 95 % of seeds "
    "| excess over the best arm: mean, its 95 % interval | 95 % of seeds |\n|---|---|---|---|---|---|---|\n"
)


def line(found: Result) -> str:
    row = found.row
    cells = [row.name, f"{row.target}, {row.batch}", f"{found.calls:.0f}"]
    for each in (found.saved, found.excess):
        cells += [f"{_percent(each.mean)}, {_percent(each.low)} to {_percent(each.high)} %"]
        cells += [f"{_percent(each.least)} to {_percent(each.most)} %"]
    return f"| {' | '.join(cells)} |\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def write(table: str) -> None:
    text = PAGE.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(f"{text[:begin]}\n\n{table}\n{text[end:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 seeds, and nothing is written")
    parser.add_argument("--only", default="", help="rows whose name holds this; nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chosen = [row for row in ROWS if options.only in row.name]
    table, kept = HEAD, True
    with ProcessPoolExecutor(options.workers) as pool:
        for found in results(chosen, 10 if options.quick else SEEDS, pool):
            print(line(found), end="", flush=True)
            table += line(found)
            kept = kept and (found.holds or found.row != ROWS[0])
    if not (options.quick or options.only):
        write(table)
    if not kept:
        raise SystemExit(f"the default saves less than {SAVED:.0%} or exceeds the best arm by more than {EXCESS:.0%}")


if __name__ == "__main__":
    main()
