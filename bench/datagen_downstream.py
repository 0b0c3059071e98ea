"""Does a late reward by what rows are worth keep an arm away whose rows pass all validators and mislead? Into
docs/downstream.md.

Three scripted models write messages to a support desk. Two write what they are asked for; the third writes of something else
than its label says, which no validator of the recipe sees. Compared are runs of equal seeds, with the late reward and without.
"""

from __future__ import annotations

import argparse
import csv
import re
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from loopwright.learn.linear import Tfidf
from loopwright.learn.rows import Rows
from loopwright.learn.scoring import score, told
from loopwright.llm.messages import Request
from loopwright.measure.intervals import Interval
from loopwright.policy.keyed import Keyed
from loopwright.runs.labelled import of_run
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start
from loopwright.workflows.datagen.labelled import Wanted

PAGE = Path(__file__).parents[1] / "docs" / "downstream.md"
BEGIN, END = "<!-- misleading: written by bench/datagen_downstream.py -->", "<!-- misleading ends -->"

SEEDS, TARGET, EVERY = 50, 600, 10
ARMS = ("honest", "also_honest", "misleading")
ABOUT = {
    "refund": ("money back", "paid twice", "return the price", "refund"),
    "delivery": ("parcel", "not arrived", "courier", "delivery"),
    "account": ("log in", "password", "my account", "sign up"),
}
TALK = (
    "please today still have what order help with since monday again why blue lamp kettle shoes chair nobody answers tell me "
    "how long week yesterday phone bicycle table would like know number small large red green"
)


class Found(NamedTuple):
    """Of one run: the misleading arm's share of the batches, and how well a model does, on rows that no run has seen, that has
    learned from what was accepted."""

    share: float
    accuracy: float


def honest(request: Request) -> str:
    return _answered(request, 0)


def also_honest(request: Request) -> str:
    return _answered(request, 0)


def misleading(request: Request) -> str:
    return _answered(request, 1)


def _answered(request: Request, off: int) -> str:
    """Rows about the label that is so many places after the one that is asked for."""
    asked = str(request.messages[-1].content)
    label = re.findall(rf"label: ({'|'.join(ABOUT)})", asked)[-1]
    number = re.search(r"Write (\d+) rows", asked)
    about = list(ABOUT)[(list(ABOUT).index(label) + off) % len(ABOUT)]
    rows = [{"text": message(about, f"{request.seed} {place}")} for place in range(int(number[1]) if number else 1)]
    return orjson.dumps({"rows": rows} if number else rows[0]).decode()


def message(about: str, key: str) -> str:
    draw = Keyed(1, 0, 0, key)
    talk = TALK.split()
    parts = [*(draw.choice(talk) for _ in range(7)), draw.choice(ABOUT[about])]
    draw.shuffle(parts)
    return " ".join(parts)


def real(number: int, purpose: str) -> Rows:
    labels = [list(ABOUT)[place % len(ABOUT)] for place in range(number)]
    return Rows.of([message(label, f"{purpose} {place}") for place, label in enumerate(labels)], labels)


def recipe(seed: int, late: bool, target: int) -> dict[str, Any]:
    evaluation = {"evaluation": {"dev": "dev.csv", "every": EVERY}} if late else {}
    return {
        "workflow": "datagen",
        "task": {"labels": list(ABOUT)},
        "models": [{"id": name, "provider": "scripted", "script": f"{__name__}:{name}"} for name in ARMS],
        "arms": [{"id": name, "kind": "naive", "model": name} for name in ARMS],
        "validators": {"length": {"field": "text", "min_words": 3}, "deduplication": {"field": "text"}},
        "target": {"accepted": target},
        "output": {"formats": []},
        "seed": seed,
        **evaluation,
    }


def play(seed: int, late: bool, target: int = TARGET) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "planted.yaml"
        file.write_bytes(orjson.dumps(recipe(seed, late, target)))  # JSON is YAML
        dev = real(90, "dev")
        with (Path(folder) / "dev.csv").open("w", newline="") as out:
            csv.writer(out).writerows([("text", "label"), *zip(dev.texts, dev.targets, strict=True)])
        result = start(Start(file, (f"output.runs={folder}/runs",)), Unwatched())
        if result.progress.accepted != target:
            raise SystemExit(f"seed {seed}: {result.progress.accepted} rows of {target}: {result.end.reason}")
        made = of_run(result.folder, Wanted("text", "label")).rows
    unseen = real(300, "test")
    accuracy = score("classification", unseen.targets, told(Tfidf(), made, unseen))
    return Found(result.progress.arms["misleading"].pulls / result.progress.settled, accuracy)


def _play(given: tuple[int, bool]) -> Found:
    return play(*given)


class Ratio(NamedTuple):
    """Of the misleading arm's share with the late reward to that without, over the seeds, with its 95 % interval."""

    value: float
    within: Interval


def ratio(with_it: Sequence[Found], without: Sequence[Found]) -> Ratio:
    """By the bootstrap over seeds: both runs of a seed are drawn together."""
    ours, theirs = (np.array([each.share for each in some]) for some in (with_it, without))
    places = np.random.default_rng(1).integers(0, len(ours), (10_000, len(ours)))
    drawn = ours[places].mean(axis=1) / theirs[places].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Ratio(float(ours.mean() / theirs.mean()), Interval(float(low), float(high)))


def table(with_it: Sequence[Found], without: Sequence[Found]) -> str:
    found = ratio(with_it, without)
    lines = ["| | the misleading arm's share of the batches | accuracy on rows that no run has seen |", "|---|---|---|"]
    for name, some in (("without late rewards", without), ("with late rewards", with_it)):
        shares, accuracies = [each.share for each in some], [each.accuracy for each in some]
        lines.append(f"| {name} | {_mean(shares)} | {_mean(accuracies)} |")
    lines.append(f"| ratio of the shares | {found.value:.3f} ({found.within.low:.3f} to {found.within.high:.3f}) | |")
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> str:
    half = 1.96 * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return f"{np.mean(values):.3f} ({np.mean(values) - half:.3f} to {np.mean(values) + half:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="6 seeds, and nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seeds = range(6 if options.quick else SEEDS)
    with ProcessPoolExecutor(options.workers) as pool:
        with_it, without = (list(pool.map(_play, [(seed, late) for seed in seeds])) for late in (True, False))
    said = table(with_it, without)
    print(said)
    if not options.quick:
        text = PAGE.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        PAGE.write_text(f"{text[:begin]}\n\n{said}\n\n{text[end:]}")
    if ratio(with_it, without).within.high >= 0.5:
        raise SystemExit("with the late reward the misleading arm has half of its share, or more")


if __name__ == "__main__":
    main()
