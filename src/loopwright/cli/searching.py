"""`runs search`: accepted rows near a text, and groups of near duplicates, as tables or as JSON."""

from __future__ import annotations

from typing import Any

from loopwright.cli.rows import columns, short
from loopwright.cli.screen import Screen
from loopwright.loop.dataset import Entry
from loopwright.report.amounts import count
from loopwright.runs.folder import RunFolder
from loopwright.runs.search import Manner, clusters, search

HITS = columns(">similarity row ?label text")
CLUSTERS = columns(">rows first ?label text")


def show_hits(folder: RunFolder, text: str, limit: int, manner: Manner, screen: Screen) -> None:
    found = search(folder, text, limit, manner)
    if screen.json:
        for hit in found:
            screen.data({"similarity": hit.similarity, "embedder": manner.embedder, **_entry(hit.entry)})
        return
    screen.table(HITS, [(f"{hit.similarity:.3f}", *_cells(hit.entry)) for hit in found])
    if manner.embedder == "lexical":
        screen.tell("the lexical embedder sees wording, not meaning; --embedder names a sentence model")


def show_clusters(folder: RunFolder, least: float, limit: int, screen: Screen) -> None:
    found = clusters(folder, least)
    if screen.json:
        for cluster in found[:limit]:
            screen.data({"rows": cluster.ids, "first": _entry(cluster.first)})
        return
    if not found:
        screen.tell(f"no two rows are as alike as {least:g}")
        return
    screen.table(CLUSTERS, [(count(len(cluster.ids)), *_cells(cluster.first)) for cluster in found[:limit]])
    if len(found) > limit:
        screen.tell(f"and {count(len(found) - limit)} smaller groups")


def _cells(entry: Entry) -> tuple[str, str, str]:
    return (entry.id, entry.label or "-", short(entry.text))


def _entry(entry: Entry) -> dict[str, Any]:
    return {"id": entry.id, "row": entry.row, "label": entry.label}
