"""Whether what is learned about asking the embedded model again holds for questions that it was not learned from.

    python bench/correction_tiny.py [--seeds N]

For each seed a policy learns on training questions (sums in words) and is then held as it is, on held-out ones. Beside it:
never to ask again, which every question's first answer tells exactly; and to ask once with the one prompt that was best, over
all seeds, on training questions where prompts were drawn at random. Utility is final accuracy less the price of the tokens at
0.001. What comes out holds for the embedded model alone. Writes docs/correction.md.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import orjson

from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start
from loopwright.store.reader import RunReader

PAGE = Path(__file__).parents[1] / "docs" / "correction.md"
BEGIN, END = "<!-- tiny: written by bench/correction_tiny.py -->", "<!-- tiny ends -->"
TRAIN, RANDOM, HELD_OUT, TURNS = 600, 400, 300, 2
LIN_TS: dict[str, Any] = {"kind": "lin_ts"}
FROZEN = 1_000_000
T_975 = {9: 2.262}
"""Student's quantile, by degrees of freedom: of ten seeds."""


class Utility(NamedTuple):
    """Of held-out questions: to stop at once, with the policy, and with the fixed prompt; and how many were asked again."""

    never: float
    policy: float
    fixed: float
    asked: float


def run(folder: Path, name: str, seed: int, **more: Any) -> Path:
    """The folder of a finished run."""
    spec = {
        "workflow": "correction",
        "models": [{"id": "tiny", "provider": "tiny", "temperature": 0.7, "max_output_tokens": 80}],
        "window": 16,
        "seed": seed,
        **more,
    }
    file = folder / f"{name}.yaml"
    file.write_bytes(orjson.dumps(spec))
    return start(Start(file, (f"output={folder}/runs",), name), Unwatched()).folder.path


def questions(seed: int, part: str, limit: int) -> dict[str, Any]:
    return {"source": "mock", "key": seed, "count": 10 * limit, "split": part, "limit": limit}


def outcome(place: Path) -> dict[str, Any]:
    (file,) = place.glob("summary_*.json")
    found: dict[str, Any] = orjson.loads(file.read_bytes())["outcome"]
    return found


def rewards(place: Path) -> dict[str, list[float]]:
    """By prompt, what its first use on a question earned."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    with RunReader.open(place / "run.sqlite") as reader:
        arms = {each.id: each.arm for each in reader.decisions(limit=100_000).rows}
        for each in reader.rewards(limit=100_000).rows:
            if each.decision.step == 0 and arms[each.decision] != "stop":
                found[arms[each.decision]].append(each.raw)
    return found


def best_prompt(folder: Path, seeds: int) -> str:
    earned: defaultdict[str, list[float]] = defaultdict(list)
    for seed in range(seeds):
        data = questions(seed, "train", RANDOM)
        for arm, values in rewards(run(folder, f"random{seed}", seed, dataset=data, policy="uniform", max_turns=1)).items():
            earned[arm] += values
    return max(earned, key=lambda arm: fmean(earned[arm]))


def measured(folder: Path, seed: int, best: str) -> Utility:
    learned = run(folder, f"train{seed}", seed, dataset=questions(seed, "train", TRAIN), policy=LIN_TS, max_turns=TURNS)
    held = {**LIN_TS, "update_every": FROZEN, "warm_start": str(learned / "final_policy.json")}
    data = questions(seed, "held_out", HELD_OUT)
    with_policy = outcome(run(folder, f"held{seed}", seed, dataset=data, policy=held, max_turns=TURNS))
    fixed = outcome(run(folder, f"fixed{seed}", seed, dataset=data, policy={"fixed": best}, max_turns=1))
    never = with_policy["first_accuracy"]["mean"]
    asked = with_policy["reprompts"]["asked"] / HELD_OUT
    return Utility(never, with_policy["mean_utility"], fixed["mean_utility"], asked)


def difference(ones: list[float], others: list[float]) -> str:
    """Paired over seeds, with Student's interval of 95 %."""
    paired = [one - other for one, other in zip(ones, others, strict=True)]
    half = T_975.get(len(paired) - 1, math.nan) * stdev(paired) / math.sqrt(len(paired))
    return f"{fmean(paired):+.3f} | {fmean(paired) - half:+.3f} to {fmean(paired) + half:+.3f}"


def table(found: list[Utility], best: str) -> str:
    never, policy, fixed, asked = (list(column) for column in zip(*found, strict=True))
    lines = [
        f"{len(found)} seeds; for each, {TRAIN} training questions and {HELD_OUT} held-out ones; the embedded model at",
        f"temperature 0.7; `lin_ts`; at most {TURNS} reprompts; 0.001 correct answers a token. The fixed prompt is",
        f"`{best}`, asked once. The policy asked {fmean(asked):.2f} times a question.",
        "",
        "| on held-out questions | utility | the policy's, less it | 95 % interval |",
        "|---|---|---|---|",
        f"| the policy | {fmean(policy):.3f} | | |",
        f"| never to ask again | {fmean(never):.3f} | {difference(policy, never)} |",
        f"| the best fixed prompt | {fmean(fixed):.3f} | {difference(policy, fixed)} |",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        best = best_prompt(folder, seeds)
        found = []
        for seed in range(seeds):
            found.append(measured(folder, seed, best))
            print(f"seed {seed}: {found[-1]}", flush=True)
        told = table(found, best) if seeds > 1 else ""
    print(told)
    page = PAGE.read_text()
    if seeds == 10 and BEGIN in page:
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
