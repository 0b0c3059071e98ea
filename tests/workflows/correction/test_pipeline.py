"""A pipeline is a door onto the ordinary run: a folder that the commands know, the calling loop, what was learned before."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loopwright.cli import main
from loopwright.errors import RunStopped, SpecError, TrialError, UsageError
from loopwright.learn.error_classifier.fitted import embedded, write
from loopwright.runs.correcting.pipeline import ScalePipeline
from loopwright.runs.correcting.policy import RTSContext
from loopwright.runs.correcting.providers import LLMProvider, OpenAIProvider
from loopwright.runs.correcting.streaming import DatasetStreamer
from loopwright.runs.correcting.training import ErrorConfidenceTrainer
from loopwright.store.reader import RunReader


class Doubling(LLMProvider):
    """Right about every third number, and about all when steps are spoken of."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.lost = 0

    async def generate(self, prompt: str, max_tokens: int = 150) -> tuple[str, int]:
        self.prompts.append(prompt)
        (number,) = map(int, re.findall(r"twice (\d+)", prompt))
        if self.lost:
            self.lost -= 1
            raise ConnectionError("the line went dead")
        if number == 13:
            raise RuntimeError("unlucky")
        right = number % 3 == 0 or "step" in prompt.rpartition("User:")[2]
        return f"Answer: {2 * number + (not right)}", 7


