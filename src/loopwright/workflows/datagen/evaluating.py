"""Evaluation in the loop: from time to time a small model learns from what is accepted and is scored on real rows, and each arm
hears what its rows were worth.

The training is part of `act`, on what the batch was shown, and its outcome is stored with the batch: `settle` only reads it, so
that a resumed run trains nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from loopwright.errors import UsageError
from loopwright.learn.contributions import Contribution, contributions
from loopwright.learn.nearness import Pair, nearness
from loopwright.learn.protocol import Target
from loopwright.learn.rows import Rows
from loopwright.learn.scoring import Score, scores, told
from loopwright.loop.stage import FromFiles
from loopwright.loop.work import Happening, Payoff
from loopwright.quality.row import Row
from loopwright.records import DecisionId, Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.labelled import Wanted, labelled
from loopwright.workflows.datagen.learning import learner
from loopwright.workflows.datagen.ledger import Account, Judged, Taken
from loopwright.workflows.datagen.material import Past
from loopwright.workflows.datagen.spec import EvaluationBlock

MISTAKES = 200
_DIGITS = 6
_TRIED = 20


class Evaluation:
    def __init__(self, block: EvaluationBlock, brief: Brief) -> None:
        self._block = block
        task = brief.recipe.task
        self._wanted = Wanted.by(block, task)
        self._labels = set(task.labels) if block.kind == "classification" else set()
        self._learner = learner(block)
        self._by = brief.wanted_label
        self._dev = Rows()
        self.seeds: Happening | None = None
        """Which of the seeds stand in the dev set."""

    # preparing

    def dev(self, base: Path) -> FromFiles:
        """The dev rows, checked; a library that the model lacks is missed now, not after so many batches."""
        return FromFiles(self._block.dev, partial(self._read, base), self._checked)

    def _read(self, base: Path) -> list[list[Any]]:
        return [list(each) for each in labelled(base, self._block.dev, self._wanted)]

    def _checked(self, found: list[list[Any]]) -> Json:
        if self._labels and not {target for _, target in found} & self._labels:
            known, theirs = (", ".join(sorted(map(str, some))[:3]) for some in (self._labels, {target for _, target in found}))
            raise UsageError(
                f"evaluation.dev: {self._block.dev} has none of the labels of task.labels ({known}, ...), but {theirs}, ..."
            )
        some = found[:_TRIED]
        self._learner.fit([str(text) for text, _ in some], [target for _, target in some])
        return cast(Json, found)

    def take(self, dev: Sequence[Sequence[Target]], seeds: Sequence[Fields]) -> None:
        """The dev rows as they are kept, and the seeds, which should be others."""
        self._dev = Rows.of([str(text) for text, _ in dev], [target for _, target in dev])
        texts = [text for seed in seeds if (text := Row(seed).text(self._wanted.text)) is not None]
        found = nearness(texts, self._dev.texts)
        self.seeds = _overlap("seeds", len(texts), found.places, found.closest) if found.places else None

    # act

    def due(self, number: int) -> bool:
        return number > 0 and number % self._block.every == 0

    def judge(self, account: Account) -> Fields | None:
        """What is found now; None where there is nothing to learn from yet."""
        before = 0 if account.judged is None else account.judged.rows
        fresh = [entry.text for entry in account.rows[before : account.size]]
        near = nearness(fresh, self._dev.texts)
        places = [before + place for place in near.places]
        kept = account.kept(self._block.rows, frozenset(places))
        if not kept:
            return None
        train = Rows.of(*zip(*kept, strict=True))
        said = told(self._learner, train, self._dev)
        first = scores(self._learner.goal, self._dev.targets, said)[0]
        arms = contributions(self._learner, train, self._dev, said)
        return {
            "rows": account.size,
            "learned": len(train),
            **_plain(first),
            "arms": {each.arm: _arm(each, account) for each in arms if each.arm in account.chosen},
            "batches": {arm: chosen.batches for arm, chosen in account.chosen.items()},
            "mistakes": list(map(list, self._mistakes(said))),
            "overlap": {"places": places, "closest": [list(pair) for pair in near.closest if pair.equal or places]},
        }

    def _mistakes(self, said: Sequence[Target]) -> Iterator[tuple[int, Target]]:
        """Labels that are wrong; numbers that are farthest off, one in five."""
        pairs = list(enumerate(zip(self._dev.targets, said, strict=True)))
        if self._learner.goal == "regression":
            pairs.sort(key=lambda pair: -abs(float(pair[1][0]) - float(pair[1][1])))
            pairs = pairs[: len(pairs) // 5]
        else:
            pairs = [pair for pair in pairs if str(pair[1][0]) != str(pair[1][1])]
        for place, (_, wrong) in pairs[:MISTAKES]:
            yield place, round(wrong, _DIGITS) if isinstance(wrong, float) else wrong

    # settle

    def judged(self, found: Any) -> Judged:
        """What later batches may know of it."""
        mistakes: dict[str | None, tuple[Past, ...]] = {}
        for place, wrong in found["mistakes"]:
            target = self._dev.targets[place]
            data: Fields = {
                self._wanted.text: self._dev.texts[place],
                **({self._wanted.label: target} if self._wanted.label else {}),
            }
            label = None if self._by is None else str(target)
            mistakes[label] = (*mistakes.get(label, ()), Past(f"dev-{place}", data, reason=str(wrong)))
        return Judged(found["score"], found["rows"], mistakes, found["batches"])

    def payoffs(self, found: Any, before: Judged | None) -> Iterator[Payoff]:
        """A late reward for each arm that was chosen since the last evaluation, which counts as `weight` times the batches that
        it was chosen for: so an arm's mean holds what its rows were worth in the same part, however often it is chosen.

        Half a reward is for rows without which the model would score the same. What an arm adds grows with how much it has
        written, so it is taken as if all arms had written alike much.
        """
        arms = {arm: each for arm, each in found["arms"].items() if each["gain"] is not None}
        for arm, each in arms.items():
            batches = each["batches"] - (before.batches.get(arm, 0) if before else 0)
            if batches > 0 and self._block.weight > 0:
                fair = each["gain"] * found["learned"] / (each["rows"] * len(arms))
                value = min(1.0, max(0.0, 0.5 + fair / (2 * self._block.scale)))
                parts = {"gain": each["gain"], "rows": each["rows"], "score": found["score"], "batches": batches}
                yield Payoff(DecisionId(*each["last"]), round(value, _DIGITS), parts, self._block.weight * batches)

    def overlaps(self, found: Any) -> Happening | None:
        overlap = found["overlap"]
        if not overlap["places"]:
            return None
        return _overlap("accepted rows", found["rows"], overlap["places"], [Pair(*pair) for pair in overlap["closest"]])

    def entry(self, row: Row, arm: str) -> Taken | None:
        """An accepted row as it is learned from; None where it lacks what is needed."""
        try:
            found = self._wanted.of(row, "a row")
        except UsageError:
            return None
        return Taken(found.text, found.target, arm)


def _plain(score: Score) -> Mapping[str, Json]:
    return {
        "metric": score.metric,
        "score": round(score.value, _DIGITS),
        "low": round(score.low, _DIGITS),
        "high": round(score.high, _DIGITS),
    }


def _arm(each: Contribution, account: Account) -> Json:
    chosen = account.chosen[each.arm]
    gain = {} if each.gain is None else {"low": round(each.gain.low, _DIGITS), "high": round(each.gain.high, _DIGITS)}
    return {
        "rows": each.rows,
        "gain": None if each.gain is None else round(each.gain.value, _DIGITS),
        **gain,
        "batches": chosen.batches,
        "last": list(chosen.last),
    }


def _overlap(of: str, rows: int, places: Sequence[int], closest: Sequence[Pair]) -> Happening:
    """Rows that stand in the dev set, where no model learns from them: of another number each time, but one warning."""
    pairs: list[Json] = [
        {"row": pair.text, "dev": pair.nearest, "similarity": pair.similarity} for pair in closest[: len(places)]
    ]
    detail: Fields = {"of": of, "among": rows, "rows": len(places), "closest": pairs}
    return Happening("dev_overlap", detail, f"LEAK: {of} stand in the dev set, or nearly do; the report shows which")
