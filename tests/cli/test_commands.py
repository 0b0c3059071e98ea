"""Each command, as a user or a script calls it: what it prints where, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import environment

from loopwright.store.writer import RunStore

# The fixtures of the neighbouring conftest, by their shape.
Here = Any

QUICK = "items: 12\nwindow: 4\nseed: 7\npolicy: {epsilon_greedy: {epsilon: 0.2}}\n"
SLOW = "items: 200\nwindow: 4\nsleep_s: 0.05\n"
STUCK = "items: 8\nwindow: 4\nsleep_s: 600\n"
PAID = """\
items: 30
window: 4
models:
  - {id: writer, provider: scripted, script: "answers:say", max_output_tokens: 20, pricing: {input_per_1k: 1, output_per_1k: 1}}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A folder with one finished run, `toy`, for the tests that only look at it."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "toy.yaml").write_text(f"workflow: toy\nfail_every: 5\n{QUICK}")
    yield folder


@pytest.fixture
def finished(done: Path, here: Here) -> Here:
    here.folder = done
    if not (done / "runs").exists():
        assert here.call("run", "toy.yaml", "--quiet").code == 1
    return here


def test_help_tells_a_new_user_what_there_is(here: Here) -> None:
    shown = here.call("--help")
    assert shown.code == 0
    for word in ("quickstart", "run", "check", "schema", "runs", "policy", "models", "Exit codes", "75", "130", "NO_COLOR"):
        assert word in shown.out


def test_every_command_explains_itself_with_an_example(here: Here) -> None:
    listed = here.call("runs", "show", "--help").out
    assert "loopwright runs show my-run --samples" in listed
    assert here.call("runs").code == 2


