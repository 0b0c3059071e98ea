"""One pass over what a run of data generation has stored: what its batches brought, at what rows fell, what was accepted.

It holds counts, a few hundred rows to be shown, and the texts of one stretch; never all rows.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from loopwright.quality.row import Row
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import SAMPLE, SPAN
from loopwright.store.summary import NONE, Total, added
from loopwright.store.yields import Rejection, Yield, calls_before, rejections, yields
from loopwright.text.diversity import distinct_n, sample
from loopwright.text.words import words
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.settling import TARGET

ACCEPTED = 60
"""Accepted rows that are shown."""
REJECTED = 12
"""Rejected rows that are shown of each gate."""

_WINDOWS = (25, 50, 100, 200, 500)
_STRETCHES = 40
_POINTS = 120
_REASONS = 2_000
_LONGEST_REASON = 300
_LONGEST_ROW = 10_000
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Gate(NamedTuple):
    """A place where rows fall: a validator in `act`, or (`late`) in settling, beside all that was accepted meanwhile."""

    validator: str
    late: bool


@dataclass(slots=True)
class Reason:
    """Why rows fell, as it was said of the first; where more was said that differs in its numbers alone, without them."""

    said: str
    rows: int = 0

    def add(self, said: str) -> None:
        self.rows += 1
        if said != self.said:
            self.said = _NUMBER.sub("#", said)


@dataclass(slots=True)
class Fallen:
    """The rows that a gate rejected: how many, why, and some of them, evenly spread."""

    rows: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    def add(self, said: str) -> None:
        self.rows += 1
        said = " ".join(said[:_LONGEST_REASON].split()) or "no reason given"
        kind = _NUMBER.sub("#", said)
        if kind not in self.reasons and len(self.reasons) >= _REASONS:
            kind = said = "other reasons"
        self.reasons.setdefault(kind, Reason(said)).add(said)


@dataclass(slots=True)
class ArmYield:
    """What an arm's batches came to."""

    batches: int = 0
    rows: int = 0
    accepted: int = 0
    calls: int = 0
    tokens: Total = NONE
    nano_usd: Total = NONE
    passed: bool = False
    """Whether any of its rows did."""
    squares: float = 0.0
    """The sum of (accepted rows)² / rows over its batches, which tells how alike the fates of a batch's rows are."""

    def add(self, of: Yield) -> None:
        self.batches += 1
        self.rows += of.samples
        self.accepted += of.accepted
        self.calls += of.calls
        self.tokens = added((self.tokens, of.tokens))
        self.nano_usd = added((self.nano_usd, of.nano_usd))
        self.passed |= of.earned > 0
        self.squares += of.accepted**2 / of.samples if of.samples else 0.0


class Reached(NamedTuple):
    """How far the run was after a batch."""

    batches: int
    calls: int
    accepted: int


class Diverse(NamedTuple):
    """After so many accepted rows: different pairs of words per pair, of the last rows and of as many drawn from all so far."""

    rows: int
    recent: float | None
    overall: float | None


@dataclass(slots=True)
class Tally:
    arms: dict[str, ArmYield] = field(default_factory=dict)
    course: list[Reached] = field(default_factory=list)
    fallen: dict[Gate, Fallen] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    window: int = 0
    diversity: list[Diverse] = field(default_factory=list)
    lengths: Counter[int] = field(default_factory=Counter)
    """In words, of the accepted rows; those beyond ten thousand are counted as that."""
    accepted: int = 0
    rows: int = 0


def tallied(reader: RunReader, recipe: Recipe, trials: int) -> Tally:
    """Of the first so many trials: while a run goes on, all parts of its report tell of one moment."""
    found = Tally()
    _read_batches(found, reader, trials)
    _read_rejections(found, reader, trials)
    _read_accepted(found, reader, recipe, trials)
    return found


def _read_batches(found: Tally, reader: RunReader, trials: int) -> None:
    """The course is thinned while it is read, so that its length does not depend on that of the run."""
    step, batches, calls = 1, 0, calls_before(reader)
    found.course.append(Reached(0, calls, 0))
    for batch in yields(reader, trials):
        batches += 1
        calls += batch.calls
        found.rows += batch.samples
        found.accepted += batch.accepted
        if batch.arm is not None:
            found.arms.setdefault(batch.arm, ArmYield()).add(batch)
        if batches % step == 0:
            found.course.append(Reached(batches, calls, found.accepted))
        if len(found.course) > 2 * _POINTS:
            found.course = found.course[::2]
            step *= 2
    if found.course[-1].batches < batches:
        found.course.append(Reached(batches, calls, found.accepted))


def _read_rejections(found: Tally, reader: RunReader, trials: int) -> None:
    """Twice: how many there are tells which to show."""
    for rejection in rejections(reader, trials):
        found.fallen.setdefault(_gate(rejection), Fallen()).add(rejection.reason)
    seen: Counter[Gate] = Counter()
    chosen = {gate: spread(fallen.rows, REJECTED) for gate, fallen in found.fallen.items()}
    for rejection in rejections(reader, trials):
        gate = _gate(rejection)
        if seen[gate] in chosen.get(gate, ()):
            found.fallen[gate].shown.append(f"{rejection.trial}.{rejection.sample}")
        seen[gate] += 1


def _read_accepted(found: Tally, reader: RunReader, recipe: Recipe, trials: int) -> None:
    chosen, wanted = spread(found.accepted, ACCEPTED), recipe.brief.quotas.rows
    found.window = next((n for n in _WINDOWS if n * _STRETCHES >= found.accepted), _WINDOWS[-1])
    texts: list[str] = []
    drawn: list[str] = []
    accepted = reader.rows(SAMPLE, Where(accepted=True), last=trials * SPAN - 1)
    for number, each in enumerate(map(SAMPLE.parse, accepted)):
        data = cast(Any, each.data)
        row = Row(data["row"], data["lineage"].get("facts", {}))
        if wanted:
            found.labels[row.claim(recipe.task.label) or ""] += 1
        if number in chosen:
            found.shown.append(each.id)
        texts.append(row.text(recipe.brief.text_field) or "")
        found.lengths[min(_LONGEST_ROW, len(words(texts[-1])))] += 1
        if len(texts) == found.window:
            drawn = sample([*drawn, *texts], found.window)
            found.diversity.append(Diverse(number + 1, distinct_n(texts, 2), distinct_n(drawn, 2)))
            texts = []


def _gate(rejection: Rejection) -> Gate:
    return Gate(rejection.validator, rejection.late and rejection.validator != TARGET)


def spread(there: int, most: int) -> frozenset[int]:
    """Places of at most so many, evenly spread from the first on."""
    return frozenset(range(there)) if there <= most else frozenset(place * there // most for place in range(most))