class Doubles(DatasetStreamer):
    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers

    def stream_questions(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        for n in self.numbers:
            yield {"id": f"n{n}", "question": f"What is twice {n}?", "reference_answer": 2 * n}


PLAIN = {"prompt": "solve", "policy": {"fixed": "neutral_steps"}, "max_turns": 1}


def pipeline(folder: Path, **settings: Any) -> ScalePipeline:
    return ScalePipeline(Doubling(), log_dir=folder, settings=settings)


def runs(folder: Path, name: str) -> int:
    return len(list(folder.glob(f"{name}-*/run.sqlite")))


async def test_a_provider_of_ones_own_is_asked_through_the_calling_loop(tmp_path: Path) -> None:
    model = Doubling()
    model.lost = 1
    summary = await ScalePipeline(model, log_dir=tmp_path, settings=PLAIN).process_dataset(streamer=Doubles(4, 13, 6))
    assert summary["pipeline_stats"]["traces_processed"] == 2
    assert [each["question_id"] for each in summary["failed_questions"]] == ["n13"]
    assert "RuntimeError: unlucky" in summary["failed_questions"][0]["message"]
    assert len(model.prompts) == 1 + 1 + 2 + 2, "the lost call was made again, the failing one was not"
    spoken = next(each for each in model.prompts if "Assistant:" in each and "twice 4?" in each)
    assert re.fullmatch(r"User: .*twice 4\?.*\n\nAssistant: Answer: 9\n\nUser: .*step.*\n\nAssistant:", spoken, re.S)
    assert summary["outcome"]["first_accuracy"]["mean"] == 0.5
    assert summary["outcome"]["final_accuracy"]["mean"] == 1.0


async def test_a_trace_is_what_the_run_holds(tmp_path: Path) -> None:
    asked = pipeline(tmp_path, **PLAIN)
    trace = await asked.generate_trace("first one", "What is twice 4?", "8")
    assert (trace.question_id, trace.final_accuracy, trace.total_turns, trace.total_tokens) == ("first one", 1, 2, 14)
    assert [turn.delta_accuracy for turn in trace.turns] == [0, 1]
    again = await asked.generate_trace("first one", "What is twice 4?", "8")
    assert again.trace_id.startswith("questions_first one_")
    assert runs(tmp_path, "trace-first-one") == 2, "each is a run of its own"
    unknown = await asked.generate_trace("second", "What is twice 5?")
    assert (unknown.final_accuracy, unknown.turns[1].delta_accuracy) == (None, None)
    with pytest.raises(TrialError, match="unlucky"):
        await asked.generate_trace("third", "What is twice 13?", "26")


def test_the_commands_know_the_run_and_say_what_it_cannot_do_without_its_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = pipeline(tmp_path, **PLAIN)
    asyncio.run(asked.process_dataset("doubles", streamer=Doubles(3, 4)))
    folder = str(asked.folder)
    with pytest.raises(SystemExit) as end:
        main(["report", folder, "-o", str(tmp_path / "report.html")])
    assert not end.value.code
    assert "doubles" in (tmp_path / "report.html").read_text()
    with pytest.raises(SystemExit) as end:
        main(["runs", "resume", folder, "--quiet"])
    assert end.value.code == 2
    assert "an object of a Python program" in capsys.readouterr().err


async def test_a_call_that_was_stopped_is_gone_on_with_and_one_that_was_not_is_another_run(tmp_path: Path) -> None:
    limited = {**PLAIN, "budget": {"calls": 3}}
    first = await pipeline(tmp_path, **limited).process_dataset("doubles", streamer=Doubles(3, 4, 6, 7))
    assert first["status"] == "budget"
    asked = pipeline(tmp_path, **PLAIN)
    whole = await asked.process_dataset("doubles", streamer=Doubles(3, 4, 6, 7))
    assert whole["pipeline_stats"]["traces_processed"] == 4
    assert runs(tmp_path, "doubles") == 1
    assert isinstance(asked.llm_provider, Doubling)
    assert len(asked.llm_provider.prompts) < 8, "what was paid for is not paid for again"
    await asked.process_dataset("doubles", streamer=Doubles(3, 4, 6, 7))
    assert runs(tmp_path, "doubles") == 2


async def test_each_run_begins_with_what_those_before_it_taught(tmp_path: Path) -> None:
    asked = ScalePipeline(Doubling(), rts_algorithm="epsilon_greedy", log_dir=tmp_path, settings={"prompt": "solve"})
    await asked.process_dataset("doubles", batch_size=2, streamer=Doubles(*range(14, 34)))
    assert asked.policy.state.trials == 20
    context = RTSContext("anchored", 0.5)
    action = asked.policy.select_prompt(context)
    asked.policy.update_policy(context, action, 0, 10)
    await asked.process_dataset("others", batch_size=2, streamer=Doubles(40, 41))
    assert asked.policy.state.trials == 23
    assert asked.folder is not None
    with RunReader.open(asked.folder / "run.sqlite") as reader:
        started = reader.meta()["start"]["spec"]["policy"]
    assert started["warm_start"]["state"]["trials"] == 21


async def test_calls_at_once_wait_for_each_other_and_lose_nothing_of_what_they_teach(tmp_path: Path) -> None:
    asked = ScalePipeline(Doubling(), log_dir=tmp_path, settings={"prompt": "solve", "max_turns": 1})
    of_one = (asked.generate_trace(str(n), f"What is twice {n}?", str(2 * n)) for n in (20, 21, 22))
    of_three = asked.process_dataset("doubles", batch_size=1, streamer=Doubles(30, 31, 32))
    traces, summary = await asyncio.gather(asyncio.gather(*of_one), of_three)
    assert [trace.dataset_name for trace in traces] == ["questions"] * 3
    assert summary["pipeline_stats"]["traces_processed"] == 3
    assert asked.policy.state.trials == 6


async def test_ids_and_answers_may_be_numbers_as_in_a_stream(tmp_path: Path) -> None:
    trace = await pipeline(tmp_path, **PLAIN).generate_trace(5, "What is twice 4?", 8)  # type: ignore[arg-type]
    assert (trace.question_id, trace.reference_answer, trace.final_accuracy) == ("5", "8", 1)


async def test_a_policy_of_the_settings_passes_on_what_it_learned_too(tmp_path: Path) -> None:
    given = {"prompt": "solve", "max_turns": 1, "policy": {"kind": "lin_ts", "safe_start": 0.3}, "update_every": 3}
    asked = ScalePipeline(Doubling(), log_dir=tmp_path, settings=given)
    for numbers in ((20, 21), (30, 31, 32)):
        summary = await asked.process_dataset("doubles", streamer=Doubles(*numbers))
    assert summary["policy_stats"]["algorithm"] == "lin_ts"
    assert summary["pipeline_stats"]["policy_updates"] == 1
    assert asked.policy.state.trials == 5


def test_files_that_settings_name_are_looked_for_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bank.json").write_text(json.dumps([{"id": "mine", "text": "Go step by step."}]))
    write(Path("confidence.json"), embedded())
    given = {"reprompts": "bank.json", "classifier": {"path": "confidence.json"}, "max_turns": 1}
    asked = ScalePipeline(Doubling(), log_dir="logs", rts_algorithm="epsilon_greedy", settings=given)
    asyncio.run(asked.process_dataset("doubles", batch_size=1, streamer=Doubles(*range(20, 30))))
    Path("learned.json").write_text(json.dumps(asked.policy.state.plain()))
    policy = {"kind": "epsilon_greedy", "warm_start": "learned.json"}
    begun = ScalePipeline(Doubling(), log_dir="logs", settings={**given, "policy": policy})
    assert begun.policy.select_prompt(RTSContext("anchored", 0.9, "mine")).prompt_id in {"mine", None}
    asyncio.run(begun.process_dataset("more", streamer=Doubles(30, 31)))
    assert begun.policy.state.trials == 12


async def test_what_cannot_be_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = pipeline(tmp_path)
    with pytest.raises(UsageError, match=r"no file of the dataset 'hotpotqa': it is looked for as data/hotpotqa\.jsonl"):
        await asked.process_dataset("hotpotqa")
    with pytest.raises(SpecError, match="update_every: does not fit; expected at least 1"):
        await asked.process_dataset("mock", batch_size=0)
    with pytest.raises(SpecError, match="update_every: does not fit; expected at least 1"):
        ScalePipeline(Doubling(), policy_update_interval=0, log_dir=tmp_path)
    with pytest.raises(UsageError, match="did you mean 'anchored'"):
        RTSContext("anchord", 0.5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"from 0 to 1, and 1\.7 is not"):
        RTSContext("anchored", 1.7)
    with pytest.raises(UsageError, match="no reprompt is called 'p_are_you_sure'"):
        asked.policy.select_prompt(RTSContext("anchored", 0.5, "p_are_you_sure"))
    with pytest.raises(UsageError, match="did you mean 'thompson'"):
        ScalePipeline(Doubling(), rts_algorithm="tompson", log_dir=tmp_path)


def test_a_classifier_is_read_before_anything_is_asked(tmp_path: Path) -> None:
    one, other = tmp_path / "model.pt", tmp_path / "vectorizer.pkl"
    with pytest.raises(UsageError, match=r"model\.pt: the classifier cannot be read: No such file"):
        ScalePipeline(Doubling(), one, log_dir=tmp_path)
    write(one, embedded())
    write(other, replace(embedded(), about={"kind": "another"}))
    with pytest.raises(UsageError, match="are not of one classifier"):
        ScalePipeline(Doubling(), one, other, log_dir=tmp_path)
    with pytest.raises(UsageError, match="of no use without classifier_model_path"):
        ScalePipeline(Doubling(), None, other, log_dir=tmp_path)
    with pytest.raises(UsageError, match="there is no classifier to save yet"):
        ErrorConfidenceTrainer().save_model(one)
    with pytest.raises(SpecError, match="did you mean 'kind'"):
        ErrorConfidenceTrainer({"knd": "tfidf"})


async def test_a_broken_streamer_is_blamed_with_what_it_raised(tmp_path: Path) -> None:
    class Broken(Doubles):
        def stream_questions(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
            yield {"id": "1", "question": "What is twice 3?"}
            raise OSError("the disk is gone")

    with pytest.raises(UsageError, match="the dataset mine raises OSError"):
        await pipeline(tmp_path).process_dataset("mine", streamer=Broken())


class Picky(ScalePipeline):
    """Raises where the reference is one of these."""

    broken: frozenset[str] = frozenset({"10"})

    def _is_correct(self, answer: str, reference: str) -> bool:
        if reference in self.broken:
            raise KeyError(reference)
        return answer.endswith(reference)


async def test_a_check_that_raises_fails_its_question_and_one_that_always_does_stops_the_run(tmp_path: Path) -> None:
    asked = Picky(Doubling(), log_dir=tmp_path, settings=PLAIN)
    summary = await asked.process_dataset(streamer=Doubles(4, 5, 6))
    (failed,) = summary["failed_questions"]
    assert (failed["question_id"], failed["message"]) == ("n5", "checker _is_correct: raised KeyError('10')")
    model = Doubling()
    asked = Picky(model, log_dir=tmp_path, settings=PLAIN)
    numbers = range(20, 40)
    asked.broken = frozenset(str(2 * n) for n in numbers)
    with pytest.raises(RunStopped, match="at 5 questions in a row: mend it, then go on") as stopped:
        await asked.process_dataset("all", streamer=Doubles(*numbers))
    assert stopped.value.__notes__ == [f"the same call goes on with the run, which is in {asked.folder}"]
    asked.broken = frozenset()
    summary = await asked.process_dataset("all", streamer=Doubles(*numbers))
    assert (summary["pipeline_stats"]["failed"], summary["pipeline_stats"]["traces_processed"]) == (4, 16)
    assert len(model.prompts) == 4 + 2 * 16, "what was answered is not asked again"


def test_what_is_wrong_with_a_pipeline_is_said_as_of_a_spec(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="max_turns: does not fit; expected at least 0"):
        ScalePipeline(Doubling(), max_turns=-1, log_dir=tmp_path)
    with pytest.raises(UsageError, match="budgett: is not a known key"):
        ScalePipeline(Doubling(), log_dir=tmp_path, settings={"budgett": {}})


def test_a_model_of_ours_keeps_its_fields_and_no_key(tmp_path: Path) -> None:
    model = OpenAIProvider("sk-canary", "gpt-4o-mini", temperature=0.5, limits={"concurrency": 3})
    asked = ScalePipeline(model, log_dir=tmp_path, request_delay=0.5)
    (block,) = asked._whole({"source": "mock"}, 5)["models"]
    assert block["limits"] == {"concurrency": 3, "delay_s": 0.5}
    assert block["temperature"] == 0.5
    assert "canary" not in json.dumps(block)


def test_what_has_one_id_is_on_one_side_of_a_split_whatever_its_words(tmp_path: Path) -> None:
    rows = [f"q{n % 40},Is it {n}?,0,Answer: {n},{n % 2}" for n in range(120)]
    (tmp_path / "labels.csv").write_text("\n".join(["question_id,question,turn,answer,right", *rows, ""]))
    trainer = ErrorConfidenceTrainer({"validation": 0.4})
    train, validation = trainer.prepare_data(tmp_path / "labels.csv")
    sides = [{row.id for row in part} for part in (train, validation)]
    assert not sides[0] & sides[1]
    assert len(train) + len(validation) == 120
    metrics = trainer.train(train, validation)
    assert [metrics["train_questions"], metrics["validation_questions"]] == [*map(len, sides)]
    assert min(map(len, sides)) > 5
