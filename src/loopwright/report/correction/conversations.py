"""Some traces to read, as conversations: the question, each answer, the words between, and what was thought of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.report.amounts import count
from loopwright.report.correction.told import Told
from loopwright.report.markup import Markup, element, joined, shortened, visible
from loopwright.report.page import paragraph, unfolding
from loopwright.workflows.correction.policies import STOP
from loopwright.workflows.correction.traces import Trace

_LINE = 140
_LONGEST = 4_000
_ORDER = (
    "wrong, then fixed",
    "right, then talked out of it",
    "asked again, stayed wrong",
    "asked again, stayed right",
    "not asked again, wrong",
    "not asked again, right",
    "without a reference",
    "failed",
)


def panel(told: Told) -> Markup:
    if not told.shown:
        return paragraph("No question has ended yet.", "quiet")
    parts = [paragraph("The first of each ending; all are in the trace files.", "quiet")]
    for ending in _ORDER:
        if ending in told.shown:
            number = told.endings[ending]
            title = f"{ending[0].upper()}{ending[1:]}: {count(number)} {'question' if number == 1 else 'questions'}"
            items = [element("li", _trace(trace)) for trace in told.shown[ending]]
            parts.append(unfolding(title, element("ol", *items, class_="rows"), open_=not parts[1:], class_="sheet"))
    return joined(parts)


def _trace(trace: Trace) -> Markup:
    facts: Any = trace.settled.trial.data or {}
    question = str(facts.get("question", trace.settled.trial.item))
    return unfolding(
        element("span", shortened(question, _LINE), dir="auto"), _pairs(list(_said(trace, question, facts))), class_="row"
    )


def _said(trace: Trace, question: str, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "question", question
    if facts.get("reference") is not None:
        yield "reference", str(facts["reference"])
    for turn, each in enumerate(trace.turns):
        if each["prompt_text"] is not None:
            yield f"{each['prompt_id']}", str(each["prompt_text"])
        yield f"answer {turn}", str(each["answer"])
        known = {True: "right", False: "wrong", None: "unknown"}[each["right"]]
        judged = " (a judge says)" if each["by"] == "judge" else ""
        yield "", f"{known}{judged}; predicted {each['error_mode']}, confidence {each['confidence']:.2f}"
    if trace.decisions and trace.decisions[-1].arm == STOP:
        yield "stop", trace.decisions[-1].reason
    failure = trace.settled.trial.failure
    if failure is not None:
        yield "failed", f"{failure.kind}: {failure.message}"


def _pairs(parts: list[tuple[str, str]]) -> Markup:
    return element("dl", *(_pair(*part) for part in parts), class_="pairs")


def _pair(name: str, value: str) -> Markup:
    told = visible(value)
    cut = told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"
    return element("div", element("dt", shortened(name, 60)), element("dd", cut, dir="auto", class_=None if name else "quiet"))
