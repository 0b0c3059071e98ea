"""Accepted rows are found again: by nearness to a text, and as groups of near duplicates."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from tests.workflows.datagen.conftest import FREE, Desk

from loopwright.runs.folder import RunFolder
from loopwright.runs.search import vectors

RECIPE = f"{FREE}\ntarget: {{accepted: 60, batches: 3}}"


@pytest.fixture
def ended(desk: Desk) -> Desk:
    desk.run(RECIPE)
    return desk


def hits(desk: Desk, *words: str) -> list[dict[str, Any]]:
    found = desk.call("runs", "search", str(desk.place), *words, "--json")
    assert found.code == 0, found.err
    return [json.loads(line) for line in found.out.splitlines()]


def test_a_row_is_found_by_its_own_words_and_by_some_of_them(ended: Desk) -> None:
    row = ended.rows()[3]
    first, *_ = found = hits(ended, row["data"]["text"], "--limit", "4")
    assert (first["id"], first["row"], first["embedder"]) == (row["id"], row["data"], "lexical")
    assert first["similarity"] == pytest.approx(1.0)
    assert [each["similarity"] for each in found] == sorted((each["similarity"] for each in found), reverse=True)
    assert all("refund" in each["row"]["text"] for each in hits(ended, "my refund please", "--limit", "3"))


def test_what_the_embedder_sees_is_said(ended: Desk) -> None:
    told = ended.call("runs", "search", str(ended.place), "refund")
    assert told.out.splitlines()[0].split() == ["similarity", "row", "label", "text"]
    assert "the lexical embedder sees wording, not meaning" in told.err


def test_the_index_follows_the_rows(ended: Desk) -> None:
    before = len(hits(ended, "refund", "--limit", "100"))
    place = ended.place / "index"
    (note,) = place.glob("*/index.json")
    made = note.stat().st_mtime_ns
    hits(ended, "delivery")
    assert note.stat().st_mtime_ns == made
    assert ended.call("runs", "resume", str(ended.place), "--set", "target.batches=50", "--quiet").code == 0
    assert before < len(hits(ended, "refund", "--limit", "100")) == 60
    shutil.rmtree(place)
    assert len(hits(ended, "refund", "--limit", "100")) == 60


def test_near_duplicates_are_grouped(ended: Desk) -> None:
    groups = hits(ended, "--clusters", "--least", "0.6", "--limit", "100")
    texts = {row["id"]: row["data"]["text"] for row in ended.rows()}
    sizes = [len(group["rows"]) for group in groups]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] > 1
    together = [id for group in groups for id in group["rows"]]
    assert len(set(together)) == len(together)
    for group in groups:
        assert group["first"]["row"]["text"] == texts[group["rows"][0]]
    assert hits(ended, "--clusters", "--least", "1") == []


def test_vectors_are_those_of_the_rows_in_their_order(ended: Desk) -> None:
    assert len(vectors(RunFolder(ended.place), "lexical")) == len(ended.rows())


@pytest.mark.parametrize("words", [(), ("refund", "--clusters")])
def test_it_is_said_what_is_missing(ended: Desk, words: tuple[str, ...]) -> None:
    told = ended.call("runs", "search", str(ended.place), *words)
    assert (told.code, told.out) == (2, "")
    assert "give a text to look for, or --clusters" in told.err
