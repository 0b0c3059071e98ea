"""Rows to look through, some at a time: accepted and rejected ones, each with its text in full and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from loopwright.quality.row import Row, as_text
from loopwright.records import Json
from loopwright.report.amounts import count, usd
from loopwright.report.datagen.funnel import name, passings
from loopwright.report.datagen.made import Made
from loopwright.report.markup import Markup, element, joined, shortened, visible
from loopwright.report.page import paragraph, unfolding
from loopwright.report.scale import number
from loopwright.store.lineage import Origin, lineage
from loopwright.workflows.datagen.reading import by_purpose, came_from, scores

_AT_ONCE = 10
_LINE = 180
_LONGEST = 2_000
_FIELDS = 50


class Part(NamedTuple):
    """A field of a row, or something that is known of it."""

    name: str
    value: str


def panel(made: Made) -> Markup | None:
    if not made.tally.rows:
        return None
    return joined([_accepted(made), *_rejected(made)])


def _accepted(made: Made) -> Markup:
    tally = made.tally
    heading = element("h3", "Accepted rows")
    if not tally.shown:
        return joined([heading, paragraph("No row has been accepted yet.", "quiet")])
    all_of_them = len(tally.shown) == tally.accepted
    some = "All" if all_of_them else f"{count(len(tally.shown))} of the {count(tally.accepted)}"
    spread = "" if all_of_them else ", evenly spread over the run"
    trace = element("code", f"loopwright runs trace {made.shown.whole.overview.folder.name} ID")
    told = f"{some} accepted rows{spread}. Each unfolds to its lineage; all that led to one tells "
    said = paragraph(joined([told, trace, "."]), "quiet")
    pages = []
    for first in range(0, len(tally.shown), _AT_ONCE):
        ids = tally.shown[first : first + _AT_ONCE]
        title = f"Rows {first + 1} to {first + len(ids)} of {len(tally.shown)}"
        pages.append(unfolding(title, _listed(made, ids, first + 1), open_=first == 0, class_="sheet"))
    return joined([heading, said, *pages])


def _rejected(made: Made) -> Iterator[Markup]:
    fallen = [each for each in passings(made) if each.fallen.rows]
    if not fallen:
        return
    yield element("h3", "Rejected rows")
    yield paragraph("By the gate at which they fell, evenly spread over the run.", "quiet")
    for each in fallen:
        shown = each.fallen.shown
        some = f"{len(shown)} shown" if len(shown) < each.fallen.rows else "all shown"
        rows = "1 row" if each.fallen.rows == 1 else f"{count(each.fallen.rows)} rows"
        title = f"{name(each.gate)}: {rows} fell, {some}"
        yield unfolding(title, _listed(made, shown, 1), class_="sheet")


def _listed(made: Made, ids: Sequence[str], first: int) -> Markup:
    rows = (_row(made, found.origins[0]) for id in ids if (found := lineage(made.shown.reader, id)) is not None)
    return element("ol", *(element("li", row) for row in rows), start=first, class_="rows")


def _row(made: Made, origin: Origin) -> Markup:
    data: Any = origin.sample.data
    row = Row(data["row"] if isinstance(data["row"], dict) else {}, data["lineage"].get("facts", {}))
    failed = next((each for each in origin.verdicts if not each.passed), None)
    text = row.text(made.recipe.brief.text_field) if data["row"] is not None else None
    label = row.claim(made.recipe.task.label) if made.recipe.brief.quotas.rows else None
    shown = shortened(text or as_text(data["row"]), _LINE) or "nothing was written"
    reason = (
        None
        if failed is None
        else element("span", shortened(failed.reason or failed.validator, _LINE), class_="why", dir="auto")
    )
    tag = None if label is None else element("span", shortened(label, 40), class_="tag", dir="auto")
    summary = joined([tag, " " if tag else None, element("span", shown, dir="auto"), reason])
    why = [Part("rejected by", f"{failed.validator}: {failed.reason or 'no reason given'}")] if failed is not None else []
    return unfolding(summary, _pairs([*_fields(data["row"]), *why]), _pairs(list(_known(origin))), class_="row")


def _fields(row: Json) -> Iterator[Part]:
    if not isinstance(row, Mapping):
        yield Part("written", as_text(row) or "nothing")
        return
    for place, (key, value) in enumerate(row.items()):
        if place == _FIELDS:
            yield Part("…", f"{count(len(row) - _FIELDS)} more fields")
            return
        yield Part(key, as_text(value))


def _known(origin: Origin) -> Iterator[Part]:
    yield Part("id", origin.sample.id)
    for key, value in came_from(origin.sample, origin.decisions, by_purpose(origin.calls)).items():
        if key == "probability":
            yield Part(key, "not stated by the policy" if value is None else f"{value:.3f}")
        elif not _told_already(key, value):
            yield Part(_NAMES.get(key, key), _flat(value) or "unknown")
    found = [f"{name} {number(score)}" for name, score in scores(origin.verdicts).items()]
    if found:
        yield Part("scores", ", ".join(found))
    data: Any = origin.sample.data
    yield from _usage(cast(Mapping[str, int], data.get("usage") or {}))


def _told_already(key: str, value: Json) -> bool:
    """Parents that are seeds are told as such."""
    return key == "parents" and isinstance(value, list) and all(str(parent).startswith("seed-") for parent in value)


_NAMES = {
    "iteration": "batch",
    "path": "grammar path",
    "facts": "written from",
    "prompts": "prompt digests",
    "seeds": "seeds shown",
}


def _usage(used: Mapping[str, int]) -> Iterator[Part]:
    if used:
        yield Part("tokens", f"{count(used.get('input_tokens'))} in, {count(used.get('output_tokens'))} out")
        yield Part("cost", usd(used.get("nano_usd")))


def _flat(value: Json) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {as_text(part)}" for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(as_text, value))
    return as_text(value)


def _pairs(parts: Sequence[Part]) -> Markup:
    return element("dl", *(_pair(part) for part in parts), class_="pairs")


def _pair(part: Part) -> Markup:
    value = visible(part.value)
    left = len(value) - _LONGEST
    cut = value if left <= 0 else f"{value[:_LONGEST]}… ({count(left)} more characters)"
    return element("div", element("dt", shortened(part.name, 60)), element("dd", cut, dir="auto"))
