"""What a dataset is worth: small models are trained on its rows and scored on real ones, beside models trained on real rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from loopwright.errors import UsageError
from loopwright.learn import build
from loopwright.learn.contributions import Contribution, contributions
from loopwright.learn.curve import Reached, curve
from loopwright.learn.likeness import Likeness, likeness
from loopwright.learn.nearness import Nearness, nearness
from loopwright.learn.protocol import Learner, Target
from loopwright.learn.rows import Rows
from loopwright.learn.scoring import Score, gain, scores
from loopwright.measure.confusion import Confusion, confusion
from loopwright.records import Json
from loopwright.runs.folder import RunFolder, find
from loopwright.runs.labelled import Dataset, of_file, of_run, recipe_of
from loopwright.spec.blocks import Named
from loopwright.spec.yaml import parse_value
from loopwright.workflows.datagen.labelled import Wanted

Kind: TypeAlias = Literal["classification", "regression", "generation"]
GENERATED, REAL = "generated", "real"
_DEFAULTS: dict[str, str] = {"classification": "tfidf", "regression": "ridge"}
_SEED = 7
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Question:
    """`source` is a run or a file of generated rows; `text` and `label` are by default as the run's recipe calls them."""

    source: str
    test: Path
    kind: Kind = "classification"
    text: str | None = None
    label: str | None = None
    dev: Path | None = None
    real: Path | None = None
    model: str | None = None
    root: Path = Path("runs")


class Trained(NamedTuple):
    """A model that learned from some rows, scored on others; `beside` is by how much it scores higher than the one that learned
    from all generated rows."""

    on: str
    rows: int
    scored: str
    scores: tuple[Score, ...]
    beside: Score | None = None


class Curve(NamedTuple):
    """How the score on the test grows with the rows that are learned from."""

    on: str
    reached: tuple[Reached, ...]


