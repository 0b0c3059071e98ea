"""What a correction run came to, in a few lines for `runs show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import orjson

from loopwright.loop.work import Ended, Glance
from loopwright.store.reader import RunReader
from loopwright.store.rows import TRIAL
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.curve import Curve
from loopwright.workflows.correction.figures import Figures
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.traces import About, traces


def glance(ended: Ended) -> Glance:
    """Of the questions whose reference answer is known."""
    spec = cast(CorrectionSpec, ended.spec)
    with RunReader.open(ended.store) as reader:
        trials = reader.count(TRIAL)
        plain = _summed_up(ended, trials) or _counted(reader, spec, trials)
    return Glance([*_lines(plain), *_unknown(plain)], {"outcome": plain})


def _summed_up(ended: Ended, trials: int) -> dict[str, Any] | None:
    """From the summary, where it tells of all that has settled: a long run need not be read again."""
    for file in ended.folder.glob("summary_*.json"):
        summary: dict[str, Any] = orjson.loads(file.read_bytes())
        stats = summary["pipeline_stats"]
        if stats["traces_processed"] + stats["failed"] == trials:
            return cast(dict[str, Any], summary["outcome"])
    return None


def _counted(reader: RunReader, spec: CorrectionSpec, trials: int) -> dict[str, Any]:
    styles = {arm.name: bank.style(arm) for arm in bank.arms(spec.reprompts)[1:]}
    figures = Figures(spec.max_turns, Curve(trials))
    for trace in traces(reader, About.of(spec.dataset.name, reader.meta())):
        figures.add(trace, styles)
    return figures.plain()


def _lines(plain: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not plain["questions"]:
        return
    gain, first, last, asked = (plain[name] for name in ("net_gain", "first_accuracy", "final_accuracy", "reprompts"))
    times = "once" if asked["asked"] == 1 else f"{asked['asked']:,} times"
    yield "right", f"{first['mean']:.3f} at first, {last['mean']:.3f} at last, of {plain['questions']:,} questions"
    yield "gain", f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}, 95 %)"
    yield (
        "asked",
        (
            f"{times} again: {asked['fixed']:,} of {asked['wrong_before']:,} wrong answers fixed, "
            f"{asked['broken']:,} of {asked['right_before']:,} right ones broken"
        ),
    )
    yield "utility", f"{plain['mean_utility']:.3f}, never asking again {first['mean']:.3f} (correct answers less the price)"


def _unknown(plain: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not plain["without_reference"]:
        return
    learned = f"a judge's word on {plain['judged']:,} of them was learned from" if plain["judged"] else "nothing was learned"
    yield "unknown", f"{plain['without_reference']:,} without a reference answer, counted nowhere else: {learned}"
