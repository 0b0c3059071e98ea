"""What learning to reprompt is worth, on a simulator: never, always, tables, and policies, at two prices of a token.

    python bench/rts.py [--quick] [--workers N] [--only NAME]

A simulated question has a hidden difficulty and is answered right or wrong; 33 prompts in six styles ask again, and each fixes
and breaks answers at rates of its own, by style, error mode and difficulty, less from turn to turn. A policy sees an error mode
that is right in 70 % of cases, and a confidence of AUROC .75. Utility is whether the answer is right at last, less the price of
all tokens that asking again took. The parameters are guesses, written down before any policy was tried. Every policy meets the
same traces. Writes docs/correction.md.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loopwright.learn.error_classifier.protocol import MODES
from loopwright.llm.prompts import Load
from loopwright.loop.window import Window
from loopwright.policy import build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Arm, Fields
from loopwright.spec.blocks import Named
from loopwright.workflows.correction.bank import features
from loopwright.workflows.correction.contexts import CELLS, encoding
from loopwright.workflows.correction.policies import CELL, STOP, in_full
from loopwright.workflows.correction.trial import REWARDS

Floats: TypeAlias = NDArray[np.float64]

PAGE = Path(__file__).parents[1] / "docs" / "correction.md"
BEGIN, END = "<!-- rts: written by bench/rts.py -->", "<!-- rts ends -->"
PRICES = (0.001, 0.0002)
ENVIRONMENTS, SEEDS, TRACES, REPROMPTS = 4, 3, 25_000, 4
WINDOW, BLOCK = 256, 100
FIRST_TOKENS = 150.0
STRETCHES = {"0-500": (0, 500), "5-10k": (5000, 10_000), "20-25k": (20_000, 25_000)}
STYLES = {  # in how many prompts; how often one fixes a wrong answer and breaks a right one; and its tokens
    "supportive": (5, 0.10, 0.03, 90.0),
    "neutral": (9, 0.16, 0.06, 140.0),
    "adversarial": (5, 0.20, 0.18, 130.0),
    "critique_revise": (4, 0.24, 0.10, 170.0),
    "concise": (6, 0.12, 0.06, 45.0),
    "exhaustive": (4, 0.20, 0.08, 320.0),
}
PROMPTS = [style for style, (count, *_) in STYLES.items() for _ in range(count)]
NAMES = [f"{style}_{place}" for place, style in enumerate(PROMPTS)]
_CONFIDENCE, _PRIOR = 0.477, 0.6
_ANCHORED, _RIGHT, _FIXED, _BROKEN, _WAVERED, _POLISHED = map(
    MODES.index, ("anchored", "unchanged_correct", "corrected", "overcorrected", "wavering", "perfectionism")
)


class World:
    """How prompts work: rates and tokens of each, and how its rate of fixing depends on the error mode."""

    def __init__(self, number: int) -> None:
        random = np.random.default_rng(number)
        given = np.array([STYLES[style][1:] for style in PROMPTS])
        self.fixes = np.clip(given[:, 0] * np.exp(random.normal(0, 0.35, len(PROMPTS))), 0.01, 0.6)
        self.breaks = np.clip(given[:, 1] * np.exp(random.normal(0, 0.35, len(PROMPTS))), 0.005, 0.5)
        self.tokens = given[:, 2] * np.exp(random.normal(0, 0.15, len(PROMPTS)))
        self.modes = np.exp(random.normal(0, 0.25, (len(MODES), len(PROMPTS))))


class Draws:
    """All chance of all traces, drawn beforehand, so that what a policy does changes nothing of what it might have met."""

    def __init__(self, seed: int, traces: int) -> None:
        random = np.random.default_rng(seed)
        self.ease = random.beta(3, 2, traces).tolist()
        self.right = random.random(traces).tolist()
        shape = (traces, REPROMPTS)
        self.signal = random.normal(size=shape).tolist()
        self.mode = random.random(shape).tolist()
        self.other = random.integers(0, len(MODES), shape).tolist()
        self.turns = random.random(shape).tolist()
        self.tokens = np.exp(random.normal(0, 0.2, shape)).tolist()
        self.changes = random.random(shape).tolist()


class Seen(NamedTuple):
    """What a policy may look at."""

    mode: int
    confidence: float
    turn: int
    last: int | None

    @property
    def cell(self) -> int:
        level = (self.confidence >= 0.4) + (self.confidence >= 0.7)
        phase = (self.turn > 1) + (self.turn > 3)
        return self.mode * 9 + level * 3 + phase


class Asked(NamedTuple):
    """One reprompt and what came of it; `tokens` is what it took."""

    seen: Seen
    prompt: int
    change: int
    tokens: float


class Asker(Protocol):
    """Decides whether to ask again, by the number of a prompt or None, and is told what came of each trace."""

    def choose(self, trace: int, seen: Seen) -> int | None: ...

    def told(self, asked: Sequence[Asked], first: bool, stopped: Seen | None) -> None: ...


class Course(NamedTuple):
    """Per trace: the utility, whether the first and the last answer were right, and the reprompts."""

    utility: Floats
    first: Floats
    last: Floats
    asked: Floats


def play(world: World, draws: Draws, asker: Asker, price: float, traces: int) -> Course:
    kept = np.zeros((4, traces))
    for trace in range(traces):
        first, asked, stopped = _trace(world, draws, asker, trace)
        asker.told(asked, first, stopped)
        last = first + sum(each.change for each in asked)
        kept[:, trace] = last - price * sum(each.tokens for each in asked), first, last, len(asked)
    return Course(*kept)


def _trace(world: World, draws: Draws, asker: Asker, trace: int) -> tuple[bool, list[Asked], Seen | None]:
    ease = draws.ease[trace]
    first = right = before = draws.right[trace] < ease
    asked: list[Asked] = []
    changed, last = False, None
    for turn in range(REPROMPTS):
        mode = _mode(right, before, changed) if draws.mode[trace][turn] < 0.7 else draws.other[trace][turn]
        seen = Seen(mode, _confidence(right, draws.signal[trace][turn]), turn, last)
        prompt = asker.choose(trace, seen)
        if prompt is None:
            return first, asked, seen
        fix = min(0.9, world.fixes[prompt] * world.modes[mode, prompt] * 1.6 * ease * 0.75**turn)
        harm = min(0.9, world.breaks[prompt] * 1.6 * (1 - ease))
        drawn = draws.turns[trace][turn]
        now = bool(drawn >= harm if right else drawn < fix)
        asked.append(Asked(seen, prompt, now - right, world.tokens[prompt] * draws.tokens[trace][turn]))
        changed = now != right or draws.changes[trace][turn] < 0.3
        before, right, last = right, now, prompt
    return first, asked, None


def _mode(right: bool, before: bool, changed: bool) -> int:
    if not changed:
        return _RIGHT if right else _ANCHORED
    if right:
        return _POLISHED if before else _FIXED
    return _BROKEN if before else _WAVERED


def _confidence(right: bool, noise: float) -> float:
    odds = _PRIOR / (1 - _PRIOR) * float(np.exp(2 * _CONFIDENCE * ((_CONFIDENCE if right else -_CONFIDENCE) + noise)))
    return odds / (1 + odds)


# those who ask


class Always:
    """A prompt at random, as often as there are turns."""

    def __init__(self, world: World, price: float, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def choose(self, trace: int, seen: Seen) -> int | None:
        return int(self._random.integers(len(PROMPTS)))

    def told(self, asked: Sequence[Asked], first: bool, stopped: Seen | None) -> None:
        """Learns nothing."""


class Never(Always):
    def choose(self, trace: int, seen: Seen) -> int | None:
        return None


class Table(Always):
    """Of every context the prompt that is best one turn ahead, from 400,000 traces that were asked at random."""

    def __init__(self, world: World, price: float, seed: int) -> None:
        self._best = best_table(world, price)

    def choose(self, trace: int, seen: Seen) -> int | None:
        return self._best[seen.cell]


class Original(Always):
    """Thompson sampling as the first design has it: the change and the tokens of the turn *before* are credited to the prompt
    that is chosen now; a reward above 0 is added to alpha, one below to beta; stopping is an arm that learns nothing."""

    def __init__(self, world: World, price: float, seed: int) -> None:
        super().__init__(world, price, seed)
        self._price = price
        self._alpha, self._beta = (np.ones((len(CELLS), len(PROMPTS) + 1)) for _ in range(2))

    def choose(self, trace: int, seen: Seen) -> int | None:
        at = int(self._random.beta(self._alpha[seen.cell], self._beta[seen.cell]).argmax())
        return None if at == len(PROMPTS) else at

    def told(self, asked: Sequence[Asked], first: bool, stopped: Seen | None) -> None:
        for each, reward in credited_to_the_next(asked, first, self._price):
            kept = self._alpha if reward > 0 else self._beta
            kept[each.seen.cell, each.prompt] += abs(reward)


def credited_to_the_next(asked: Sequence[Asked], first: bool, price: float) -> Iterator[tuple[Asked, float]]:
    change, tokens = float(first), FIRST_TOKENS
    for each in asked:
        yield each, change - price * tokens
        change, tokens = each.change, each.tokens


def credited_to_itself(asked: Sequence[Asked], first: bool, price: float) -> Iterator[tuple[Asked, float]]:
    return ((each, each.change - price * each.tokens) for each in asked)


Credit: TypeAlias = Callable[[Sequence[Asked], bool, float], Iterator[tuple[Asked, float]]]


class OriginalGreedy(Always):
    """Epsilon-greedy as the first design has it, 0.1 * 0.99 ^ decisions, with its credit or with a mended one."""

    def __init__(self, world: World, price: float, seed: int, credit: Credit = credited_to_the_next) -> None:
        super().__init__(world, price, seed)
        self._price, self._decisions, self._credit = price, 0, credit
        self._mean, self._times = (np.zeros((len(CELLS), len(PROMPTS) + 1)) for _ in range(2))

    def choose(self, trace: int, seen: Seen) -> int | None:
        self._decisions += 1
        explores = self._random.random() < 0.1 * 0.99**self._decisions
        at = int(self._random.integers(len(PROMPTS) + 1)) if explores else int(self._mean[seen.cell].argmax())
        return None if at == len(PROMPTS) else at

    def told(self, asked: Sequence[Asked], first: bool, stopped: Seen | None) -> None:
        for each, reward in self._credit(asked, first, self._price):
            at = each.seen.cell, each.prompt
            self._times[at] += 1
            self._mean[at] += (reward - self._mean[at]) / self._times[at]


LOADS: tuple[Load, ...] = ("low", "medium", "high")
ARMS = (
    Arm(STOP),
    *(
        Arm(name, features=features(name, style, LOADS[place % 3]))
        for place, (name, style) in enumerate(zip(NAMES, PROMPTS, strict=True))
    ),
)


class Ours:
    """A policy of the package as the workflow has it: decides by what had settled a window ago, and learns in blocks."""

    def __init__(self, policy: Any, world: World, price: float, seed: int) -> None:
        self._policy = build(Named.model_validate(in_full({"policy": policy})["policy"]))
        self._price, self._seed = price, seed
        self._window, self._memory = Window(WINDOW, BLOCK), Memory()
        self._encoding = encoding(ARMS, REPROMPTS)
        self._waiting: deque[list[Lesson]] = deque()
        self._step = 0

    def choose(self, trace: int, seen: Seen) -> int | None:
        self._catch_up(trace)
        situation = Situation(self._context(seen), ARMS, trace, Keyed(self._seed, trace, seen.turn, "choose"), self._encoding)
        arm = self._policy.choose(situation, self._memory).arm
        return None if arm.name == STOP else ARMS.index(arm) - 1

    def told(self, asked: Sequence[Asked], first: bool, stopped: Seen | None) -> None:
        lessons = [self._lesson(each.seen, NAMES[each.prompt], each.change - self._price * each.tokens) for each in asked]
        if stopped is not None:
            lessons.append(self._lesson(stopped, STOP, 0.0))
        self._waiting.append(lessons)

    def _catch_up(self, trace: int) -> None:
        while self._memory.version < self._window.version(trace):
            for lesson in self._waiting.popleft():
                self._policy.learn(lesson, self._memory)
            self._memory.advance()

    def _lesson(self, seen: Seen, arm: str, reward: float) -> Lesson:
        return Lesson(self._context(seen), arm, REWARDS.scale(reward), encoding=self._encoding)

    def _context(self, seen: Seen) -> Fields:
        last = None if seen.last is None else PROMPTS[seen.last]
        found: Fields = {
            CELL: CELLS[seen.cell],
            "mode": MODES[seen.mode],
            "confidence": round(seen.confidence, 1),
            "turn": seen.turn,
            "last": last,
        }
        return found


@cache
def random_play(world: World) -> tuple[Floats, Floats]:
    """By context and prompt, the mean change and the mean tokens of 400,000 traces that were asked at random."""
    random = np.random.default_rng(99)
    changes, tokens, times = (np.zeros((len(CELLS), len(PROMPTS))) for _ in range(3))
    for _ in range(20):
        count = 20_000
        ease = random.beta(3, 2, count)
        right = random.random(count) < ease
        before, changed = right.copy(), np.zeros(count, bool)
        for turn in range(REPROMPTS):
            told = np.where(right, np.where(before, _POLISHED, _FIXED), np.where(before, _BROKEN, _WAVERED))
            told = np.where(changed, told, np.where(right, _RIGHT, _ANCHORED))
            mode = np.where(random.random(count) < 0.7, told, random.integers(0, len(MODES), count))
            odds = (
                _PRIOR
                / (1 - _PRIOR)
                * np.exp(2 * _CONFIDENCE * (np.where(right, 1, -1) * _CONFIDENCE + random.normal(size=count)))
            )
            sure = odds / (1 + odds)
            cell = mode * 9 + ((sure >= 0.4).astype(int) + (sure >= 0.7)) * 3 + (turn > 1) + (turn > 3)
            prompt = random.integers(0, len(PROMPTS), count)
            fix = np.minimum(0.9, world.fixes[prompt] * world.modes[mode, prompt] * 1.6 * ease * 0.75**turn)
            harm = np.minimum(0.9, world.breaks[prompt] * 1.6 * (1 - ease))
            drawn = random.random(count)
            now = np.where(right, drawn >= harm, drawn < fix)
            np.add.at(changes, (cell, prompt), now.astype(int) - right)
            np.add.at(tokens, (cell, prompt), world.tokens[prompt])
            np.add.at(times, (cell, prompt), 1)
            changed = (now != right) | (random.random(count) < 0.3)
            before, right = right, now
    return np.where(times < 30, -1.0, changes / np.maximum(times, 1)), tokens / np.maximum(times, 1)


def best_table(world: World, price: float) -> list[int | None]:
    change, tokens = random_play(world)
    worth = change - price * tokens
    return [int(row.argmax()) if row.max() > 0 else None for row in worth]


SAFE = {"explore": 0.1}
ROWS: dict[str, Callable[[World, float, int], Asker]] = {
    "never": Never,
    "always, at random": Always,
    "the best table": Table,
    "the original's Thompson": Original,
    "the original's epsilon-greedy": OriginalGreedy,
    "the original's epsilon-greedy, credit mended": lambda world, price, seed: OriginalGreedy(
        world, price, seed, credited_to_itself
    ),
    "ours, lin_ts (the default)": lambda *given: Ours({"kind": "lin_ts", "safe_start": SAFE}, *given),
    "ours, lin_ts without safe_start": lambda *given: Ours({"kind": "lin_ts"}, *given),
    "ours, thompson by the table": lambda *given: Ours({"kind": "thompson", "safe_start": SAFE}, *given),
    "ours, epsilon_greedy by the table": lambda *given: Ours({"kind": "epsilon_greedy", "safe_start": SAFE}, *given),
}


class Run(NamedTuple):
    row: str
    world: int
    seed: int
    price: float
    traces: int


class Result(NamedTuple):
    """Of one run: utility by stretch, its mean beside never at every thousand traces, and accuracy and reprompts at the end."""

    utility: tuple[float, ...]
    beside_never: tuple[float, ...]
    accuracy: float
    asked: float


def run(given: Run) -> Result:
    world = World(given.world)
    draws = Draws(100 + given.world + 1000 * given.seed, given.traces)
    course = play(world, draws, ROWS[given.row](world, given.price, given.seed), given.price, given.traces)
    marks = np.arange(1000, given.traces + 1, 1000)
    gained = np.cumsum(course.utility - course.first)[marks - 1] / marks
    stretches = [course.utility[begin:end] for begin, end in STRETCHES.values()]
    late = slice(-5000, None)
    return Result(
        tuple(float(each.mean()) if len(each) else float("nan") for each in stretches),
        tuple(gained.tolist()),
        float(course.last[late].mean()),
        float(course.asked[late].mean()),
    )


def results(rows: Sequence[str], seeds: int, traces: int, workers: int) -> Iterator[tuple[str, float, list[Result]]]:
    with ProcessPoolExecutor(workers) as pool:
        for price in PRICES:
            for row in rows:
                runs = [Run(row, world, seed, price, traces) for world in range(ENVIRONMENTS) for seed in range(seeds)]
                yield row, price, list(pool.map(run, runs))


def line(row: str, found: Sequence[Result]) -> str:
    """Means over worlds and seeds. The worst of the cumulative means beside never is that of the mean over all runs."""
    utility = np.mean([each.utility for each in found], axis=0)
    worst = float(np.mean([each.beside_never for each in found], axis=0).min())
    accuracy, asked = (float(np.mean([getattr(each, name) for each in found])) for name in ("accuracy", "asked"))
    cells = [*(f"{value:.3f}" for value in utility), f"{worst:+.3f}", f"{accuracy:.3f}", f"{asked:.2f}"]
    return f"| {row} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, and nothing is written")
    parser.add_argument("--only", default="", help="rows whose name holds this; nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    rows = [row for row in ROWS if options.only in row]
    tables: dict[float, list[str]] = {}
    for row, price, found in results(rows, 1 if options.quick else SEEDS, TRACES, options.workers):
        tables.setdefault(price, []).append(line(row, found))
        print(f"{price}: {tables[price][-1]}", flush=True)
    if not (options.quick or options.only):
        write(tables)


def write(tables: dict[float, list[str]]) -> None:
    """Into docs/correction.md."""
    text = PAGE.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    parts = []
    for price, lines in tables.items():
        columns = [f"utility, a token at {price:g}", *STRETCHES, "worst beside never", "accuracy at the end", "reprompts"]
        head = f"| {' | '.join(columns)} |"
        parts.append("\n".join([head, "|---" * len(columns) + "|", *lines]))
    PAGE.write_text(text[:begin] + "\n\n" + "\n\n".join(parts) + "\n\n" + text[end:])


if __name__ == "__main__":
    main()