def test_help_loads_nothing_that_takes_time(here: Here) -> None:
    code = (
        "import sys; from loopwright.cli import main; sys.argv = ['loopwright', '--help']\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {module.partition(".")[0] for module in done.stderr.split()}
    assert "typer" in loaded
    assert not loaded & {"pydantic", "ruamel", "rich", "orjson", "sqlite3", "asyncio", "aiohttp", "numpy"}


def test_the_version(here: Here) -> None:
    assert here.call("--version").out.startswith("loopwright 0.")


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_it(here: Here, shell: str) -> None:
    script = here.run(_LOOPWRIGHT_COMPLETE=f"source_{shell}").out
    assert "loopwright" in script
    asked = here.run(
        _LOOPWRIGHT_COMPLETE=f"complete_{shell}",
        COMP_WORDS="loopwright ru",
        COMP_CWORD="1",
        _TYPER_COMPLETE_ARGS="loopwright ru",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert "runs" in asked.out


@pytest.mark.slow
def test_a_run_ends_with_its_result_on_stdout_and_all_else_on_stderr(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    ended = here.run("run", "toy.yaml")
    assert ended.code == 0
    assert ended.out.startswith("done: all items are settled\ntrials   12, 0 failed\n")
    assert ended.err.startswith("run ")
    assert "\x1b" not in ended.out + ended.err


def test_quiet_prints_the_result_alone(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    ended = here.call("run", "toy.yaml", "--quiet")
    assert ended.err == ""
    assert ended.out.startswith("done")


def test_json_is_one_object_per_line_and_the_last_is_the_end(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    ended = here.call("run", "toy.yaml", "--json")
    end = ended.lines[-1]
    assert end["event"] == "end"
    assert (end["status"], end["exit_code"], end["trials"], end["resume"]) == ("done", 0, 12, None)
    assert set(end["arms"]) == {"narrow", "wide"}


def test_the_same_spec_goes_on_with_its_run_and_fresh_starts_another(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    here.call("run", "toy.yaml", "--quiet")
    again = here.call("run", "toy.yaml", "--json")
    fresh = here.call("run", "toy.yaml", "--json", "--fresh")
    runs = here.call("runs", "list", "--json").lines
    assert again.lines[-1]["run"] != fresh.lines[-1]["run"]
    assert [run["run"] for run in runs] == [fresh.lines[-1]["run"], again.lines[-1]["run"]]


@pytest.mark.slow
def test_failed_trials_exit_1(finished: Here) -> None:
    assert finished.run("run", "toy.yaml").code == 1


def test_a_missed_gate_exits_4(here: Here) -> None:
    here.spec("toy.yaml", f"{QUICK}gate: 500\n")
    ended = here.run("run", "toy.yaml")
    assert ended.code == 4
    assert "missed: " in ended.out


@pytest.mark.slow
def test_all_mistakes_of_a_spec_are_shown_with_exit_2(here: Here) -> None:
    here.spec("bad.yaml", "itms: 3\nseed: x\n")
    for command in ("run", "check"):
        ended = here.run(command, "bad.yaml")
        assert ended.code == 2
        assert ended.out == ""
        assert ended.err.startswith("error: 2 problems in the spec\n  bad.yaml:2: itms: ")
        assert "did you mean 'items'?" in ended.err


def test_check_says_in_one_line_what_a_run_would_be(here: Here) -> None:
    here.spec("toy.yaml", "items: 20\nwindow: 10\npolicy: thompson\n")
    ended = here.call("check", "toy.yaml")
    assert ended.code == 0
    assert ended.out.count("\n") == 1
    assert "workflow toy" in ended.out
    assert "20 trials expected" in ended.out
    assert ended.err.startswith("warning: window 10 exceeds a tenth")
    assert not (here.folder / "runs").exists()


def test_check_as_json(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    here.spec("bad.yaml", "itms: 3\n")
    (good,) = here.call("check", "toy.yaml", "--json").lines
    assert (good["ok"], good["workflow"], good["expected_trials"]) == (True, "toy", 12)
    bad = here.call("check", "bad.yaml", "--json")
    assert bad.code == 2
    assert bad.lines[0]["problems"][0] | {"message": ""} == {
        "path": "itms",
        "line": 2,
        "message": "",
        "expected": None,
        "nearest": "items",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "Missing argument"),
        (["run", "toy.yaml", "--nmae", "x"], "No such option"),
        (["run", "toy.yaml", "--set", "seed"], "path=value"),
        (["run", "toy.yaml", "--executor", "ray"], "not part of this version"),
        (["run", "none.yaml"], "cannot be read"),
        (["schema", "tyo"], "did you mean 'toy'?"),
        (["runs", "show", "none"], "no run 'none'"),
        (["runs", "show", "none", "--trials", "--calls"], "one part at a time"),
    ],
)
def test_what_was_mistyped_is_said_and_exits_2(here: Here, words: list[str], said: str) -> None:
    here.spec("toy.yaml", QUICK)
    ended = here.call(*words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_the_schema_is_json(here: Here) -> None:
    assert "items" in json.loads(here.call("schema", "toy").out)["properties"]


@pytest.mark.slow
def test_a_reached_budget_exits_3_and_prints_the_command_that_raises_it(here: Here) -> None:
    here.spec("paid.yaml", PAID)
    (here.folder / "answers.py").write_text("def say(request): return 'word'\n")
    ended = here.run("run", "paid.yaml", "--set", "budget.calls=10")
    assert ended.code == 3
    assert ended.out.startswith("budget: budget.calls is reached")
    command = ended.err.splitlines()[-1].strip()
    assert command.endswith("--set budget.calls=20")
    words = command.split()[1:]
    assert here.run(*words[:-1], "budget.calls=1000").code == 0
    (run,) = here.run("runs", "list", "--json").lines
    assert (run["status"], run["trials"]) == ("done", 30)
    assert run["nano_usd"] > 0


@pytest.mark.parametrize(
    ("cap", "higher"),
    [
        ('models["gpt-4.1"].budget.calls=10', 'models["gpt-4.1"].budget.calls=20'),
        ("budget.calls=0", "budget.calls=10"),
        ("budget.tokens=0", "budget.tokens=10000"),
        ("budget.usd=0", "budget.usd=1"),
    ],
)
def test_the_command_that_is_printed_goes_on_with_the_run(here: Here, cap: str, higher: str) -> None:
    here.spec("paid.yaml", PAID.replace("id: writer", "id: gpt-4.1").replace("items: 30", "items: 12"))
    (here.folder / "answers.py").write_text("def say(request): return 'word'\n")
    ended = here.call("run", "paid.yaml", "--set", cap, "--json").lines[-1]
    assert ended["exit_code"] == 3
    words = shlex.split(ended["resume"])
    assert words[-1] == higher
    assert here.call(*words[1:], "--json").lines[-1]["trials"] > ended["trials"]


@pytest.mark.parametrize("caps", [("budget.calls=10", "budget.calls=2"), ("budget.usd=0.0001",)])
def test_a_cap_is_raised_above_what_is_spent_and_what_a_call_may_take(here: Here, caps: tuple[str, ...]) -> None:
    here.spec("paid.yaml", PAID)
    (here.folder / "answers.py").write_text("def say(request): return 'word'\n")
    for cap in caps:
        ended = here.call("run", "paid.yaml", "--set", cap, "--json").lines[-1]
    words = shlex.split(ended["resume"])
    assert ended["exit_code"] == 3 and "1 calls" not in ended["reason"]
    assert here.call(*words[1:], "--json").lines[-1]["trials"] > ended["trials"]


def test_show_names_the_first_stages_and_counts_the_rest(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    here.call("run", "toy.yaml", "--quiet")
    (folder,) = (here.folder / "runs").iterdir()
    asyncio.run(staged(folder / "run.sqlite", 300))
    shown = here.call("runs", "show", "toy")
    stages = next(line for line in shown.out.splitlines() if line.startswith("stages"))
    assert len(stages) < 200 and stages.endswith("stage 8 and 291 more")
    (whole,) = here.call("runs", "show", "toy", "--json").lines
    assert (len(whole["stages"]), whole["stage_count"]) == (10, 301)


async def staged(path: Path, count: int) -> None:
    async with RunStore.open(path) as store:
        await asyncio.gather(*(store.keep_stage(f"{n:03}", f"stage {n}", None) for n in range(count)))


@pytest.mark.slow
def test_a_crash_says_what_to_do_and_shows_where_only_when_asked(here: Here) -> None:
    here.spec("toy.yaml", f"{QUICK}crash_at: 3\n")
    ended = here.run("run", "toy.yaml")
    assert ended.code == 1
    assert "crashed: RuntimeError at trial.py:" in ended.out
    assert "Traceback" not in ended.err
    assert "LOOPWRIGHT_DEBUG=1" in ended.err
    assert "loopwright runs resume " in ended.err
    assert "Traceback" in here.run("run", "toy.yaml", LOOPWRIGHT_DEBUG="1").err


def test_models_are_tested_one_by_one(here: Here) -> None:
    down = '  - {id: down, provider: openai, base_url: "http://127.0.0.1:9/v1", limits: {retries: 0}}\n'
    here.spec("paid.yaml", PAID + down)
    (here.folder / "answers.py").write_text("def say(request): return 'word'\n")
    ended = here.call("models", "test", "paid.yaml", "--json")
    assert ended.code == 1
    assert [(report["model"], report["ok"]) for report in ended.lines] == [("writer", True), ("down", False)]
    assert "base_url" in ended.lines[1]["diagnosis"]


@pytest.mark.slow
def test_an_interrupted_run_exits_130_and_prints_how_to_go_on(here: Here) -> None:
    here.spec("toy.yaml", SLOW)
    with here.begun("toy.yaml") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    end = json.loads(out.splitlines()[-1])
    assert end["status"] == "interrupted"
    assert 0 < end["trials"] < 200
    assert "stopping: " in err
    assert end["resume"] in err
    resumed = here.call(*end["resume"].split()[1:], "--json").lines[-1]
    assert (resumed["status"], resumed["trials"]) == ("done", 200)


@pytest.mark.slow
def test_a_second_interrupt_stops_at_once(here: Here) -> None:
    here.spec("toy.yaml", STUCK)
    with here.begun("toy.yaml") as process:
        process.send_signal(signal.SIGINT)
        while "stopping" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "loopwright runs resume " in err


INTERRUPTED = """
import signal, sys
from loopwright.cli import main
from loopwright.workflows.datagen import outputs

outputs.write = lambda ended: signal.raise_signal(signal.SIGINT)
main(sys.argv[1:])
"""
"""The program, but that Ctrl-C comes when it writes its files."""


def interrupted(folder: Path, *words: str) -> str:
    command = [sys.executable, "-c", INTERRUPTED, *words]
    ended = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 130
    before, again = ended.stderr.splitlines()[-2:]
    assert before == "To go on from here:"
    return again.strip()


@pytest.mark.slow
def test_an_interrupt_while_files_are_written_prints_how_to_go_on(here: Here) -> None:
    rules = '{start: row, rules: {row: [\'{"text": "<word>"}\'], word: [one, two]}}'
    (here.folder / "recipe.yaml").write_text(f"workflow: datagen\ngrammar: {rules}\ntarget: {{accepted: 2}}\n")
    command = interrupted(here.folder, "run", "recipe.yaml")
    assert here.call(*shlex.split(command)[1:], "--quiet").code == 0
    assert len(list(here.folder.glob("runs/*/dataset.jsonl"))) == 1
    assert interrupted(here.folder, "quickstart", "first") == "loopwright quickstart first"


@pytest.mark.slow
def test_a_run_at_work_is_left_alone_and_one_that_was_killed_says_so(here: Here) -> None:
    here.spec("toy.yaml", STUCK)
    with here.begun("toy.yaml") as process:
        second = here.run("run", "toy.yaml")
        assert (second.code, second.out) == (75, "")
        assert "is held by process" in second.err
        assert here.run("runs", "delete", "toy", "--yes").code == 75
        assert here.run("runs", "list", "--json").lines[0]["status"] == "running"
        process.kill()
        process.wait()
    assert here.run("runs", "list", "--json").lines[0]["status"] == "killed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["runs", "show", "toy", "--samples", "--json"], 0),
        (["runs", "export", "toy", "--what", "verdicts"], 0),
        (["run", "toy.yaml", "--json"], 1),
    ],
)
def test_a_reader_that_leaves_is_no_mistake(finished: Here, words: list[str], code: int) -> None:
    """Stdout is a pipe that nobody reads: the command ends as it would have."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "loopwright", *words],
        cwd=finished.folder,
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert done.returncode == code
    assert b"Broken" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_show_tells_the_whole(finished: Here) -> None:
    shown = finished.call("runs", "show", "toy").out
    for said in (
        "status    done",
        "trials    12, 3 failed",
        "validator",
        "BoundaryError       3  toy: this trial was made to fail",
    ):
        assert said in shown


@pytest.mark.parametrize(("part", "rows"), [("trials", 2), ("samples", 2), ("calls", 0), ("events", 2), ("failures", 1)])
def test_show_lists_the_parts(finished: Here, part: str, rows: int) -> None:
    text = finished.call("runs", "show", "toy", f"--{part}", "--limit", "2")
    assert len(text.out.splitlines()) == (rows + 1 if rows else 0)
    assert len(finished.call("runs", "show", "toy", f"--{part}", "--limit", "2", "--json").lines) == rows


def test_show_tells_where_a_sample_comes_from(finished: Here) -> None:
    shown = finished.call("runs", "trace", "toy", "1.0").out
    for said in ("row 1.0", "decision  ", "reward    ", "verdict   even: "):
        assert said in shown
    assert finished.call("runs", "trace", "toy", "1.0", "--json").lines[0]["origins"][0]["sample"]["index"] == 0
    missing = finished.call("runs", "trace", "toy", "1.x")
    assert missing.code == 2
    assert "TRIAL.INDEX" in missing.err


def test_policy_show_counts_per_context_and_arm(finished: Here) -> None:
    shown = finished.call("policy", "show", "toy", "--last", "3")
    assert "step=0, crowded=false" in shown.out
    assert "one of" in shown.out or "best mean" in shown.out
    (learned,) = finished.call("policy", "show", "toy", "--json").lines
    decisions = {(json.dumps(row["context"]), row["arm"]): (row["decisions"], row["rewards"]) for row in learned["arms"]}
    assert sum(pulls for pulls, _ in decisions.values()) == 12 + 9
    assert sum(rewards for _, rewards in decisions.values()) == 9 + 9 - 3
    assert len(learned["decisions"]) == 5


def test_export_goes_to_stdout_or_to_a_file(finished: Here) -> None:
    rows = finished.call("runs", "export", "toy", "--accepted").lines
    assert rows
    assert all(row["accepted"] for row in rows)
    sheet = finished.call("runs", "export", "toy", "--what", "trials", "--format", "csv").out
    assert sheet.startswith("number,item,")
    written = finished.call("runs", "export", "toy", "-o", "samples.parquet", "--format", "parquet")
    assert (written.code, written.out) == (0, "")
    assert (finished.folder / "samples.parquet").read_bytes().startswith(b"PAR1")
    assert finished.call("runs", "export", "toy", "--what", "calls", "--accepted").code == 2


def test_diff_is_0_for_the_same_results_and_1_for_others(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    for words in (["--name", "a"], ["--name", "b"], ["--name", "c", "--set", "seed=8"]):
        here.call("run", "toy.yaml", "--quiet", *words)
    same, other = here.call("runs", "diff", "a", "b"), here.call("runs", "diff", "a", "c", "--json")
    assert (same.code, other.code) == (0, 1)
    assert same.out.endswith("the same results\n")
    assert not other.lines[0]["same"]
    assert next(table for table in other.lines[0]["tables"] if table["table"] == "sample")["rows"] == 24


def test_delete_asks_and_leaves_what_is_not_the_runs(here: Here) -> None:
    here.spec("toy.yaml", QUICK)
    here.call("run", "toy.yaml", "--quiet")
    (folder,) = (here.folder / "runs").iterdir()
    (folder / "notes.txt").write_text("mine")
    unasked = here.call("runs", "delete", "toy")
    assert unasked.code == 2
    assert "--yes" in unasked.err
    deleted = here.call("runs", "delete", "toy", "--yes")
    assert deleted.code == 0
    assert "notes.txt" in deleted.err
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
    assert here.call("runs", "list").out == ""


def test_what_cannot_be_read_hides_no_other_run(finished: Here) -> None:
    broken = finished.folder / "runs/broken"
    broken.mkdir()
    (broken / "run.sqlite").write_bytes(b"not a database, but long enough to look at" * 100)
    try:
        runs = finished.call("runs", "list", "--json")
        assert runs.code == 0
        assert {run["status"] for run in runs.lines} == {"done", "unreadable"}
        assert finished.call("runs", "show", "broken").code == 1
    finally:
        (broken / "run.sqlite").unlink()
        broken.rmdir()
