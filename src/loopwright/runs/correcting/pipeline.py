"""`ScalePipeline`: a correction run, started from Python. Every call writes a spec and lives an ordinary run of it, in a
folder of its own under `log_dir`."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson

from loopwright.datasets import source
from loopwright.datasets.block import DatasetBlock
from loopwright.datasets.checking import Checker, checker
from loopwright.datasets.functions import FromFunction
from loopwright.datasets.source import Source
from loopwright.errors import TrialError
from loopwright.loop.work import Work
from loopwright.policy import state
from loopwright.runs.correcting.policy import RTSPolicy
from loopwright.runs.correcting.providers import LLMProvider, model_of
from loopwright.runs.correcting.streaming import DatasetStreamer
from loopwright.runs.correcting.training import in_file
from loopwright.runs.folder import RunFolder
from loopwright.runs.given import Making
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Result, Start, begin
from loopwright.spec.blocks import Named, RunSpec
from loopwright.spec.dump import emit
from loopwright.spec.named import configured
from loopwright.store.export import replaced
from loopwright.store.reader import RunReader
from loopwright.workflows.correction.records import TraceRecord
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.traces import About, record, traces
from loopwright.workflows.correction.trial import Correction

_ALGORITHMS = {"thompson_sampling": "thompson"}
_ENOUGH = ("done", "budget")
_SUMMARY = "summary_*.json"


class ScalePipeline:
    """Runs datasets through the workflow, one after the other; each begins with what those before it taught the policy.

    `settings` holds anything else of a correction spec: `budget`, `reward`, `reprompts`, `seed`, ... A provider of your own,
    a streamer of your own and an overridden `_is_correct` are used in this process alone: a run that needs one is
    reported on as any other, and gone on with by calling the same again.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - these are the names that its users know
        self,
        llm_provider: LLMProvider,
        classifier_model_path: str | Path | None = None,
        classifier_vectorizer_path: str | Path | None = None,
        rts_algorithm: str = "thompson_sampling",
        max_turns: int = 5,
        policy_update_interval: int = 100,
        log_dir: str | Path = "pipeline_logs",
        request_delay: float = 0.0,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.llm_provider = llm_provider
        self.log_dir = Path(log_dir).expanduser().resolve()
        self.dataset_name = "questions"
        self.folder: Path | None = None
        """Of the last run."""
        self._model = model_of(llm_provider)
        self._streamer = DatasetStreamer("mock")
        self._algorithm = {"kind": _ALGORITHMS.get(rts_algorithm, rts_algorithm)}
        self._every = policy_update_interval
        self._spec = {"max_turns": max_turns, **(settings or {})}
        if isinstance(self._spec.get("policy"), dict) and "kind" in self._spec["policy"]:
            self._algorithm = self._spec.pop("policy")
        classifier = in_file(classifier_model_path, classifier_vectorizer_path)
        if classifier:
            self._spec["classifier"] = {**self._spec.get("classifier", {}), **classifier}
        if request_delay:
            limits = {**self._model.block.get("limits", {}), "delay_s": request_delay}
            self._model = self._model._replace(block={**self._model.block, "limits": limits})
        self.policy = RTSPolicy(_checked(self._whole({"source": "mock"}, None)).located(Path.cwd()))
        self._turn: tuple[asyncio.AbstractEventLoop | None, asyncio.Lock] = (None, asyncio.Lock())

    async def process_dataset(
        self,
        dataset_name: str = "questions",
        limit: int | None = None,
        batch_size: int | None = None,
        path: str | Path | None = None,
        streamer: DatasetStreamer | None = None,
    ) -> dict[str, Any]:
        """Works through a dataset and returns the summary of the run. `batch_size` is how many questions are worked on at
        once, and after how many of them the policy learns (default: the interval). Without a `streamer`, the dataset is
        found by its name or `path`. A call that did not come to its end goes on where it stopped; otherwise it is
        another run."""
        async with self._alone():
            self.dataset_name = dataset_name
            self._streamer = streamer or DatasetStreamer(dataset_name, path)
            own = not self._streamer.streams_a_file()
            block = self._named(limit) if own or self._judges() else self._streamer.block(limit)
            questions = FromFunction(dataset_name, self._streamer.stream_questions, {"limit": limit}) if own else None
            result = await self._run(self._whole(block, batch_size), self._making(questions, limit))
        (summary,) = (file for file in result.files if file.match(_SUMMARY))
        told: dict[str, Any] = orjson.loads(summary.read_bytes())
        return told

    async def generate_trace(self, question_id: str, question: str, reference_answer: str | None = None) -> TraceRecord:
        """One question, as a run of its own. Raises a `TrialError` where no answer was to be had."""
        asked = {"id": question_id, "question": question, "reference_answer": reference_answer}
        async with self._alone():
            dataset = self.dataset_name
            questions = FromFunction(dataset, lambda: [asked], {})
            spec = {**self._whole(self._named(1), 1), "name": _name(f"trace-{question_id}")}
            result = await self._run(spec, self._making(questions, 1), fresh=True)
        with RunReader.open(result.folder.store) as reader:
            about = About.of(dataset, reader.meta())
            trace = next(traces(reader, about))
            failure = trace.settled.trial.failure
            if failure is not None:
                raise TrialError(f"{failure.kind}: {failure.message}")
            return record(trace, about, reader)

    def _is_correct(self, answer: str, reference: str) -> bool:
        """By the streamer's, and so by the official checker of the dataset; a subclass may know better."""
        return self._streamer._is_correct(answer, reference)

    def _alone(self) -> asyncio.Lock:
        """Calls wait for each other, in the order in which they were made: each begins with what those before it taught. A lock
        serves one event loop, and a pipeline may live through several."""
        loop = asyncio.get_running_loop()
        if self._turn[0] is not loop:
            self._turn = (loop, asyncio.Lock())
        return self._turn[1]

    def _judges(self) -> bool:
        """Whether answers are checked by code of the user's own."""
        ours = (ScalePipeline._is_correct, DatasetStreamer._is_correct)
        return (type(self)._is_correct, type(self._streamer)._is_correct) != ours

    def _named(self, limit: int | None) -> dict[str, Any]:
        return {"source": "python", "name": self.dataset_name, **({} if limit is None else {"limit": limit})}

    def _whole(self, dataset: Mapping[str, Any], batch: int | None) -> dict[str, Any]:
        """The spec."""
        every = self._every if batch is None else batch
        policy: dict[str, Any] = dict(self._algorithm)
        learned = self.policy.state if hasattr(self, "policy") else None
        if learned is not None and learned.trials:
            policy["warm_start"] = learned.plain()
        return {
            "workflow": "correction",
            "name": _name(self.dataset_name),
            "dataset": dict(dataset),
            "models": [self._model.block],
            "policy": policy,
            **({} if "update_every" in policy else {"update_every": every}),
            "window": every,
            "output": str(self.log_dir),
            **self._spec,
        }

    def _making(self, questions: Source | None, limit: int | None) -> Making | None:
        """How the workflow is put to work where something of it is the user's own."""
        if questions is None and not self._judges():
            return None
        found = questions or source(DatasetBlock.model_validate(self._streamer.block(limit)))
        marking: Checker = replace(_guarded(self._is_correct), read=self._streamer.checker().read)

        def make(spec: RunSpec) -> Work[Any]:
            return Correction(cast(CorrectionSpec, spec), found, marking)

        return make

    async def _run(self, spec: Mapping[str, Any], making: Making | None, fresh: bool = False) -> Result:
        file = self.log_dir / f"{spec['name']}.yaml"
        RunFolder(self.log_dir).create()
        with replaced(file) as out:
            out.write(emit(spec).encode())
        given = replace(self._model.brought(), work=making)
        result = await begin(Start(file, fresh=fresh, anew=True, base=Path.cwd()), _Noted(), given)
        self.folder = result.folder.path
        error = result.end.error
        if error is not None and result.end.status not in _ENOUGH:
            if not fresh:
                error.add_note(f"the same call goes on with the run, which is in {self.folder}")
            raise error
        self._take(result.files)
        return result

    def _take(self, files: Iterable[Path]) -> None:
        for file in files:
            if file.name == "final_policy.json":
                self.policy.take(state.read(file))


class _Noted(Unwatched):
    def notice(self, text: str) -> None:
        logging.getLogger("loopwright").warning("%s", text)


def _checked(spec: Mapping[str, Any]) -> CorrectionSpec:
    return cast(CorrectionSpec, configured(CorrectionSpec, dict(spec), ()))


def _guarded(function: Any) -> Checker:
    return checker(function, Named(kind="_is_correct"), "dataset.checker")


def _name(given: str) -> str:
    """A run's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", given).strip("._-")[:56] or "questions"
