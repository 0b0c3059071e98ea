"""What the report of a data generation run says agrees with what is stored, in whatever state the run is."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from pathlib import Path
from shutil import copytree
from sqlite3 import connect

import orjson
import pytest
from datagen_runs import ARMS, GRAMMAR, ODD, Desk
from reading import Page

from loopwright.report.amounts import usd
from loopwright.report.datagen.tally import Tally, spread, tallied
from loopwright.report.run import report
from loopwright.runs.folder import RunFolder
from loopwright.runs.read import whole
from loopwright.store.lock import hold
from loopwright.store.reader import RunReader
from loopwright.store.rows import TRIAL
from loopwright.workflows.datagen.recipe import Recipe


def counted(run: RunFolder, trials: int | None = None) -> Tally:
    with RunReader.open(run.store) as reader:
        recipe = Recipe.model_validate_json(orjson.dumps(reader.meta()["start"]["spec"]))
        return tallied(reader, recipe, trials or reader.last(TRIAL) + 1)


def lines(run: RunFolder, name: str) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in (run.path / name).read_bytes().splitlines()]


def test_every_row_is_accepted_or_falls_at_one_gate_as_the_files_say(generated: RunFolder) -> None:
    found, rejects = counted(generated), lines(generated, "rejects.jsonl")
    assert found.accepted == len(lines(generated, "dataset.jsonl")) == 120
    assert found.rows == found.accepted + sum(fallen.rows for fallen in found.fallen.values())
    fell: Counter[str] = Counter()
    for gate, fallen in found.fallen.items():
        fell[gate.validator] += fallen.rows
        assert sum(reason.rows for reason in fallen.reasons.values()) == fallen.rows
    assert fell == Counter(reject["rejected_by"] for reject in rejects)
    assert {"written", "length"} <= fell.keys()


def test_arms_and_labels_add_up(generated: RunFolder) -> None:
    found, rows = counted(generated), lines(generated, "dataset.jsonl")
    arms = Counter(row["lineage"]["arm"] for row in rows)  # type: ignore[index]
    assert {name: arm.accepted for name, arm in found.arms.items() if arm.accepted} == arms
    assert found.labels == Counter(row["data"]["label"] for row in rows)  # type: ignore[index]
    assert found.course[-1].accepted == 120 and found.course[-1].batches == sum(arm.batches for arm in found.arms.values())


def test_the_page_tells_it(generated: RunFolder) -> None:
    page, found = Page(report(generated, 10)), counted(generated)
    for told in (
        "120 of 120 wanted",
        "Accepted over calls",
        "choosing its arms uniformly would have had about",
        "That is an estimate from the",
        "arm never would be switched off after 5 batches in vain",
        "1 word, at least 3",
        "read as a row",
        "late deduplication" if any(gate.late for gate in found.fallen) else "deduplication",
        "refund",
        "Different pairs of words",
        "Words per row",
        "60 of the 120 accepted rows, evenly spread over the run.",
        f"loopwright runs trace {generated.name} ID",
        "naive; poor; plan 0, rows_per_call 1",
        "No real model answers as good (scripted)",
    ):
        assert told in page.text, told
    spent = whole(generated).overview.spent.exact
    assert spent and f"cost per accepted row {usd(round(spent / 120))} " in re.sub(r"\s+", " ", page.text)
    assert "Passed, by validator" not in page.text
    assert [link["href"] for link in page.all("a")][1:4] == ["#dataset", "#verdicts", "#labels"]


def test_rows_unfold_to_their_lineage(generated: RunFolder) -> None:
    page, row = Page(report(generated)), lines(generated, "dataset.jsonl")[0]
    shown = re.sub(r"\s+", " ", page.text)
    lineage: dict[str, object] = row["lineage"]  # type: ignore[assignment]
    for told in ("batch 0 arm", row["id"], row["data"]["text"], lineage["arm"], lineage["prompts"][0], lineage["calls"][0]):  # type: ignore[index]
        assert f" {told} " in shown
    assert f" probability {lineage['probability']:.3f} " in shown
    accepted = [each for each in page.all("details") if each.get("class") == "row"]
    assert len(accepted) == 60 + sum(min(12, fallen.rows) for fallen in counted(generated).fallen.values())


def test_what_is_known_of_tokens_and_cost_is_told_beside_the_calls_of_which_it_is_not(
    generated: RunFolder, tmp_path: Path
) -> None:
    copy = RunFolder(tmp_path / "copy")
    copytree(generated.path, copy.path)
    with closing(connect(copy.store)) as store, store:
        store.execute("UPDATE call SET nano_usd = NULL, output_tokens = NULL WHERE id = 20")
    shown = re.sub(r"\s+", " ", Page(report(copy)).text)
    partly = r"[\d,.]+ \+ 1 call unknown"
    assert re.search(rf"tokens per accepted row {partly} cost per accepted row \${partly} ", shown)
    assert len(re.findall(rf" {partly} \${partly} ", shown)) == 2  # of one arm, and of one model
    assert re.search(rf"spent \${partly} ", shown)
    with closing(connect(copy.store)) as store, store:
        store.execute("UPDATE call SET nano_usd = NULL, output_tokens = NULL")
    shown = re.sub(r"\s+", " ", Page(report(copy)).text)
    assert "tokens per accepted row unknown cost per accepted row unknown " in shown


def test_a_grammar_alone_is_counted_in_batches(desk: Desk) -> None:
    page = Page(report(desk.run("grammar", GRAMMAR)))
    for told in ("12 of 12 wanted", "Accepted over batches", "none: all rows come from the grammar", "The recipe has one arm"):
        assert told in page.text, told
    assert "Labels" not in page.text


def test_what_models_wrote_stays_text_and_is_cut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.report.datagen.tally.ACCEPTED", 40)
    html = report(desk.run("odd", ODD))
    page = Page(html)
    assert not page.all("script") and not page.all("img") and not page.all("i")
    assert "<script>alert('x')</script>" in page.text and "<i>refund</i> & more" in page.text
    assert "\x1b" not in page.text and "\u202e" not in page.text
    assert len(html) < 400_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (
            ("validators.length.min_words=300",),
            ["no arm has brought in a row", "was switched off", "No row has been accepted yet."],
        ),
        (("budget.calls=1",), ["0 of 120 wanted", "none yet", "0 of 3 arms were tried"]),
        (("policy={fixed: poor}", "target.accepted=10"), ["cannot be told: 1 of 3 arms were tried"]),
        (("policy=uniform", "target.accepted=20"), ["The run itself chose its arms uniformly"]),
        (("policy=thompson", "budget.calls=40"), ["not stated by the policy", "budget.calls is reached"]),
    ],
    ids=lambda given: str(given[0]),
)
def test_runs_that_went_otherwise_have_pages_too(desk: Desk, sets: tuple[str, ...], told: list[str]) -> None:
    page = Page(report(desk.run(re.sub(r"\W+", "-", sets[0]).strip("-"), ARMS, *sets)))
    for words in told:
        assert words in page.text, words


def test_a_run_under_way_is_shown_as_far_as_it_is(generated: RunFolder) -> None:
    with hold(generated.path):
        assert "running" in report(generated)


def test_all_parts_tell_of_one_moment_while_a_run_goes_on(generated: RunFolder) -> None:
    found = counted(generated, 7)
    assert found.course[-1].batches == 7 == sum(arm.batches for arm in found.arms.values())
    assert found.accepted == found.labels.total() == sum(found.lengths.values())
    assert found.rows == found.accepted + sum(fallen.rows for fallen in found.fallen.values())


def test_the_course_of_a_long_run_is_thinned(generated: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    full = counted(generated).course
    monkeypatch.setattr("loopwright.report.datagen.tally._POINTS", 3)
    thinned = counted(generated).course
    assert len(thinned) <= 7 < len(full)
    assert set(thinned) <= set(full) and thinned[0] == full[0] and thinned[-1] == full[-1]


def test_what_is_shown_is_evenly_spread() -> None:
    assert spread(3, 12) == {0, 1, 2}
    assert spread(100, 4) == {0, 25, 50, 75}


@pytest.mark.slow
def test_the_map_has_the_accepted_rows_with_their_labels(generated: RunFolder) -> None:
    page = Page(report(generated))
    for words in (
        "Rows in the same words lie near",
        "By the lexical embedder, which sees wording and not meaning",
        "of what sets them",
    ):
        assert words in page.text
