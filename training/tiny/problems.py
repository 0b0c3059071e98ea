"""Arithmetic word problems, how a person works them out, and the slips people make on the way.

A tenth of the problems, chosen by a hash of their numbers, is held out: no training example is made of them, nor of a
problem one of whose steps is held out as a problem of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from training.tiny.draw import expand, held_out, made_up

LISTS = {
    "n": (
        "Tom Ben Sam Omar Paul Jack Lee Max Noah Carl Peter David Leo Felix Hugo John Tim Mark Adam Ali"
        " Anna Maria Nina Ivy Zoe Mia Lena Ruth Eva Rosa Lucy Kim Sara Emma Clara Mary Jane Lisa Kate Julia"
    ).split(),
    "m": "Peter Kim Lucy David Sara Leo Emma Felix Clara Hugo".split(),
    "i": (
        "apples pens books coins cards eggs shells stamps cups stones marbles stickers balls buttons candles"
        " cookies flowers oranges pencils tickets toys photos plates bottles cakes sweets bananas cars pages letters"
        " cows dogs trees chairs dollars games points fish"
    ).split(),
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "box": "boxes bags baskets jars rows shelves packs crates".split(),
}
STARTS = (
    "{n} [has|had] {a} {i}.", "There are {a} {i} in a [box|bag|basket].", "{n} [found|collected|bought|baked|picked] {a} {i} on {day}.",
    "A shop has {a} {i}.", "{n} starts with {a} {i}.", "[A school|A library|A farmer|A club|A teacher] has {a} {i}.",
)  # fmt: skip
GROUPS = (
    "{n} has {a} {box} with {b} {i} in each.", "There are {a} {box}, and each holds {b} {i}.",
    "{n} [buys|packs|fills] {a} {box} of {b} {i} each.", "Each of {a} [friends|children|people] brings {b} {i}.",
    "There are {a} {box} of {b} {i}.", "{n} [has|buys] {a} {box}. [Each has {b} {i}|There are {b} {i} in each].",
)  # fmt: skip
CHANGES = {
    "+": (
        "{n} [buys|gets|finds|collects] {x} more.", "{m} [brings|adds|gives] {x} more.", "Then {x} more [are added|arrive|come in].",
        "On {day} [there come|{n} gets] {x} more.", "{m} has {x} {i} too, and they put them together.", "{p} [bought|got|found|earned] {x} more.",
        "{m} gives {o} {x} more[| {i}].",
    ),
    "-": (
        "{n} gives {x} to {m}.", "{n} [loses|sells|gives away|uses|eats|spends] {x}.", "Then {x} [are sold|are lost|are taken away|break].",
        "{m} takes {x} of them.", "On {day} {x} of them are [sold|used|given away].",
        "{p} [lost|sold|gave away|used|ate|spent|gave {m}] {x}[| of them].",
    ),
}  # fmt: skip
DOES = {
    "+": ("[buys|gets|finds|makes] {x} more", "gets {x} more from {m}", "[earns|collects] {x} more"),
    "-": ("gives {x} to {m}", "[loses|sells|gives away|eats|uses|spends] {x}[| of them]"),
}
DID = {
    "+": ("[bought|got|found|made] {x} more", "got {x} more from {m}", "[earned|collected] {x} more"),
    "-": ("gave {x} to {m}", "[lost|sold|gave away|ate|used|spent] {x}[| of them]"),
}
ASKS = (
    "How many {i} are there now?", "How many {i} [are there in total|are there in the end|are left]?",
    "How many {i} [does {n} have|are there] now?", "How many is that?", "How many[| {i}] [does {p2} have|does {n} have][| now| left]?",
    "How many[| {i}] are there [altogether|in all|together|now]?", "What is the total?",
)  # fmt: skip
BARE = {
    "+": (
        "What is {a} + {b}?", "[Compute|Add|Calculate] {a} + {b}.", "What is the sum of {a} and {b}?", "{a} + {b} = ?",
        "[What is|How much is] {a} plus {b}?", "Add {a} and {b}.", "{a} + {b}?",
    ),
    "-": (
        "What is {a} - {b}?", "[Compute|Calculate] {a} - {b}.", "[What is|How much is] {a} minus {b}?", "{a} - {b} = ?",
        "Take {b} from {a}.", "[Subtract {b} from|Take {b} away from] {a}.", "{a} - {b}?",
    ),
    "x": (
        "What is {a} x {b}?", "What is {a} * {b}?", "[Compute|Calculate] {a} times {b}.", "[How much|What] is {a} times {b}?",
        "Multiply {a} by {b}.", "{a} x {b} = ?", "[What is the product of|Multiply] {a} and {b}[?|.]",
    ),
}  # fmt: skip
BARE_TWO = ("What is {a} {p} {b} {q} {c}?", "[Compute|Calculate] {a} {p} {b} {q} {c}.", "{a} {p} {b} {q} {c} = ?")


@dataclass(frozen=True, slots=True)
class Problem:
    question: str
    numbers: tuple[int, ...]
    signs: str

    @property
    def answer(self) -> int:
        value = self.numbers[0]
        for sign, number in zip(self.signs, self.numbers[1:], strict=True):
            value = apply(value, sign, number)
        return value


class Worked(NamedTuple):
    steps: str
    answer: int


@dataclass(frozen=True, slots=True)
class Slips:
    """How often somebody forgets a carry, a borrow, takes the wrong multiple, stops early, or mistakes the second step."""

    carry: float = 0.22
    borrow: float = 0.22
    multiple: float = 0.18
    stop: float = 0.1
    sign: float = 0.05

    def times(self, factor: float) -> Slips:
        return Slips(*(min(0.9, factor * rate) for rate in (self.carry, self.borrow, self.multiple, self.stop, self.sign)))


USUAL = Slips()
CAREFUL = USUAL.times(0.025)
NONE = USUAL.times(0)


def apply(a: int, sign: str, b: int) -> int:
    return a + b if sign == "+" else a - b if sign == "-" else a * b


def _is_held_out(numbers: tuple[int, ...], signs: str) -> bool:
    """By its numbers, whatever the story; 3 + 4 and 4 + 3 are one problem."""
    first = numbers if signs[0] == "-" else (*sorted(numbers[:2]), *numbers[2:])
    return held_out(repr((first, signs)))


def _touches_held_out(numbers: tuple[int, ...], signs: str) -> bool:
    """The problem itself, or one of its steps where that is more than a sum of two digits."""
    value = numbers[0]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if max(value, number) > 9 and _is_held_out((value, number), sign):
            return True
        value = apply(value, sign, number)
    return _is_held_out(numbers, signs)


def draw(random: Random, evaluation: bool = False) -> Problem:
    """A problem to train on, or one that no training ever sees."""
    while True:
        numbers, signs = _numbers(random)
        if _is_held_out(numbers, signs) if evaluation else not _touches_held_out(numbers, signs):
            return Problem(_question(random, numbers, signs), numbers, signs)


def _numbers(random: Random) -> tuple[tuple[int, ...], str]:
    sign = random.choices("+-x", (4, 4, 3))[0]
    if sign == "x":
        numbers = [random.randint(2, 25), random.randint(2, 9)]
    else:
        numbers = sorted((random.randint(2, 99), random.randint(2, 99)), reverse=sign == "-" or random.random() < 0.5)
    if random.random() < 0.6:
        return tuple(numbers), sign
    value = apply(numbers[0], sign, numbers[1])
    second = random.choice("+-") if value > 3 else "+"
    return (*numbers, random.randint(2, 99) if second == "+" else random.randint(2, min(99, value - 1))), sign + second


def _question(random: Random, numbers: tuple[int, ...], signs: str) -> str:
    values = dict(zip("abc", map(str, numbers), strict=False))
    if random.random() < 0.05:
        values |= {"n": made_up(random).capitalize(), "i": made_up(random) + "s"}
    if random.random() < 0.2:
        pattern = random.choice(BARE[signs] if len(signs) == 1 else BARE_TWO)
        return expand(random, pattern, LISTS, values | {"p": signs[0], "q": signs[-1]})
    values.setdefault("n", random.choice(LISTS["n"]))
    values["m"] = random.choice([name for name in LISTS["m"] if name != values["n"]])
    she = values["n"] in LISTS["n"][20:] or (values["n"] not in LISTS["n"] and random.random() < 0.5)
    values |= {"p": "She" if she else "He", "o": "her" if she else "him", "p2": "she" if she else "he"}
    return expand(random, " ".join((*_told(random, numbers, signs), random.choice(ASKS))), LISTS, values)


def _told(random: Random, numbers: tuple[int, ...], signs: str) -> list[str]:
    """How things began and what came after; sometimes two of these in one sentence."""
    groups = signs[0] == "x"
    changes = list(zip(signs[1:] if groups else signs, numbers[2:] if groups else numbers[1:], strict=True))
    if not groups and random.random() < 0.2:
        begun = f"{{n}} has {{a}} {{i}} and [then |]{_done(random, DOES, *changes.pop(0))}."
    else:
        begun = random.choice(GROUPS if groups else STARTS)
    if len(changes) == 2 and random.random() < 0.3:
        way = random.choice((DOES, DID))
        first, second = (_done(random, way, *change) for change in changes)
        return [begun, f"[{{n}}|{{p}}] {first} and [then |]{second}."]
    return [begun, *(random.choice(CHANGES[sign]).replace("{x}", str(number)) for sign, number in changes)]


def _done(random: Random, way: dict[str, tuple[str, ...]], sign: str, number: int) -> str:
    return random.choice(way[sign]).replace("{x}", str(number))


def work_out(random: Random, problem: Problem, slips: Slips) -> Worked:
    """Step by step, with the slips that happen to happen; what follows a slip follows from it."""
    value, lines = problem.numbers[0], []
    for place, (sign, number) in enumerate(zip(problem.signs, problem.numbers[1:], strict=True)):
        if place and random.random() < slips.stop:
            break
        done = ("-" if sign == "+" else "+") if place and value >= number and random.random() < slips.sign else sign
        steps, result = _STEPS[done](random, value, number, slips)
        lines.append(f"{value} {done} {number}: {', '.join(steps)}.")
        value = result
    return Worked(" ".join(lines), value)


Steps = tuple[list[str], int]


def _add(random: Random, a: int, b: int, slips: Slips) -> Steps:
    ones, rests = (a % 10 + b % 10), (a // 10 * 10, b // 10 * 10)
    steps = [f"{a % 10} + {b % 10} = {ones}"]
    if all(rests):
        steps.append(f"{rests[0]} + {rests[1]} = {sum(rests)}")
    if not any(rests):
        return steps, ones
    forgotten = ones > 9 and random.random() < slips.carry
    total = sum(rests) + (ones % 10 if forgotten else ones)
    return [*steps, f"{sum(rests)} + {ones} = {total}"], total


def _take(random: Random, a: int, b: int, slips: Slips) -> Steps:
    steps, tens, ones = [], b // 10 * 10, b % 10
    if tens:
        steps.append(f"{a} - {tens} = {a - tens}")
    a -= tens
    if ones or not tens:
        borrows = a % 10 < ones
        left = a - ones + (10 if borrows and random.random() < slips.borrow else 0)
        steps.append(f"{a} - {ones} = {left}")
        a = left
    return steps, a


def _times(random: Random, a: int, b: int, slips: Slips) -> Steps:
    tens, ones = a // 10 * 10, a % 10
    off = random.choice((-1, 1)) if ones and random.random() < slips.multiple else 0
    parts = [(tens, tens * b)] if tens else []
    parts += [(ones, ones * (b + off))] if ones else []
    steps = [f"{part} x {b} = {product}" for part, product in parts]
    total = sum(product for _, product in parts)
    if len(parts) > 1:
        steps.append(f"{parts[0][1]} + {parts[1][1]} = {total}")
    return steps, total


_STEPS = {"+": _add, "-": _take, "x": _times}


def backwards(problem: Problem) -> str:
    """The check from the result back to the first number: only a right result leads there."""
    value, parts = problem.answer, []
    for sign, number in reversed(list(zip(problem.signs, problem.numbers[1:], strict=True))):
        undone = "+" if sign == "-" else "-" if sign == "+" else "/"
        before = value - number if undone == "-" else value + number if undone == "+" else value // number
        parts.append(f"{value} {undone} {number} = {before}")
        value = before
    return f"Backwards: {', '.join(parts)}."
