"""The frame of a page that stands alone: it asks for nothing from outside and needs no script to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from loopwright.report.looks import CHART, PAGE
from loopwright.report.markup import Child, Markup, element, joined

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.5" fill="none" stroke="#2b6cb0" '
    'stroke-width="3" stroke-dasharray="26 9"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page; `anchor` is where links to it lead. One that a workflow adds to its reports stands above the generic
    section that `above` names, or else above them all; that which has its anchor is left out."""

    anchor: str
    title: str
    content: Markup
    above: str = ""


def page(title: str, header: Markup, sections: Sequence[Section], footer: Child) -> str:
    """The whole document."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("link", rel="icon", href=f"data:image/svg+xml,{quote(_ICON)}"),
        element("style", Markup(CHART + PAGE)),
    )
    body = element(
        "body",
        element("a", "To the content", href="#content", class_="skip"),
        element("header", header, _contents(sections)),
        element("main", *map(_section, sections), id="content"),
        element("footer", footer),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _contents(sections: Sequence[Section]) -> Markup:
    links = (element("li", element("a", section.title, href=f"#{section.anchor}")) for section in sections)
    return element("nav", element("ul", *links), aria_label="On this page")


def _section(section: Section) -> Markup:
    heading = element("h2", section.title, id=f"{section.anchor}-title")
    return element("section", heading, section.content, id=section.anchor, aria_labelledby=f"{section.anchor}-title")


def figure(drawing: Markup, note: Child = None) -> Markup:
    return element("figure", drawing, None if note is None else element("figcaption", note))


def charts(figures: Sequence[Markup]) -> Markup:
    """Side by side where there is room."""
    return element("div", *figures, class_="charts")


def unfolding(summary: Child, *content: Child, open_: bool = False, class_: str | None = None) -> Markup:
    """What is shown when a reader asks for it: by mouse, keyboard or a search in the page."""
    return element("details", element("summary", summary), *content, class_=class_, open="" if open_ else None)


def paragraph(text: Child, class_: str | None = None) -> Markup:
    return element("p", text, class_=class_)


def facts(given: Sequence[tuple[str, Child]], long: Sequence[str] = ()) -> Markup:
    """Pairs of a word and what it stands at; those in `long` have a line to themselves."""
    return element(
        "dl",
        *(
            element("div", joined([element("dt", word), element("dd", fact)]), class_="long" if word in long else None)
            for word, fact in given
        ),
    )
