"""Nothing that a model, a spec or a plugin wrote can become markup, or break the file that holds it."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from loopwright.report.markup import Markup, element, joined, shortened, visible

ANY = st.text(st.characters())


@given(ANY, ANY)
def test_text_stays_text(text: str, attribute: str) -> None:
    read = ElementTree.fromstring(element("p", text, title=attribute))
    assert (read.tag, len(read)) == ("p", 0)
    assert " ".join((read.text or "").split()) == " ".join(visible(text).split())
    assert " ".join(read.attrib["title"].split()) == " ".join(visible(attribute).split())


def test_markup_stays_markup_and_is_escaped_once() -> None:
    inner = element("b", "<&>")
    assert element("p", inner, None, "<") == "<p><b>&lt;&amp;&gt;</b>&lt;</p>"
    assert isinstance(joined([inner, "&"]), Markup)
    assert joined([inner, "&"]) == "<b>&lt;&amp;&gt;</b>&amp;"


def test_attributes_are_named_as_html_names_them() -> None:
    made = element("td", class_="a", aria_label='"x"', x=1.23456, hidden=None)
    assert made == '<td class="a" aria-label="&quot;x&quot;" x="1.23"></td>'


@given(ANY, st.integers(1, 40))
def test_what_is_shortened_is_one_line_that_fits(text: str, width: int) -> None:
    short = shortened(text, width)
    assert len(short) <= width
    assert short.splitlines() in ([], [short])


def test_what_cannot_be_seen_is_left_out() -> None:
    assert visible("a\x00\x1b[2J\u202eb\ud800\ufffe") == "a[2Jb"