class Overlap(NamedTuple):
    """Texts of one set that stand in another."""

    of: str
    beside: str
    found: Nearness

    def told(self) -> str:
        """In words."""
        counts = ((self.found.equal, "are"), (self.found.near, "nearly are"))
        parts = [f"{number:,} {what}" for number, what in counts if number]
        share = f" ({self.found.share:.1%})" if parts else ""
        return f"of {self.found.rows:,} rows of {self.of}, {' and '.join(parts) or 'none is'} among {self.beside}{share}"


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was found. `leaks` are overlaps of the rows that a model is scored on with rows that it, or those that wrote
    for it, have seen; `copies` are of generated rows with real ones."""

    source: str
    kind: Kind
    model: Json
    rows: int
    sets: dict[str, int]
    leaks: tuple[Overlap, ...]
    copies: tuple[Overlap, ...]
    warnings: tuple[str, ...]
    """What takes from the figures what they seem to say."""
    notes: tuple[str, ...]
    trained: tuple[Trained, ...] = ()
    curves: tuple[Curve, ...] = ()
    confusion: Confusion | None = None
    contributions: tuple[Contribution, ...] = ()
    likeness: Likeness | None = None
    folder: RunFolder | None = field(default=None, repr=False)


def evaluate_dataset(question: Question, tell: Callable[[str], None] = lambda _: None) -> Answer:
    """`tell` hears what is being done."""
    given = _Given.read(question)
    tell("looking for rows that stand in two sets")
    leaks, copies = tuple(_leaks(given)), tuple(_copies(given))
    answer = Answer(
        source=given.name,
        kind=question.kind,
        model=None if given.named is None else given.named.model_dump(mode="json"),
        rows=len(given.made.rows),
        sets={name: len(rows) for name, rows in given.sets.items()},
        leaks=leaks,
        copies=copies,
        warnings=(*_warnings(leaks), *_strange(given)),
        notes=tuple(_notes(given)),
        folder=given.folder,
    )
    if given.learner is None:
        tell("comparing the texts as wholes")
        return replace(answer, likeness=_likeness(given))
    return _learned(answer, given, given.learner, tell)


class _Given(NamedTuple):
    """All that was read."""

    name: str
    folder: RunFolder | None
    made: Dataset
    sets: dict[str, Rows]
    named: Named | None
    learner: Learner | None

    @classmethod
    def read(cls, question: Question) -> _Given:
        named = _named(question)
        learner = None if named is None else _learner(named, question.kind)
        number = question.kind == "regression"
        file = Path(question.source)
        if file.is_file():
            wanted = Wanted(question.text or "text", _label(question, "label"), number)
            name, folder, made = file.name, None, Dataset(of_file(file, wanted))
        else:
            folder = find(question.root, question.source)
            recipe = recipe_of(folder)
            wanted = Wanted(question.text or recipe.task.text, _label(question, recipe.task.label), number)
            name, made = folder.name, of_run(folder, wanted)
        files = {"test": question.test, "dev": question.dev, REAL: question.real}
        sets = {name: of_file(file, wanted) for name, file in files.items() if file is not None}
        return cls(name, folder, made, sets, named, learner)


def _label(question: Question, usual: str) -> str | None:
    """Texts that are compared as wholes need none."""
    return (question.label or usual) if question.kind != "generation" else None


def _named(question: Question) -> Named | None:
    if question.kind == "generation":
        if question.model is not None:
            raise UsageError("--model chooses what learns labels or numbers; --kind generation compares texts as wholes")
        return None
    return Named.model_validate(parse_value(question.model or _DEFAULTS[question.kind]).plain())


def _learner(named: Named, kind: str) -> Learner:
    learner = build(named, "model")
    if learner.goal != kind:
        raise UsageError(f"--model {named.kind} is for a {learner.goal}, and --kind asks for a {kind}")
    return learner


def _warnings(leaks: Sequence[Overlap]) -> Iterator[str]:
    for each in leaks:
        if each.found.places:
            yield f"LEAK: {each.told()}; scores on {each.of} may be too good to be true"


def _strange(given: _Given) -> Iterator[str]:
    """Labels that cannot be told right."""
    if given.learner is None or given.learner.goal != "classification":
        return
    known = set(given.made.rows.targets)
    for name, rows in given.sets.items():
        strange = Counter(str(target) for target in rows.targets if target not in known)
        if strange:
            yield f"{strange.total():,} rows of {name} have labels that no generated row has: {', '.join(sorted(strange))}"


def _notes(given: _Given) -> Iterator[str]:
    if given.learner is not None and given.learner.paid:
        yield "no learning curve and no contributions of arms: each point of them would be a training that is paid for"
    if given.learner is not None and REAL not in given.sets:
        yield "nothing was trained on real rows: --real names some"


def _leaks(given: _Given) -> Iterator[Overlap]:
    """Of the sets that models are scored on, with whatever was there when rows were written or a model learned."""
    beside = {"the generated rows": given.made.rows.texts, "the seeds": given.made.seeds}
    beside |= {f"the {name} rows": given.sets[name].texts for name in (REAL, "dev") if name in given.sets}
    for name in ("test", "dev"):
        for other, texts in beside.items():
            if name in given.sets and texts and other != f"the {name} rows":
                yield Overlap(name, other, nearness(given.sets[name].texts, texts))


def _copies(given: _Given) -> Iterator[Overlap]:
    real = {"the seeds": given.made.seeds, **{f"the {name} rows": rows.texts for name, rows in given.sets.items()}}
    for other, texts in real.items():
        if texts:
            yield Overlap("the dataset", other, nearness(given.made.rows.texts, texts))


def _likeness(given: _Given) -> Likeness:
    real = given.sets["test"].texts
    if min(len(real), len(given.made.rows)) < _FEWEST:
        raise UsageError(f"to be compared as wholes, {_FEWEST} generated texts and {_FEWEST} real ones are needed")
    return likeness(given.made.rows.texts, real, _SEED)


def _learned(answer: Answer, given: _Given, learner: Learner, tell: Callable[[str], None]) -> Answer:
    made, test = given.made.rows, given.sets["test"]
    trained, said = _trained(answer, given, learner, tell)
    found = confusion([str(each) for each in test.targets], [str(each) for each in said])
    curves: list[Curve] = []
    parts: list[Contribution] = []
    if not learner.paid:
        tell("training on more and more rows")
        learned_from = {GENERATED: made, **({REAL: given.sets[REAL]} if REAL in given.sets else {})}
        curves = [Curve(name, tuple(curve(learner, rows, test, _SEED))) for name, rows in learned_from.items()]
        tell("training without the rows of each arm")
        parts = contributions(learner, made, test, said)
    return replace(
        answer,
        trained=tuple(trained),
        curves=tuple(curves),
        confusion=found if learner.goal == "classification" else None,
        contributions=tuple(parts),
    )


def _trained(
    answer: Answer, given: _Given, learner: Learner, tell: Callable[[str], None]
) -> tuple[list[Trained], list[Target]]:
    """Each training set scored on each set to score on, and what the first says of the test."""
    found: list[Trained] = []
    whole: dict[str, list[Target]] = {}
    for name, rows in _training(given):
        tell(f"training on {name}: {len(rows):,} rows")
        model = learner.fit(rows.texts, rows.targets)
        for scored in ("test", "dev"):
            if scored in given.sets:
                truth = given.sets[scored]
                said = model.predict(truth.texts)
                first = whole.setdefault(scored, said)
                beside = None if first is said else gain(learner.goal, truth.targets, said, first)
                found.append(Trained(name, len(rows), scored, scores(learner.goal, truth.targets, said), beside))
    found[1:1] = _apart(answer, given, learner, whole["test"])
    return found, whole["test"]


def _apart(answer: Answer, given: _Given, learner: Learner, said: list[Target]) -> Iterator[Trained]:
    """The first of them again, on the rows of the test that leak nowhere."""
    leaking = {place for each in answer.leaks if each.of == "test" for place in each.found.places}
    places = [place for place in range(len(said)) if place not in leaking]
    if leaking and places:
        truth = given.sets["test"].at(places)
        found = scores(learner.goal, truth.targets, [said[place] for place in places])
        yield Trained(GENERATED, len(given.made.rows), "test, without what leaks", found)


def _training(given: _Given) -> Iterator[tuple[str, Rows]]:
    """All generated rows; as many generated as real ones, and the other way round; both."""
    made, real = given.made.rows, given.sets.get(REAL)
    yield GENERATED, made
    if real is not None:
        size = min(len(made), len(real))
        fair = {
            name: rows.shuffled(_SEED, f"as many {name}").at(range(size)) for name, rows in ((GENERATED, made), (REAL, real))
        }
        if size < len(made):
            yield "generated, as many as real", fair[GENERATED]
        yield "real, as many", fair[REAL]
        if size < len(real):
            yield REAL, real
        yield "real and generated", real + made
