"""What can be counted of a dataset: rows written and accepted by arm and label, how long its texts are, how diverse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from loopwright.loop.work import Ended
from loopwright.quality.row import Row
from loopwright.spec.digest import canonical_json
from loopwright.store import summary
from loopwright.store.columns import Kind
from loopwright.store.history import SettledTrial
from loopwright.store.reader import RunReader
from loopwright.store.summary import PassRate, Spend
from loopwright.text.diversity import Diversity, diversity
from loopwright.text.embedding import Lexical
from loopwright.text.near import NearDuplicates
from loopwright.text.words import fingerprint, words
from loopwright.workflows.datagen.publishing.splits import Member
from loopwright.workflows.datagen.reading import Column, columns, evaluations, rows, version

COMPARED = 200
"""The texts that diversity is measured on: always as many, or all of fewer."""

NEAR = 0.8
"""How alike near duplicates are at least."""


@dataclass
class Survey:
    """Of one run after so many trials. `members` are all of its rows, accepted or not; `ids` those of the dataset, in order."""

    trials: int
    columns: list[Column]
    version: str
    seeds: list[Any]
    evaluation: dict[str, Any] | None
    """What the last evaluation in the loop found."""
    validators: list[PassRate]
    spent: list[Spend]
    members: list[Member] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    written: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    example: Any = None

    @property
    def key(self) -> str:
        """The column of the ids, whatever the fields are called."""
        taken = [column.name for column in self.columns]
        return next(name for name in ("id", *(f"id_{n}" for n in range(1, len(taken) + 2))) if name not in taken)

    @property
    def shape(self) -> dict[str, Kind]:
        """The columns of the data files."""
        return {self.key: "text", **dict(self.columns)}

    @property
    def lengths(self) -> list[int]:
        """Words of each text, the shortest first."""
        return sorted(len(words(text)) for text in self.texts)

    @property
    def diversity(self) -> Diversity | None:
        return diversity(self.texts, Lexical(), min(COMPARED, len(self.texts)))


def survey(reader: RunReader, ended: Ended) -> Survey:
    brief: Any = ended.spec
    trials = summary.counts(reader).trials
    found = Survey(
        trials,
        columns(row for _, row in rows(reader, trials)),
        version(row for _, row in rows(reader, trials)),
        seeds(reader),
        next((found for _, found in reversed(list(evaluations(reader)))), None),
        summary.pass_rates(reader),
        summary.spend(reader),
    )
    for trial in islice(reader.history(), trials):
        _count(found, trial, brief.task.text, brief.task.label if brief.task.labels else None)
    return found


def seeds(reader: RunReader) -> list[Any]:
    """The rows of the recipe's file, as they were read when the run began."""
    outcomes: list[Any] = [stage.outcome for stage in reader.stages(limit=100_000) if stage.name == "seeds"]
    return [seed for outcome in outcomes[:1] for seed in outcome]


def _count(found: Survey, trial: SettledTrial, text: str, label: str | None) -> None:
    arm = trial.decisions[-1].arm if trial.decisions else "none"
    for sample in trial.samples:
        data: Any = sample.data
        row = Row(data["row"] if isinstance(data["row"], dict) else {}, data["lineage"].get("facts", {}))
        content = canonical_json(data["row"])
        said = row.text(text) or content.decode()
        found.members.append(Member(sample.id, sample.parents, fingerprint(said), content))
        found.written[arm] += 1
        if sample.index in trial.accepted:
            found.ids.append(sample.id)
            found.accepted[arm] += 1
            found.texts.append(row.text(text) or row.text() or "")
            found.example = found.example or data["row"]
            if label is not None:
                found.labels[row.claim(label) or ""] += 1


class Echoes(NamedTuple):
    """Of the rows outside the split of that name, how many have a near duplicate in it."""

    split: str
    found: int
    among: int


def echoes(found: Survey, splits: Mapping[str, str], first: str) -> Echoes:
    texts = dict(zip(found.ids, found.texts, strict=True))
    seen = NearDuplicates(NEAR)
    for id, text in texts.items():
        if splits[id] == first:
            seen.add(id, text)
    others = [text for id, text in texts.items() if splits[id] != first]
    return Echoes(first, sum(seen.closest(text) is not None for text in others), len(others))
