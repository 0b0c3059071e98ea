"""Whether asking again helped: first and final answers, turn by turn, in the course of the run, and what a net fix cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.measure.intervals import wilson
from loopwright.report.amounts import count
from loopwright.report.correction.told import Told
from loopwright.report.frame import Axis, Caption
from loopwright.report.lines import Point, Series, lines
from loopwright.report.markup import Child, Markup, element, joined
from loopwright.report.page import charts, facts, figure, paragraph, unfolding
from loopwright.report.tables import Group, heads, table
from loopwright.workflows.correction.values import AT_RANDOM, Value

_COLUMNS = heads("way >gain >95_%_interval >worth_questions")
_WAYS = 14


def panel(told: Told) -> Markup:
    figures = told.figures
    if not figures.questions:
        return joined([*_caveats(told), paragraph("Of no question that ended so far is the reference answer known.", "quiet")])
    drawn = charts([_by_turn(told), _over_time(told)])
    return joined([*_caveats(told), facts(list(_facts(told))), drawn, _other_ways(told)])


def _other_ways(told: Told) -> Markup:
    """Beside what never asking again, exactly, and other ways, by estimate, come to."""
    if told.spec.stop.oracle:
        said = "What other ways would have gained is not told: an oracle never lets a right answer be asked about again."
        return paragraph(said, "quiet")
    if told.values.unstated:
        name = "What other policies would have earned is not estimated here, since this run's states no probabilities: "
        return paragraph(joined([name, element("code", "loopwright policy evaluate"), " computes them."]), "quiet")
    plain = told.figures.plain()
    own = plain["mean_utility"] - plain["first_accuracy"]["mean"]
    found = sorted(told.values.found(), key=lambda each: not each.way.endswith(AT_RANDOM))
    known: list[list[Child]] = [["this run", f"{own:+.3f}", "as it was", ""], ["never to ask again", "0", "exactly", ""]]
    rows = [*known, *map(_way, found)]
    said = "Utility gained per question over never asking again, by other ways: estimated from this log, without a call"
    shown = table(
        f"{said}; those that surely gain first. Each interval is of 95 % by itself.", _COLUMNS, [Group(None, rows[:_WAYS])]
    )
    if not rows[_WAYS:]:
        return shown
    more = table("Other ways, less sure to gain.", _COLUMNS, [Group(None, rows[_WAYS:])])
    return joined([shown, unfolding(f"{count(len(rows) - _WAYS)} more ways", more)])


def _way(value: Value) -> list[Child]:
    worth = count(value.worth) if value.worth >= 10 else f"{value.worth:.1f}"
    if value.gain is None:
        return [value.way, "unknown", "hardly ever tried", worth]
    return [value.way, f"{value.gain:+.3f}", f"{value.low:+.3f} to {value.high:+.3f}", worth]


def _caveats(told: Told) -> Iterator[Markup]:
    if told.spec.stop.oracle:
        said = "Upper bound: this run stopped by looking at the reference answers (an oracle), as nobody can."
        yield paragraph(said, "notice")
    if told.figures.judged:
        of = f"{count(told.figures.judged)} of {count(told.figures.unknown)} questions without a reference answer"
        yield paragraph(
            f"The policy learned from what {told.spec.reward.judge} says of {of}. No accuracy here counts them.", "notice"
        )


def _facts(told: Told) -> Iterator[tuple[str, Child]]:
    plain: dict[str, Any] = told.figures.plain()
    yield "questions", count(plain["questions"])
    if plain["without_reference"]:
        judged = f", {count(plain['judged'])} judged" if plain["judged"] else ""
        yield "without a reference", f"{count(plain['without_reference'])} more{judged}"
    yield "right at first", _held(plain["first_accuracy"])
    yield "right at last", _held(plain["final_accuracy"])
    yield "net gain", _held(plain["net_gain"], signed=True)
    yield "questions gained, and lost", f"{count(plain['questions_gained'])}, and {count(plain['questions_lost'])}"
    yield "price per question", f"{plain['mean_price']:.3f} correct answers"
    first = plain["first_accuracy"]["mean"]
    yield "utility, and never asking", f"{plain['mean_utility']:.3f}, and {first:.3f}"
    per_fix = plain["tokens_per_net_fix"]
    yield "tokens per net fix", "none was fixed net" if per_fix is None else count(per_fix)
    if plain["usd_per_net_fix"]:
        yield "USD per net fix", f"${plain['usd_per_net_fix']:.4f}"


def _held(given: dict[str, float], signed: bool = False) -> str:
    form = "+.3f" if signed else ".3f"
    return f"{given['mean']:{form}} ({given['low']:{form}} to {given['high']:{form}})"


def _by_turn(told: Told) -> Markup:
    questions = told.figures.questions
    points = [
        Point(float(turn), right / questions, *wilson(right, questions)) for turn, (_, right) in enumerate(told.figures.by_turn)
    ]
    caption = Caption("Right answers, had all stopped there", "share of questions", f"{count(questions)} questions")
    drawn = lines(caption, [Series("right", tuple(points))], Axis("reprompts"), Axis("share right"))
    reached = ", ".join(f"{count(reached)}" for reached, _ in told.figures.by_turn)
    return figure(drawn, f"Asked 0, 1, 2, ... times again: {reached}. Bands are 95 % intervals.")


def _over_time(told: Told) -> Markup:
    at, gained, utility = 0, [], []
    for block in told.figures.curve.stretches:
        at += block.questions
        if block.questions:
            gained.append(Point(float(at), block.gain / block.questions, *block.held))
            utility.append(Point(float(at), (block.gain - block.price) / block.questions))
    caption = Caption("Gained over never asking again", "correct answers per question", f"{count(at)} questions")
    series = [Series("accuracy", tuple(gained)), Series("net of price", tuple(utility))]
    drawn = lines(caption, series, Axis("questions"), Axis("gain per question"))
    return figure(drawn, f"Means of {len(gained)} stretches of the run; the band is a 95 % interval. Never asking again is 0.")
