"""The page that says what a dataset is worth: scores, learning curve, confusions, arms, overlaps with real rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from loopwright.learn.contributions import Contribution
from loopwright.learn.likeness import Likeness
from loopwright.learn.nearness import NEAR, Nearness
from loopwright.learn.scoring import Score
from loopwright.measure.confusion import Confusion
from loopwright.report.amounts import count, share
from loopwright.report.bars import Bar, bars
from loopwright.report.frame import Axis, Caption
from loopwright.report.heat import Cell, heat
from loopwright.report.histogram import Bins, histogram
from loopwright.report.lines import Point, Series, lines
from loopwright.report.markup import Child, Markup, element, joined, shortened
from loopwright.report.page import Section, charts, facts, figure, page, paragraph
from loopwright.report.tables import Group, heads, table
from loopwright.runs.downstream import Answer, Overlap, Trained

_HELD = "Whiskers and bands are 95 % intervals."
_DRAWN = 8
"""Labels at most whose confusions are drawn; of more, the most frequent ones are listed."""
_LISTED = 12
_ALIKE = 1.1
"""The ratio of two perplexities up to which they are called about the same."""
_SCORES = heads("learned_from >rows scored_on metric >value >95_%_interval >beside_the_generated")
_LABELS = heads("label >rows >precision >recall >F1")
_TAKEN = heads("label taken_for >rows")
_ARMS = heads("arm >rows >without_it >adds >95_%_interval")
_PAIRS = heads("~text ~nearest >similarity")
_WHOLE = heads("figure >generated_against_real >real_against_real ~says")


def report(answer: Answer) -> str:
    """The page as HTML."""
    found = [
        Section("scores", "Scores", _scores(answer)) if answer.trained else None,
        Section("likeness", "Likeness", _likeness(answer.likeness)) if answer.likeness else None,
        Section("confusions", "Confusions", _confusions(answer.confusion)) if answer.confusion else None,
        Section("arms", "Arms", _arms(answer)) if answer.contributions else None,
        Section("copies", "Copies", _overlaps(answer.copies)),
        Section("leaks", "Leaks", _overlaps(answer.leaks)),
    ]
    title = f"{answer.source}: what it is worth"
    sections = [section for section in found if section is not None]
    return page(title, _header(answer), sections, f"Made of {count(answer.rows)} generated rows of {answer.source}.")


def _header(answer: Answer) -> Markup:
    known: list[tuple[str, Child]] = [("kind", answer.kind), ("generated rows", count(answer.rows))]
    known += [(f"{name} rows", count(rows)) for name, rows in answer.sets.items()]
    if answer.model is not None:
        known.append(("model", element("code", written(answer))))
    notices = [*answer.warnings, *answer.notes]
    return joined(
        [element("h1", f"What {answer.source} is worth"), *(paragraph(each, "notice") for each in notices), facts(known)]
    )


def written(answer: Answer) -> str:
    """The model as a spec names it."""
    return answer.model if isinstance(answer.model, str) else orjson.dumps(answer.model).decode()


def _scores(answer: Answer) -> Markup:
    on_test = [each for each in answer.trained if each.scored == "test"]
    metric = on_test[0].scores[0].metric
    rows = f"{count(answer.sets['test'])} rows of test"
    drawn = [_bar(f"{each.on}, {count(each.rows)}", each.scores[0]) for each in on_test]
    drawings = [figure(bars(Caption("What was learned from", metric, rows), drawn, Axis(metric, 0, 1)), _HELD)]
    if answer.curves:
        series = [Series(each.on, tuple(Point(float(at.rows), *at.score[1:]) for at in each.reached)) for each in answer.curves]
        drawing = lines(Caption("Learning curve", metric, rows), series, Axis("rows learned from", 0), Axis(metric, 0, 1))
        drawings.append(figure(drawing, f"Means over orders of the rows. {_HELD}"))
    listed: list[list[Child]] = [row for each in answer.trained for row in score_rows(each)]
    said = "Each model, its training rows and its scores. `Beside` compares with the first, row by row of the same test."
    return joined([charts(drawings), table(said, _SCORES, [Group(None, listed)])])


def score_rows(each: Trained) -> Iterator[list[Child]]:
    """A line of a table for each of its scores."""
    for place, one in enumerate(each.scores):
        beside = signed(each.beside) if each.beside is not None and not place else "-"
        yield [each.on, count(each.rows), each.scored, one.metric, f"{one.value:.3f}", held(one), beside]


def held(one: Score) -> str:
    return f"{one.low:.3f} to {one.high:.3f}"


def signed(one: Score) -> str:
    """A difference with its interval."""
    return f"{one.value:+z.3f} ({one.low:+z.3f} to {one.high:+z.3f})"


def _bar(name: str, one: Score) -> Bar:
    return Bar(name, one.value, one.low, one.high, f"{one.value:.3f}")


def _confusions(found: Confusion) -> Markup:
    listed: list[list[Child]] = [
        [each.label, count(each.rows), *(f"{part:.3f}" for part in (each.precision, each.recall, each.f1))]
        for each in found.by_label()
    ]
    by_label = table("Of each label: how many test rows have it, and how well it was told.", _LABELS, [Group(None, listed)])
    if len(found.labels) > _DRAWN:
        return joined([_taken(found), by_label])
    cells = [
        [Cell(number / max(1, sum(row)), f"{number:,}", share(number, sum(row))) if sum(row) else None for number in row]
        for row in found.counts
    ]
    caption = Caption("Which label was taken for which", "test rows", f"{count(found.rows)} rows, a line for each true label")
    return joined([charts([figure(heat(caption, found.labels, found.labels, cells))]), by_label])


def _taken(found: Confusion) -> Markup:
    listed: list[list[Child]] = [[each.true, each.said, count(each.rows)] for each in found.taken()[:_LISTED]]
    if not listed:
        return paragraph("No row of the test was taken for another label.", "quiet")
    return table("The most frequent confusions.", _TAKEN, [Group(None, listed)])


def _arms(answer: Answer) -> Markup:
    gains = [(each.arm, each.gain) for each in answer.contributions if each.gain is not None]
    listed = list(map(arm_row, answer.contributions))
    said = "What the model scores without the rows of each arm, and what they add. Below 0, the model is better off without."
    told = table(said, _ARMS, [Group(None, listed)])
    if not gains:
        return told
    metric = gains[0][1].metric
    drawn = [Bar(arm, gain.value, gain.low, gain.high, f"{gain.value:+z.3f}") for arm, gain in gains]
    caption = Caption("What each arm's rows add", metric, f"{count(answer.sets['test'])} rows of test")
    return joined([charts([figure(bars(caption, drawn, Axis(f"{metric} with, less that without")), _HELD)]), told])


def arm_row(each: Contribution) -> list[Child]:
    """A line of a table."""
    if each.without is None or each.gain is None:
        return [each.arm, count(each.rows), "-", "-", "-"]
    return [each.arm, count(each.rows), f"{each.without:.3f}", f"{each.gain.value:+z.3f}", held(each.gain)]


def _overlaps(overlaps: Sequence[Overlap]) -> Markup:
    drawn = [figure(_spread(each)) for each in overlaps]
    groups = [Group(each.told(), _pairs(each.found)) for each in overlaps]
    said = (
        f"The closest pairs. Nearly the same is what has a lexical similarity of {NEAR:g}; 1 is the same but for case and gaps."
    )
    return (
        joined([charts(drawn), table(said, _PAIRS, groups)])
        if overlaps
        else paragraph("There was nothing to compare.", "quiet")
    )


def _pairs(found: Nearness) -> list[list[Child]]:
    return [[shortened(pair.text, 300), shortened(pair.nearest, 300), f"{pair.similarity:.3f}"] for pair in found.closest]


def _spread(each: Overlap) -> Markup:
    caption = Caption(
        f"{each.of}, beside {each.beside}", "rows, by similarity of the nearest", f"{count(each.found.rows)} rows"
    )
    return histogram(caption, Bins(0.0, 1.0, each.found.spread), "similarity of the nearest")


def _likeness(found: Likeness) -> Markup:
    return table(
        "Generated texts beside real ones, as wholes.", _WHOLE, [Group(None, [[*row] for row in likeness_rows(found)])]
    )


def likeness_rows(found: Likeness) -> Iterator[tuple[str, str, str, str]]:
    """Each figure, for generated against real, for real against real, and what it says."""
    far, near = found.distance, found.distance_of_real
    apart = "the texts differ" if far.p < 0.05 else "no difference is seen"
    yield "MMD² of embeddings", f"{far.squared:.5f} (p {far.p:.3f})", f"{near.squared:.5f} (p {near.p:.3f})", apart
    guessed = found.division
    told = "they are told apart" if guessed.p < 0.05 else "they are not told apart"
    within = f"{guessed.within.low:.3f} to {guessed.within.high:.3f}"
    yield "classifier's accuracy", f"{guessed.accuracy:.3f} ({within}, p {guessed.p:.3f})", "0.5 by chance", told
    seen = found.surprise
    yield "perplexity", f"{seen.generated:.1f}", f"{seen.real:.1f}", _surprise(seen.generated / seen.real)


def _surprise(ratio: float) -> str:
    if 1 / _ALIKE <= ratio <= _ALIKE:
        return "generated texts are about as surprising as real ones"
    return f"generated texts are {'more' if ratio > 1 else 'less'} surprising than real ones"
