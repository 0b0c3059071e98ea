"""The report of a run, also of one that is under way, empty or failed: one page, a pure function of what is stored."""

from __future__ import annotations

from collections.abc import Iterator

from loopwright.llm.providers import ANSWERERS
from loopwright.measure.intervals import wilson
from loopwright.report import policy
from loopwright.report.amounts import count, moment, share, usd
from loopwright.report.bars import Bar, bars
from loopwright.report.frame import Axis, Caption
from loopwright.report.markup import Child, Markup, element, joined, shortened
from loopwright.report.page import Section, charts, facts, figure, page, paragraph
from loopwright.report.pages import Shown, own, placed
from loopwright.report.tables import Group, heads, table
from loopwright.runs.caveats import inherited
from loopwright.runs.folder import RunFolder
from loopwright.runs.read import Model, Whole, whole
from loopwright.runs.series import course_of
from loopwright.store.reader import RunReader
from loopwright.store.summary import Counts, Spend

_STANDINGS = {"done": "good", "running": "good", "crashed": "bad", "stopped": "bad", "killed": "bad"}
_SPENT = heads("model ~answered_by >calls >tokens_in >tokens_out >spent")
_FAILURES = heads("failure >trials >share ~first_message")


def report(folder: RunFolder, last: int = 25) -> str:
    """The page as HTML, with the last so many decisions."""
    run, course = whole(folder), course_of(folder, last)
    with RunReader.open(folder.store) as reader:
        mine = own(Shown(reader, run, course))
    generic = [
        Section("policy", "Policy", policy.panel(run.policy, course, run.recalled)),
        Section("failures", "Failures", _failures(run)),
        Section("verdicts", "Verdicts", _verdicts(run)),
        Section("models", "Models and spend", _models(run)),
    ]
    return page(f"{folder.name}: Loopwright report", _header(run), placed(generic, mine), _footer(run))


def _header(whole: Whole) -> Markup:
    overview = whole.overview
    status = element("span", overview.status, class_=f"status {_STANDINGS.get(overview.status, 'warn')}")
    reason = f": {shortened(overview.reason, 500)}" if overview.reason else ""
    return joined(
        [
            element("h1", overview.folder.name),
            paragraph(joined([status, reason])),
            _unreal(whole),
            *(paragraph(f"{caveat[:1].upper()}{caveat[1:]}.", "notice") for caveat in inherited(overview.folder)),
            facts([(word, fact) for word, fact in _facts(whole) if fact], long=("digest", "set")),
        ]
    )


def _unreal(whole: Whole) -> Markup | None:
    """Nobody shall take what a script said for what a model can do."""
    named = [f"{model.id} ({ANSWERERS[model.provider].partition(':')[0]})" for model in whole.models if _is_unreal(model)]
    return paragraph(f"No real model answers as {', '.join(named)}.", "notice") if named else None


def _is_unreal(model: Model) -> bool:
    return model.provider in ANSWERERS


def _facts(whole: Whole) -> Iterator[tuple[str, Child]]:
    overview, counts = whole.overview, whole.overview.counts
    yield "workflow", overview.workflow or "unknown"
    yield "trials", f"{count(counts.trials)}, {count(counts.failed)} failed"
    yield "samples", _samples(counts)
    yield "calls", count(counts.calls)
    yield "spent", overview.spent.told(usd)
    yield "seed", "unknown" if whole.seed is None else str(whole.seed)
    yield "first started", moment(whole.span.began)
    yield "ended", moment(whole.span.ended) if whole.span.ended is not None else "not yet"
    for cap in whole.caps:
        owner, _, unit = cap.account.rpartition(":")
        show = usd if unit == "nano_usd" else count
        whose = "" if owner == "run" else f" of {owner.removeprefix('model/')}"
        yield f"budget{whose}, {'usd' if unit == 'nano_usd' else unit}", f"{show(cap.taken)} of {show(cap.limit)}"
    yield "set", element("code", " ".join(whole.sets)) if whole.sets else None
    yield "digest", element("code", whole.digest or "unknown")


def _samples(counts: Counts) -> str:
    accepted = f", {count(counts.accepted)} accepted ({share(counts.accepted, counts.samples)})"
    return count(counts.samples) + (accepted if counts.samples else "")


def _failures(whole: Whole) -> Markup:
    if not whole.failures:
        return paragraph("No trial has failed.", "quiet")
    trials = whole.overview.counts.trials
    rows: list[list[Child]] = [
        [each.kind, count(each.trials), share(each.trials, trials), shortened(each.example, 400)] for each in whole.failures
    ]
    return table("Failed trials by kind, the most frequent first.", _FAILURES, [Group(None, rows)])


def _verdicts(whole: Whole) -> Markup:
    if not whole.pass_rates:
        return paragraph("No validator has looked at a sample.", "quiet")
    given = [
        Bar(
            rate.validator,
            rate.passed / rate.verdicts,
            *wilson(rate.passed, rate.verdicts),
            note=f"{share(rate.passed, rate.verdicts)} of {count(rate.verdicts)}",
        )
        for rate in whole.pass_rates
    ]
    verdicts = f"{count(sum(rate.verdicts for rate in whole.pass_rates))} verdicts"
    caption = Caption("Passed, by validator", "share of verdicts", verdicts)
    return charts([figure(bars(caption, given, Axis("share that passed", 0, 1)), "Whiskers are 95 % intervals.")])


def _models(whole: Whole) -> Markup:
    if not whole.models and not whole.spending:
        return paragraph("The run names no models.", "quiet")
    spent = {spend.model: spend for spend in whole.spending}
    known = {model.id: model for model in whole.models}
    rows = [_model(id, known.get(id), spent.get(id)) for id in dict.fromkeys([*known, *spent])]
    said = "What each model was asked and took. What is unknown says so; failed calls are not billed, cached ones not sent."
    return table(said, _SPENT, [Group(None, rows)])


def _model(id: str, model: Model | None, spend: Spend | None) -> list[Child]:
    answers = "unknown" if model is None else ANSWERERS.get(model.provider, f"{model.provider}: {model.name}")
    if spend is None:
        return [id, answers, "0", "0", "0", usd(0)]
    return [id, answers, count(spend.calls), spend.input_tokens.told(), spend.output_tokens.told(), spend.nano_usd.told(usd)]


def _footer(whole: Whole) -> str:
    return f"Drawn from what {whole.overview.folder.name} has stored after {count(whole.overview.counts.trials)} trials."
