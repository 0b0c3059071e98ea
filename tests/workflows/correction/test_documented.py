"""The Python API as its design document shows it: each block runs as it stands there, with the import line changed and the key,
the address and the data filled in. Blocks that only declare something are compared with what is there."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import pickle
import re
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import fields
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from loopwright.learn.error_classifier.fitted import embedded, write
from loopwright.llm.practice import PracticeServer
from loopwright.llm.practice.answers import Asked
from loopwright.runs.correcting.policy import RTSContext
from loopwright.runs.correcting.streaming import DatasetStreamer
from loopwright.workflows import correction
from loopwright.workflows.correction.records import TraceRecord, TurnRecord

BLOCK = re.compile(r"^## (?P<title>[^\n]+)\n\n```python\n(?P<text>.*?)^```$", re.M | re.S)
BLOCKS = {found["title"]: found["text"] for found in BLOCK.finditer(Path(__file__).with_name("documented.md").read_text())}
OURS = "from loopwright.workflows.correction import"
KEY = "sk-canary-71b2"


def block(title: str, filled: Mapping[str, str] | None = None) -> str:
    """The text of a block, in which only the import line is another, and what was left open is filled in."""
    text = BLOCKS[title].replace("from scale_pipeline import", OURS)
    for gap, filling in {'"sk-..."': f'"{KEY}"', '"sk-ant-..."': f'"{KEY}"', **(filled or {})}.items():
        text = text.replace(gap, filling)
    return text


def twice(asked: Asked) -> str:
    """Doubles numbers: every third right at once; words that speak of steps set the others right."""
    found = re.search(r"twice (\d+)", str(asked.messages[0]["content"]))
    number = int(found[1]) if found else 0
    right = number % 3 == 0 or (len(asked.messages) > 1 and "step" in asked.prompt)
    return f"Let me see.\nAnswer: {2 * number if right else 2 * number + 1}"


@pytest.fixture
async def server() -> AsyncIterator[PracticeServer]:
    async with PracticeServer(answer=twice) as practice:
        yield practice


class Desk:
    """A folder with data, in which programs run whose models are those of the practice server."""

    def __init__(self, folder: Path, server: PracticeServer) -> None:
        self.folder = folder
        self._address = server.url
        (folder / "data").mkdir()
        rows = [{"question": f"What is twice {n}?", "answer": f"It is double.\n#### {2 * n}"} for n in range(1, 61)]
        (folder / "data/gsm8k.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        lines = [f"n{n},What is twice {n}?,{2 * n}" for n in range(1, 31)]
        (folder / "models").mkdir()
        for name in ("error_confidence_model.pt", "vectorizer.pkl"):
            write(folder / "models" / name, embedded())
        (folder / "data/large_dataset.csv").write_text("\n".join(["id,question,reference_answer", *lines, ""]))

    async def run(self, *parts: str) -> str:
        """What the program printed that these parts make."""
        (self.folder / "program.py").write_text("\n".join(parts))
        addresses = {"OPENAI_BASE_URL": self._address, "ANTHROPIC_BASE_URL": self._address.removesuffix("/v1")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "program.py"),
            cwd=self.folder,
            env={**os.environ, **addresses},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    def place(self, name: str) -> Path:
        (found,) = (self.folder / "pipeline_logs").glob(f"{name}-*/")
        return found


@pytest.fixture
def desk(tmp_path: Path, server: PracticeServer) -> Desk:
    return Desk(tmp_path, server)


@pytest.mark.slow
@pytest.mark.parametrize("service", ["OpenAI", "Anthropic"])
async def test_the_pipeline_of_the_document_runs(service: str, desk: Desk, server: PracticeServer) -> None:
    setup = block(f"{service} Setup")
    printed = await desk.run(setup, f"{OURS} ScalePipeline", CONFIGURED, block("4. Running the Pipeline"))
    assert re.fullmatch(r"Processed 60 traces\nAverage reward: -?\d\.\d{3}\n", printed)
    place = desk.place("gsm8k")
    assert (place / "run.sqlite").is_file()
    assert f'classifier:\n  path: "{desk.folder}/models/error_confidence_model.pt"' in (place / "spec.yaml").read_text()
    (file,) = place.glob("traces_*.jsonl")
    assert len(file.read_text().splitlines()) == 60
    assert len(list(place.glob("summary_*.json"))) == 1
    assert (place / "final_policy.json").is_file()
    headers = [request.headers for request in server.requests]
    assert any(KEY in str(each) for each in headers), "the key was sent"
    held = [each for each in desk.folder.rglob("*") if each.is_file() and each.name != "program.py"]
    assert not [each for each in held if KEY.encode() in each.read_bytes()], "and is kept nowhere"


CONFIGURED = block("3. Pipeline Configuration")


@pytest.mark.slow
async def test_a_classifier_is_trained_saved_and_used(desk: Desk) -> None:
    rows = []
    for n in range(1, 61):
        first, second = (f"{n} + {n} = {2 * n + n % 2}.\\nAnswer: {2 * n + n % 2}", f"{n} + {n} = {2 * n}. Answer: {2 * n}")
        rows += [f'q{n},What is twice {n}?,0,"{first}",{1 - n % 2}', f'q{n},What is twice {n}?,1,"{second}",1']
    (desk.folder / "training_data.csv").write_text("\n".join(["question_id,question,turn,answer,right", *rows, ""]))
    training = block("Classifier Loading Issues", {'"model.pt"': '"models/error_confidence_model.pt"'})
    training = training.replace('"vectorizer.pkl"', '"models/vectorizer.pkl"')
    tell = "import json\nprint(json.dumps(metrics))"
    printed = await desk.run(f"{OURS} ErrorConfidenceTrainer\nconfig = {{'validation': 0.3}}", training, tell)
    metrics = json.loads(printed)
    assert metrics["train_questions"] + metrics["validation_questions"] == 60
    assert 8 < metrics["validation_questions"] < 30
    assert metrics["all"]["answers"] == 2 * metrics["validation_questions"]
    assert 0.5 < metrics["all"]["auroc"] <= 1.0
    assert json.loads((desk.folder / "models/vectorizer.pkl").read_text())["about"]["questions"] == metrics["train_questions"]
    await desk.run(block("OpenAI Setup"), CONFIGURED, block("4. Running the Pipeline").replace("limit=1000", "limit=5"))
    (desk.folder / "models/vectorizer.pkl").write_bytes(pickle.dumps({"vocabulary": 1}))
    with pytest.raises(AssertionError, match="is a pickle, which can run code when it is read"):
        await desk.run(block("OpenAI Setup"), CONFIGURED)


@pytest.mark.slow
async def test_small_batches_and_delays(desk: Desk) -> None:
    given = block("API Rate Limits", {"    ...,\n": "    OpenAIProvider('sk', 'gpt-4'),\n", "=1.0": "=0.001"})
    working = f"import asyncio\nasync def main():\n{indent(block('Memory Issues'), '    ')}\nasyncio.run(main())\n"
    await desk.run(f"{OURS} OpenAIProvider, ScalePipeline", given, working)
    spec = (desk.place("large_dataset") / "spec.yaml").read_text()
    assert "delay_s: 0.001" in spec
    assert "window: 10" in spec
    assert "limit: 10000" in spec


@pytest.mark.slow
async def test_a_dataset_of_ones_own(desk: Desk) -> None:
    data = "your_data = [{'custom_id': n, 'custom_question': f'What is twice {n}?', 'custom_answer': 2 * n} for n in (3, 4)]"
    usage = "import asyncio\nsummary = asyncio.run(pipeline.process_dataset('doubles', streamer=custom_streamer))"
    pandas = {"import pandas as pd\n": ""}  # the block makes no use of it, and it is not installed here
    tell = "print(summary['pipeline_stats']['traces_processed'], summary['outcome']['first_accuracy']['mean'])"
    pipeline = f"{OURS} OpenAIProvider, ScalePipeline\npipeline = ScalePipeline(OpenAIProvider('sk', 'gpt-4'))"
    printed = await desk.run(data, block("Custom Dataset Integration", pandas), pipeline, usage, tell)
    assert printed == "2 0.5\n"
    (file,) = desk.place("doubles").glob("traces_*.jsonl")
    assert [json.loads(line)["question_id"] for line in file.read_text().splitlines()] == ["3", "4"]


@pytest.mark.slow
async def test_an_evaluation_of_ones_own(desk: Desk) -> None:
    methods = """
    def _math_evaluation(self, answer, reference):
        return answer.endswith("1")
