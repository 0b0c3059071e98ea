"""One batch on its way into the dataset: which of its rows are taken beside all that were, and what its arm has earned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from loopwright.loop.trial import Trial
from loopwright.loop.work import Happening, Outcome, Payoff, Settlement, switched_off
from loopwright.quality.gate import Said, passed
from loopwright.quality.row import Place, Row
from loopwright.records import Fields, Sample, Verdict
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.ledger import EVALUATION
from loopwright.workflows.datagen.material import Past
from loopwright.workflows.datagen.raising import RAISED
from loopwright.workflows.datagen.rewards import Batch, earned
from loopwright.workflows.datagen.state import DRY, HOPELESS, PATIENCE, State

if TYPE_CHECKING:
    from loopwright.workflows.datagen.evaluating import Evaluation

CHECK = "check"
"""What a call is for that asks a model about a row; the number of the row and that of the call stand behind it."""

WRITTEN = "written"
"""The verdict on an order that came to no row."""
TARGET = "target"
"""The verdict on a good row that there was no place for."""


class Settling:
    def __init__(
        self, brief: Brief, trial: Trial, outcome: Outcome, state: State, evaluation: Evaluation | None = None
    ) -> None:
        self._brief = brief
        self._trial = trial
        self._outcome = outcome
        self._state = state
        self._evaluation = evaluation
        self._scores: list[float | None] = []
        self._novelty: list[float] = []
        self._accepted: list[int] = []
        self._verdicts: list[Verdict] = []

    def settlement(self) -> Settlement:
        if not self._trial.decisions:
            return Settlement(end=self._end())
        last = self._trial.decisions[-1]
        self._state.ledger.choose(last.arm, last.id)
        rows = len(self._outcome.samples) or self._brief.recipe.batch_size
        self._state.dry += rows
        self._take_good_rows()
        raised = cast(Any, self._outcome.data or {}).get(RAISED, {})
        self._state.hear((said.validator for said in self._outcome.verdicts), raised)
        for said in (*self._outcome.verdicts, *self._verdicts):
            if not said.passed:
                self._state.reject(said.validator, said.reason or "")
        payoff = self._payoff(rows)
        self._state.note(rows, len(self._scores))
        self._state.quality = self._state.quality.with_([score for score in self._scores if score is not None])
        late, overlap = self._judged()
        events = (*self._events(rows), *overlap)
        return Settlement((payoff, *late), frozenset(self._accepted), tuple(self._verdicts), self._end(), events)

    def _judged(self) -> tuple[tuple[Payoff, ...], tuple[Happening, ...]]:
        """What the evaluation that this batch's `act` has made tells each arm, and what was found in the dev set."""
        found = cast(Any, self._outcome.data or {}).get(EVALUATION)
        evaluation, ledger = self._evaluation, self._state.ledger
        if evaluation is None:
            return (), ()
        overlaps = [evaluation.seeds if self._trial.number == 0 else None]
        late: tuple[Payoff, ...] = ()
        if found is not None:
            late = tuple(evaluation.payoffs(found, ledger.judged))
            overlaps.append(evaluation.overlaps(found))
            ledger.leave_out(found["overlap"]["places"])
            ledger.judged = evaluation.judged(found)
        return late, tuple(each for each in overlaps if each is not None)

    def _take_good_rows(self) -> None:
        said = self._outcome.verdicts
        failed = {each.sample: each for each in reversed(said) if not each.passed}
        quality = {each.sample: each.score for each in said if each.validator == self._brief.quality}
        for sample in self._outcome.samples:
            if cast(Any, sample.data)["row"] is not None:
                self._state.shelf.rework(sample.parents)
            if sample.index in failed:
                self._put_aside(sample, failed[sample.index])
            else:
                self._look(sample, quality.get(sample.index))

    def _put_aside(self, sample: Sample, failed: Verdict) -> None:
        """A row that was rejected, where something could be made of it yet."""
        data: Any = sample.data
        if isinstance(data["row"], dict) and failed.validator != WRITTEN:
            label = self._label(row_of(self._trial, sample.index, data["row"], _facts(data)))
            self._state.shelf.reject(label, _past(sample, f"{failed.validator}: {failed.reason}"))

    def _look(self, sample: Sample, score: float | None) -> None:
        """At a row that passed in `act`, beside all that were accepted meanwhile."""
        data: Any = sample.data
        row = row_of(self._trial, sample.index, data["row"], _facts(data))
        said = self._state.memories.look(row)
        if not passed(said):
            late = verdict(self._trial, sample.index, said[-1])
            self._verdicts.append(late)
            self._put_aside(sample, late)
            return
        scores = {one.validator: one.ruling.score for one in said}
        self._scores.append(scores.get(self._brief.quality or "", score))
        self._novelty.append(scores.get(self._brief.novelty or "") or 0.0)
        self._place(sample, row)

    def _place(self, sample: Sample, row: Row) -> None:
        quotas, state = self._brief.quotas, self._state
        label = self._label(row)
        full = state.accepted >= quotas.target
        why = "the target was reached before" if full else quotas.refuses(label, state.labels)
        if why is not None:
            self._verdicts.append(self._trial.verdict(sample.index, TARGET, False, reason=why))
            return
        state.memories.admit(sample.id, row)
        state.accept(label)
        state.shelf.accept(label, _past(sample))
        entry = self._evaluation.entry(row, self._trial.decisions[-1].arm) if self._evaluation else None
        if entry is not None:
            state.ledger.add(entry)
        self._accepted.append(sample.index)

    def _label(self, row: Row) -> str | None:
        name = self._brief.wanted_label
        return None if name is None else row.claim(name)

    def _payoff(self, rows: int) -> Payoff:
        batch = Batch(rows, self._scores, self._novelty, _cost(self._outcome))
        found = earned(batch, self._brief.recipe.reward, self._brief.quality is not None, self._state.quality)
        return Payoff(self._trial.decisions[-1].id, found.value, found.parts)

    def _events(self, rows: int) -> tuple[Happening, ...]:
        arm = self._trial.decisions[-1].arm
        failing = self._state.fails(arm, rows, len(self._scores))
        if not failing or arm in self._brief.indispensable.values():
            return ()
        if not self._state.switch_off(arm, len(self._brief.arms), self._trial.number):
            return ()
        why = f"all rows of {PATIENCE} batches in a row failed"
        return (switched_off(arm, self._trial.number, why),)

    def _end(self) -> str | None:
        state, target = self._state, self._brief.quotas.target
        if state.accepted >= target:
            return f"target reached: {target} rows accepted"
        if state.is_dry(self._patience):
            return self._gave_up()
        most = self._brief.recipe.most_trials()
        if self._trial.number + 1 >= most:
            return f"target.batches reached: {most:,} batches have settled; a larger bound lets the run go on"
        return None

    @property
    def _patience(self) -> int:
        """Little where nothing was ever accepted, unless somebody has said how many batches there may be. Small batches tell
        less."""
        recipe = self._brief.recipe
        if self._state.accepted or recipe.target.batches is not None:
            return DRY
        return min(DRY, max(HOPELESS, 2 * len(self._brief.arms), -(-DRY // recipe.batch_size)))

    def _gave_up(self) -> str:
        rows = self._state.dry
        if self._patience == DRY:
            again = "a changed recipe is another run, --fresh begins anew with the same"
            return f"gave up: none of the last {rows} rows was accepted; {again}"
        again = f"a changed recipe is another run, target.batches={self._brief.recipe.most_trials()} goes on with this one"
        return f"gave up: none of the first {rows} rows was accepted; rejects.jsonl tells why; {again}"


def row_of(trial: Trial, index: int, data: Any, facts: Fields) -> Row:
    """A row as validators look at it."""
    return Row(data, facts, Place(trial.seed, trial.number, index))


def verdict(trial: Trial, index: int, said: Said) -> Verdict:
    ruling = said.ruling
    return trial.verdict(index, said.validator, ruling.passed, ruling.score, reason=ruling.reason or "")


def _past(sample: Sample, reason: str | None = None) -> Past:
    data: Any = sample.data
    return Past(sample.id, data["row"], _facts(data), data["lineage"], reason)


def _facts(data: Any) -> Fields:
    facts: Fields = data["lineage"].get("facts", {})
    return facts


def _cost(outcome: Outcome) -> int | None:
    """Of all rows, in thousand-millionths of a dollar; None where a price is not known."""
    total = 0
    for sample in outcome.samples:
        data: Any = sample.data
        usage = data.get("usage")
        if usage:
            if "nano_usd" not in usage:
                return None
            total += usage["nano_usd"]
    return total
