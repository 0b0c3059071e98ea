"""What a linear policy makes of the features of contexts: the largest of its coefficients drawn, and all of them as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopwright.report.amounts import count
from loopwright.report.bars import Bar, bars
from loopwright.report.frame import Axis, Caption
from loopwright.report.markup import Child, Markup
from loopwright.report.page import figure
from loopwright.report.tables import Group, heads, table
from loopwright.runs.series import Course

if TYPE_CHECKING:
    from loopwright.policy.coefficients import Coefficient, Model

_ADDS = heads("feature >adds >95_%_interval")
_ROWS = 20
"""Features of a model that are listed."""

_BARS = 8


def drawn(course: Course) -> Iterator[Markup]:
    """The features that matter most, whichever arm they matter for."""
    found = [(model, each) for model in course.models for each in model.coefficients if each.feature != "base"]
    if found:
        found.sort(key=lambda pair: -abs(pair[1].value))
        caption = Caption(
            "What features add", "reward, scaled to 0..1", f"{count(sum(m.rewards for m in course.models))} rewards"
        )
        given = [_bar(*pair) for pair in found[:_BARS]]
        yield figure(bars(caption, given, Axis("added to the reward")), "The largest. Whiskers are 95 % intervals.")


def tables(course: Course) -> Markup | None:
    if not course.models:
        return None
    said = (
        "What the policy takes each feature to add to the reward: a number, from the bottom to the top of its range; a word, "
        "against the middle of its kind. The base is the reward with every number at its bottom."
    )
    return table(said, _ADDS, list(map(_group, course.models)))


def _group(model: Model) -> Group:
    rows: list[list[Child]] = [
        [feature, f"{value:+.3f}", f"{low:+.3f} to {high:+.3f}"] for feature, value, low, high in model.coefficients[:_ROWS]
    ]
    left = len(model.coefficients) - _ROWS
    more = f"; {count(left)} smaller ones are not shown" if left > 0 else ""
    return Group(f"{_whose(model)}: {count(model.rewards)} rewards, which scatter by {model.noise:.3f}{more}", rows)


def _bar(model: Model, each: Coefficient) -> Bar:
    feature = each.feature.rpartition(" (")[0] if each.feature.endswith(")") else each.feature  # its range is in the table
    name = feature if model.arm is None else f"{model.arm}: {feature}"
    return Bar(name, each.value, each.low, each.high, f"{each.value:+.3f}")


def _whose(model: Model) -> str:
    return "all arms" if model.arm is None else model.arm
