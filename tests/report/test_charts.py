"""Every chart is well-formed and stays inside its box whatever finite data it gets, and says in words what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from drawing import NASTY, Drawing
from hypothesis import given
from hypothesis import strategies as st

from loopwright.measure.calibration import Bucket, calibration_error
from loopwright.measure.intervals import wilson
from loopwright.report.bars import Bar, bars
from loopwright.report.frame import Axis, Caption
from loopwright.report.heat import Cell, heat
from loopwright.report.histogram import Bins, histogram
from loopwright.report.lines import BANDS, COLUMNS, Point, Series, apart, lines, thinned
from loopwright.report.looks import LOOKS, standalone
from loopwright.report.points import OTHERS, Dot, points
from loopwright.report.reliability import reliability
from loopwright.report.spark import blocks, spark

CAPTION = Caption("A title", "USD", "12 trials", "What it is about.")
X, Y = Axis("trial"), Axis("USD")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(st.characters(), max_size=30)
POINTS = st.lists(st.builds(Point, FINITE, FINITE, FINITE, FINITE), max_size=12).map(tuple)

CHARTS: dict[str, st.SearchStrategy[str]] = {
    "lines": st.lists(st.builds(Series, NAMES, POINTS), max_size=10).map(lambda given: lines(CAPTION, given, X, Y)),
    "bars": st.lists(st.builds(Bar, NAMES, FINITE, FINITE, FINITE), max_size=10).map(lambda given: bars(CAPTION, given, X)),
    "histogram": st.builds(
        lambda ends, counts: histogram(CAPTION, Bins(min(ends), max(ends), tuple(counts)), "USD"),
        st.tuples(FINITE, FINITE),
        st.lists(st.integers(0, 10**12), min_size=1, max_size=30),
    ),
    "heat": st.lists(st.lists(st.none() | st.builds(Cell, FINITE, NAMES, NAMES), min_size=3, max_size=3), max_size=6).map(
        lambda rows: heat(CAPTION, [NASTY] * len(rows), ["a", NASTY, "c"], rows)
    ),
    "reliability": st.lists(
        st.tuples(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1)).map(
            lambda made: Bucket(made[0], made[1], int(made[0] * made[2]))
        ),
        max_size=12,
    ).map(lambda given: reliability(CAPTION, given)),
    "points": st.lists(st.builds(Dot, FINITE, FINITE, NAMES, NAMES), max_size=20).map(lambda given: points(CAPTION, given)),
}
EMPTY: dict[str, Callable[[], str]] = {
    "lines": lambda: lines(CAPTION, [Series("nothing", ())], X, Y),
    "bars": lambda: bars(CAPTION, [], X),
    "histogram": lambda: histogram(CAPTION, Bins(0, 1, (0, 0)), "USD"),
    "heat": lambda: heat(CAPTION, ["a"], ["b"], [[None]]),
    "reliability": lambda: reliability(CAPTION, [Bucket(0, 0.5, 0)]),
    "points": lambda: points(CAPTION, []),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHARTS)
@given(data=st.data())
def test_any_finite_data_stays_inside_the_box(kind: str, data: Any) -> None:
    drawing = Drawing(data.draw(CHARTS[kind]))
    assert not drawing.strays()
    assert "nan" not in " ".join(drawing.words)
    assert drawing.root.get("role") == "img"


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_chart_says_so(kind: str) -> None:
    drawing = Drawing(EMPTY[kind]())
    assert "Nothing to draw yet." in drawing.words
    assert "It is empty." in drawing.says


def test_a_chart_says_what_it_shows_in_what_unit_and_of_how_many() -> None:
    rising = Series("rising", (Point(0, 1), Point(10, 2.5, 2, 3)))
    drawing = Drawing(lines(CAPTION, [rising], X, Y))
    assert drawing.title == "A title"
    assert drawing.says == "A title, in USD; n = 12 trials. What it is about. rising ends at 2.5 (2 to 3)."
    assert {"A title", "USD; n = 12 trials", "trial", "rising"} <= set(drawing.words)


def test_series_are_told_apart_without_colour() -> None:
    assert len({(look.dash, look.marker) for look in LOOKS}) == len({look.dash for look in LOOKS}) == len(LOOKS)
    many = [Series(f"arm {place}", (Point(0, 0.5), Point(1, 0.5))) for place in range(8)]
    drawing = Drawing(lines(CAPTION, many, X, Y))
    dashes = [curve.get("stroke-dasharray") for curve in drawing.all("path", "curve")]
    assert dashes == [look.dash for look in LOOKS]
    labels = [text for text in drawing.root.iter("{http://www.w3.org/2000/svg}text") if (text.text or "").startswith("arm")]
    heights = sorted(float(label.attrib["y"]) for label in labels)
    assert all(after - before > 12 for before, after in pairwise(heights))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_labels_keep_their_order_and_their_distance(wanted: list[float]) -> None:
    places = apart(wanted, 0.0, 100.0, 15.0)
    assert all(-0.001 <= place <= 100.001 for place in places)
    assert sorted(range(len(wanted)), key=lambda at: (places[at], at)) == sorted(
        range(len(wanted)), key=lambda at: (wanted[at], at)
    )


def test_one_point_is_a_marker_with_its_interval() -> None:
    drawing = Drawing(lines(CAPTION, [Series("one", (Point(3, 0.5, 0.25, 0.75),))], X, Axis("USD", 0, 1)))
    assert not drawing.all("path", "curve")
    assert drawing.all("path", "marker")
    (whisker,) = drawing.all("path", "whisker")
    low, high = map(float, re.findall(r",([\d.]+)V([\d.]+)", whisker.attrib["d"])[0])
    assert low > high


@pytest.mark.parametrize(("number", "shown"), [(BANDS, BANDS), (BANDS + 1, 0)])
def test_intervals_are_drawn_while_they_do_not_hide_one_another_and_always_said(number: int, shown: int) -> None:
    ends = (Point(0, 0.5, 0.2, 0.8), Point(1, 0.5, 0.25, 0.75))
    drawing = Drawing(lines(CAPTION, [Series(f"arm {place}", ends) for place in range(number)], X, Y))
    assert len(drawing.all("path", "band")) == shown
    assert f"arm {number - 1} ends at 0.5 (0.25 to 0.75)." in drawing.says


def test_very_many_points_are_thinned_honestly_and_it_is_said() -> None:
    draw = Random(1)
    points = [Point(float(at), draw.random()) for at in range(50_000)]
    points[31_234] = Point(31_234.0, 99.0)
    points[7] = Point(7.0, -99.0)
    kept = thinned(points)
    assert len(kept) <= 4 * COLUMNS
    assert {points[0], points[-1], points[7], points[31_234]} <= set(kept)
    assert [point.x for point in kept] == sorted(point.x for point in kept)
    svg = lines(CAPTION, [Series("many", tuple(points))], X, Y)
    assert len(svg) < 30_000
    assert "Of up to 50,000 points per series it draws" in Drawing(svg).says


def test_nothing_in_a_name_becomes_markup() -> None:
    point = (Point(0, 0), Point(1, 1))
    for svg in (
        lines(Caption(NASTY, NASTY, NASTY, NASTY), [Series(NASTY, point)], Axis(NASTY), Axis(NASTY)),
        bars(Caption(NASTY, NASTY, NASTY), [Bar(NASTY, 1.0, note=NASTY)], Axis(NASTY)),
        heat(CAPTION, [NASTY], [NASTY], [[Cell(1.0, NASTY, NASTY)]]),
    ):
        drawing = Drawing(svg)
        assert "script" not in {each.tag.partition("}")[2] for each in drawing.root.iter()}
        assert not drawing.strays()
        assert not re.search("[\x00-\x08\x1b\u202e]", svg)


def test_drawing_twice_draws_the_same() -> None:
    series = [Series("a", tuple(Point(float(x), x % 7, 0, 9) for x in range(50)))]
    assert lines(CAPTION, series, X, Y) == lines(CAPTION, series, X, Y)


def test_a_bar_is_as_long_as_its_value() -> None:
    drawing = Drawing(bars(CAPTION, [Bar("half", 0.5, 0.4, 0.6), Bar("whole", 1.0)], Axis("share", 0, 1)))
    half, whole = (float(bar.attrib["width"]) for bar in drawing.all("rect", "bar"))
    assert whole == pytest.approx(2 * half, abs=0.02)
    assert len(drawing.all("line", "whisker")) == 3
    assert drawing.says.endswith("half: 0.5. whole: 1.")


def test_a_histogram_is_as_high_as_its_counts() -> None:
    drawing = Drawing(histogram(CAPTION, Bins(0, 1, (1, 0, 4, 2)), "reward"))
    heights = [float(bar.attrib["height"]) for bar in drawing.all("rect", "bar")]
    assert [height / heights[0] for height in heights] == pytest.approx([1, 4, 2], abs=0.02)
    assert "Most of them, 4 of 7, are in 0.5 to 0.75." in drawing.says


def test_a_heat_map_writes_every_number_and_marks_what_is_missing() -> None:
    drawing = Drawing(
        heat(CAPTION, ["x", "y"], ["a", "b"], [[Cell(0, "0.000", "n 1"), Cell(1, "1.000")], [None, Cell(0.5, "0.5")]])
    )
    assert {"0.000", "n 1", "1.000", "0.5", "–"} <= set(drawing.words)
    strengths = [float(cell.attrib["fill-opacity"]) for cell in drawing.all("rect", "cell")]
    assert strengths[0] < strengths[2] < strengths[1]
    assert "x, a: 0.000 (n 1)." in drawing.says


def test_a_heat_map_of_gains_and_losses_tells_them_apart_by_colour() -> None:
    row = [Cell(0.2, "+0.2"), Cell(-0.2, "-0.2"), Cell(0.0, "0"), Cell(-0.4, "-0.4")]
    drawing = Drawing(heat(CAPTION, ["x"], ["a", "b", "c", "d"], [row], most=0.4))
    for look, strengths in (("cell", [0.25, 0.0]), ("cell loss", [0.25, 0.5])):
        assert [float(cell.attrib["fill-opacity"]) for cell in drawing.all("rect", look)] == strengths


def test_a_reliability_diagram_states_its_error_and_its_intervals() -> None:
    buckets = [Bucket(10, 0.2, 2), Bucket(30, 0.9, 15)]
    assert calibration_error(buckets) == pytest.approx(30 / 40 * 0.4)
    drawing = Drawing(reliability(CAPTION, buckets))
    assert "expected calibration error 0.3" in drawing.words
    (first, *_) = drawing.all("line", "whisker")
    low, high = wilson(2, 10)
    up = (float(first.attrib["y1"]) - float(first.attrib["y2"])) / (high - low)
    diagonal = drawing.all("line", "ideal")[0]
    assert up == pytest.approx(float(diagonal.attrib["y1"]) - float(diagonal.attrib["y2"]), rel=0.01)


def test_a_chart_can_stand_alone_as_a_file() -> None:
    file = standalone(bars(CAPTION, [Bar("a", 1.0)], X))
    drawing = Drawing(file)
    (style,) = drawing.root.iter("{http://www.w3.org/2000/svg}style")
    assert "--s0: light-dark(" in (style.text or "")


def test_sparklines_leave_gaps_where_nothing_is_known() -> None:
    assert blocks([0.0, None, 0.5, 1.0]) == "▁·▅█"
    assert len(blocks([0.5] * 1000)) == 20
    assert blocks([]) == ""
    assert spark([0.0, 0.5, None, 1.0]).count("M") == 2
    assert "path" not in spark([None])


def test_a_map_has_every_point_once_and_a_look_for_the_largest_groups() -> None:
    given = [Dot(n, -n, f"group {n % 12 if n % 3 else 0}", f"row {n}") for n in range(90)]
    drawn = Drawing(points(CAPTION, given))
    titles = [title.text or "" for title in drawn.root.iter("{http://www.w3.org/2000/svg}title")]
    assert sorted(titles) == sorted([CAPTION.title, *(dot.about for dot in given)])
    assert "group 0: 30." in drawn.says
    assert f"{OTHERS}: " in drawn.says
    assert sum(int(size) for size in re.findall(r": (\d+)\.", drawn.says)) == 90
    assert drawn.words[-1] == OTHERS
    assert len(drawn.words) == 2 + len(LOOKS)