"""
    use = """
import asyncio
pipeline = ScalePipelineExtended(OpenAIProvider("sk", "gpt-4"))
for name, path in (("math", "data/large_dataset.csv"), ("other", "data/large_dataset.csv")):
    summary = asyncio.run(pipeline.process_dataset(name, path=path))
    print(name, round(summary["outcome"]["first_accuracy"]["mean"] * 30))
"""
    extended = block("Custom Evaluation Metrics").rstrip("\n")
    printed = await desk.run(f"{OURS} OpenAIProvider, ScalePipeline", extended, methods, use)
    assert printed == "math 4\nother 10\n", "11, 21, 41, 51 end in 1; every third of 30 is right"


def declared(title: str) -> dict[str, list[tuple[str, Any]]]:
    """The parameters of the functions that a block declares, with their defaults; some have a comment for a body."""
    found = re.findall(r"def (\w+)\(([^)]*)\)", BLOCKS[title])
    made: dict[str, Any] = {}
    for name, parameters in found:
        bare = re.sub(r": [\w\[\]]+", "", parameters)
        exec(f"def {name}({bare}): pass", made)
    return {name: taken(made[name]) for name, _ in found}


def taken(function: Any) -> list[tuple[str, Any]]:
    return [(each.name, each.default) for each in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Abstract Interface", "LLMProvider"),
        ("OpenAI Provider", "OpenAIProvider"),
        ("Anthropic Provider", "AnthropicProvider"),
        ("3. Dataset Streaming", "DatasetStreamer"),
    ],
)
def test_what_the_document_declares_is_there(title: str, name: str) -> None:
    for function, parameters in declared(title).items():
        ours = taken(getattr(getattr(correction, name), function))
        assert ours[: len(parameters)] == parameters
        assert all(default is not inspect.Parameter.empty for _, default in ours[len(parameters) :] if _ != "fields")


def test_a_pipeline_has_the_two_verbs_of_the_document() -> None:
    (_, *dataset) = taken(correction.ScalePipeline.process_dataset)
    wanted = declared("Core Processing Loop")["process_dataset"]
    assert [name for name, _ in dataset[:2]] == [name for name, _ in wanted]
    (_, *trace) = taken(correction.ScalePipeline.generate_trace)
    assert [name for name, _ in trace] == [name for name, _ in declared("Multi-Turn Trace Generation")["generate_trace"]]


@pytest.mark.parametrize(
    ("title", "record"),
    [("TurnRecord (Proposal Schema Compliant)", TurnRecord), ("TraceRecord (Complete Multi-Pass Trace)", TraceRecord)],
)
def test_records_have_the_fields_of_the_document_in_its_order(title: str, record: Any) -> None:
    assert [each.name for each in fields(record)] == re.findall(r"^    (\w+):", BLOCKS[title], re.M)


def test_the_testing_provider_says_the_same_again() -> None:
    model = correction.SentenceTransformerLLM()
    first, second = (asyncio.run(model.generate("What is 17 + 68?")) for _ in range(2))
    assert first == second
    assert first[0]


def test_the_policy_is_asked_and_taught_as_in_the_document(tmp_path: Path) -> None:
    pipeline = correction.ScalePipeline(correction.SentenceTransformerLLM(), log_dir=tmp_path)
    context = RTSContext("anchored", 0.2, "none", 0)
    action = pipeline.policy.select_prompt(context)
    assert action.reprompt is (action.prompt_id is not None)
    while not action.reprompt:
        action = pipeline.policy.select_prompt(context)
    assert pipeline.policy.update_policy(context, action, 1, 50) == pytest.approx(1 - 0.001 * 50)
    known = pipeline.policy.state
    assert known.trials == 1
    assert action.prompt_id in str(known.memory)


async def test_the_names_are_those_of_the_issue_and_streamers_stream(tmp_path: Path) -> None:
    for name in correction.API:
        assert getattr(correction, name).__name__ == name
    questions = list(DatasetStreamer("mock").stream_questions(limit=3))
    assert [list(each) for each in questions] == [["id", "question", "reference_answer"]] * 3
    assert DatasetStreamer("mock")._is_correct("Answer: 1,018", "1018")
    with pytest.raises(AttributeError, match="no attribute 'Pipeline'"):
        _ = correction.Pipeline
