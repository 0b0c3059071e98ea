"""The dataset so far, beside its target and beside what choosing arms uniformly would have come to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from loopwright.report.amounts import count, share, usd
from loopwright.report.datagen.made import Made
from loopwright.report.datagen.uniform import Uniform
from loopwright.report.frame import Axis, Caption
from loopwright.report.lines import Point, Series, lines
from loopwright.report.markup import Markup, joined
from loopwright.report.page import charts, facts, figure, paragraph
from loopwright.report.scale import number
from loopwright.store.summary import added
from loopwright.workflows.datagen.state import PATIENCE

_POINTS = 40
"""Of the uniform expectation that are drawn."""
_STRETCHES = 10


def panel(made: Made) -> Markup:
    said, *how = _beside_uniform(made)
    drawn = charts([_over_cost(made), _pace(made)]) if len(made.tally.course) > 1 else None
    return joined([facts(list(_facts(made))), paragraph(said), drawn, *(paragraph(each, "quiet") for each in how)])


def _facts(made: Made) -> Iterator[tuple[str, str]]:
    tally, target = made.tally, made.recipe.target.accepted
    yield "accepted", f"{count(tally.accepted)} of {count(target)} wanted"
    yield "rows written", f"{count(tally.rows)}, {share(tally.accepted, tally.rows)} accepted" if tally.rows else "none yet"
    if made.uniform is not None:
        expected = made.uniform.accepted(_spent(made))
        yield (
            "choosing uniformly, estimated",
            f"about {_rows(expected.mean)} ({_rows(expected.low)} to {_rows(expected.high)})",
        )
    if not made.calls:
        yield "accepted per batch", _per(tally.accepted, tally.course[-1].batches)
        yield "model calls", "none: all rows come from the grammar"
        return
    if not tally.accepted:
        yield "calls per accepted row", "none yet"
        return
    spends = made.shown.whole.spending
    tokens = added(spend.tokens for spend in spends).told(lambda known: _per(known, tally.accepted))
    yield "calls per accepted row", _per(made.calls, tally.accepted)
    yield "tokens per accepted row", tokens
    yield "cost per accepted row", made.shown.whole.overview.spent.told(lambda known: usd(round(known / tally.accepted)))


def _per(total: float, of: int) -> str:
    return number(total / of) if of else "unknown"


def _over_cost(made: Made) -> Markup:
    """Rows against calls, which is what they cost; against batches where no model is asked."""
    course, target = made.tally.course, float(made.recipe.target.accepted)
    first, last = _at(made, 0), _at(made, -1)
    mine = Series("this run", tuple(Point(_at(made, place), float(each.accepted)) for place, each in enumerate(course)))
    wanted = Series("target", (Point(first, target), Point(max(last, first + 1), target)))
    other = [Series("uniform", _expected(made.uniform, first, last))] if made.uniform is not None else []
    caption = Caption(f"Accepted over {made.cost}", "rows", f"{count(made.tally.accepted)} accepted rows")
    drawing = lines(caption, [mine, *other, wanted], _axis(made), Axis("rows", 0))
    band = " Uniform is what choosing arms uniformly would have come to, an estimate with its 95 % interval." if other else ""
    return figure(drawing, f"Steeper is cheaper.{band}")


def _pace(made: Made) -> Markup:
    """What a call, or a batch, brought in, stretch by stretch."""
    course, first = made.tally.course, _at(made, 0)
    marks = sorted({place * (len(course) - 1) // _STRETCHES for place in range(_STRETCHES + 1)})
    points = [
        Point(_at(made, end), (course[end].accepted - course[begin].accepted) / cost)
        for begin, end in pairwise(marks)
        if (cost := _at(made, end) - _at(made, begin)) > 0
    ]
    series = [Series("this run", tuple(points))]
    if made.uniform is not None:
        held = made.uniform.pace
        series.append(Series("uniform", (Point(first, *held), Point(max(_at(made, -1), first + 1), *held))))
    one = made.cost.removesuffix("es" if made.cost == "batches" else "s")
    caption = Caption(f"Accepted per {one}", "rows", f"{count(made.tally.accepted)} accepted rows")
    rows = Axis("rows", 0, None if made.tally.accepted else 1)
    drawing = lines(caption, series, _axis(made), rows)
    return figure(
        drawing,
        f"What each {one} brought in, stretch by stretch; higher is better. Towards the target it falls: places fill up.",
    )


def _axis(made: Made) -> Axis:
    return Axis("calls of settled batches" if made.calls else "settled batches", 0)


def _at(made: Made, place: int) -> float:
    reached = made.tally.course[place]
    return float(reached.calls if made.calls else reached.batches)


def _spent(made: Made) -> float:
    """In batches: what the stages before them asked, any policy would have paid."""
    return _at(made, -1) - _at(made, 0)


def _expected(uniform: Uniform, first: float, last: float) -> tuple[Point, ...]:
    steps = [(last - first) * place / _POINTS for place in range(_POINTS + 1)]
    return tuple(Point(first + step, *uniform.accepted(step)) for step in steps)


def _beside_uniform(made: Made) -> Iterator[str]:
    tally, uniform = made.tally, made.uniform
    arms = len(made.recipe.brief.arms)
    if arms == 1:
        yield "The recipe has one arm: there was nothing to choose, and so nothing to hold the run against."
    elif made.recipe.policy.kind == "uniform":
        yield "The run itself chose its arms uniformly: it is what others are held against."
    elif uniform is None:
        tried = f"{len(tally.arms)} of {arms} arms were tried" if len(tally.arms) < 2 else "no arm has brought in a row"
        yield f"What choosing arms uniformly would have come to cannot be told: {tried}."
    else:
        yield _compared(made, uniform)
        yield _how(made, uniform, arms)


def _compared(made: Made, uniform: Uniform) -> str:
    spent, rows = _spent(made), made.tally.accepted
    expected = uniform.accepted(spent)
    said = (
        f"With {count(spent)} {made.cost} the run had {count(rows)} rows accepted; choosing its arms uniformly would have had "
        f"about {_rows(expected.mean)} (95 % interval {_rows(expected.low)} to {_rows(expected.high)}). "
    )
    if expected.low <= rows <= expected.high:
        return f"{said}The difference is within what is not known of the arms."
    needed = uniform.cost_of(rows)
    than = "fewer" if spent < needed else "more"
    saved = share(abs(needed - spent), needed)
    return f"{said}It would have taken about {count(needed)} {made.cost} for as many: the run took {saved} {than}."


def _how(made: Made, uniform: Uniform, arms: int) -> str:
    tally = made.tally
    batches = count(tally.course[-1].batches)
    said = f"That is an estimate from the {batches} batches of this run: each arm is taken to go on as it did here"
    if len(tally.arms) < arms:
        said += f"; the {count(arms - len(tally.arms))} never tried are left out"
    gone = uniform.gone
    if gone:
        said += f"; arm{'s' * (len(gone) > 1)} {' and '.join(gone)} would be switched off after {PATIENCE} batches in vain"
    return f"{said}. What is known of each arm stands under Arms."


def _rows(value: float) -> str:
    return count(round(value))
