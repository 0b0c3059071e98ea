"""Arithmetic word problems, how a person works them out, and the slips people make on the way.

A tenth of the problems, chosen by a hash of their numbers, is held out: no training example is made of them, nor of a
problem one of whose steps is held out as a problem of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from loopwright.llm.tiny import stories
from loopwright.llm.tiny.stories import apply
from training.tiny.draw import expand, held_out, made_up


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
            return Problem(question(random, numbers, signs), numbers, signs)


def retold(random: Random) -> Problem:
    """A problem that no training ever sees, told in sentences that no training ever sees."""
    numbers, signs = _numbers(random)
    if not _is_held_out(numbers, signs):
        return retold(random)
    groups = signs[0] == "x"
    changes = zip(signs[1:], numbers[2:], strict=True) if groups else zip(signs, numbers[1:], strict=True)
    told = [
        stories.RETOLD["x" if groups else "start"],
        *(_with(stories.RETOLD[sign], number) for sign, number in changes),
        stories.RETOLD["ask"],
    ]
    values = _people(random, dict(zip("abc", map(str, numbers), strict=False)))
    return Problem(expand(random, " ".join(map(random.choice, told)), stories.LISTS, values), numbers, signs)


def _with(patterns: tuple[str, ...], number: int) -> tuple[str, ...]:
    return tuple(pattern.replace("{x}", str(number)) for pattern in patterns)


def _numbers(random: Random) -> tuple[tuple[int, ...], str]:
    sign = random.choices("+-x", (4, 4, 3))[0]
    if sign == "x":
        numbers = [
            random.randint(stories.SMALLEST, stories.GROUPS_AT_MOST),
            random.randint(stories.SMALLEST, stories.EACH_AT_MOST),
        ]
    else:
        numbers = sorted((_number(random), _number(random)), reverse=sign == "-" or random.random() < 0.5)
    if random.random() < 0.6:
        return tuple(numbers), sign
    value = apply(numbers[0], sign, numbers[1])
    second = random.choice("+-") if value > 3 else "+"
    return (*numbers, _number(random, stories.LARGEST if second == "+" else value - 1)), sign + second


def _number(random: Random, most: int = stories.LARGEST) -> int:
    return random.randint(stories.SMALLEST, min(stories.LARGEST, most))


def question(random: Random, numbers: tuple[int, ...], signs: str) -> str:
    values = dict(zip("abc", map(str, numbers), strict=False))
    if random.random() < 0.05:
        values |= {"n": made_up(random).capitalize(), "i": made_up(random) + "s"}
    if random.random() < 0.2:
        pattern = random.choice(stories.BARE[signs] if len(signs) == 1 else stories.BARE_TWO)
        return expand(random, pattern, stories.LISTS, values | {"p": signs[0], "q": signs[-1]})
    return expand(
        random, " ".join((*_told(random, numbers, signs), random.choice(stories.ASKS))), stories.LISTS, _people(random, values)
    )


def _people(random: Random, values: dict[str, str]) -> dict[str, str]:
    values.setdefault("n", random.choice(stories.LISTS["n"]))
    values["m"] = random.choice([name for name in stories.LISTS["m"] if name != values["n"]])
    she = values["n"] in stories.LISTS["n"][20:] or (values["n"] not in stories.LISTS["n"] and random.random() < 0.5)
    return values | {"p": "She" if she else "He", "o": "her" if she else "him", "p2": "she" if she else "he"}


def _told(random: Random, numbers: tuple[int, ...], signs: str) -> list[str]:
    """How things began and what came after; sometimes two of these in one sentence."""
    groups = signs[0] == "x"
    changes = list(zip(signs[1:] if groups else signs, numbers[2:] if groups else numbers[1:], strict=True))
    if not groups and random.random() < 0.2:
        begun = stories.BEGUN.replace("{done}", _done(random, stories.DOES, *changes.pop(0)))
    else:
        begun = random.choice(stories.GROUPS if groups else stories.STARTS)
    if len(changes) == 2 and random.random() < 0.3:
        way = random.choice((stories.DOES, stories.DID))
        first, second = (_done(random, way, *change) for change in changes)
        return [begun, stories.BOTH.replace("{first}", first).replace("{second}", second)]
    return [begun, *(random.choice(stories.CHANGES[sign]).replace("{x}", str(number)) for sign, number in changes)]


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
