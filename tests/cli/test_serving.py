"""`models serve`: what it prints, what it tells of each request, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import FileIO, StringIO
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from loopwright.cli.screen import Screen
from loopwright.cli.serving import Tally
from loopwright.llm.practice import FAULTS, Exchange, Seen

# The fixtures of the neighbouring conftest, by their shape.
Here = Any
Serve = Callable[..., "Served"]

PARROT = (
    'def answer(request):\n    return "you said " + request.messages[-1].content\n\n\ndef shout(request):\n    return "HEY"\n'
)


class Served:
    """The program while it serves."""

    def __init__(self, folder: Path, words: tuple[str, ...]) -> None:
        command = [sys.executable, "-m", "loopwright", "models", "serve", "--port", "0", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.greeting = "".join(iter(_pipe(self.process.stdout).readline, "Only this machine can reach it. Ctrl-C ends it.\n"))
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", self.greeting)
        assert found, _pipe(self.process.stderr).read()
        self.url = found.group()

    def ask(self, content: str, **more: Any) -> tuple[int, Any]:
        body = {"model": "parrot", "messages": [{"role": "user", "content": content}], **more}
        posted = Request(f"{self.url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urlopen(posted, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def end(self, sent: signal.Signals = signal.SIGINT) -> str:
        """What it told on stderr."""
        self.process.send_signal(sent)
        _, told = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        return told


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    (tmp_path / "parrot.py").write_text(PARROT)
    started: list[Served] = []

    def start(*words: str) -> Served:
        started.append(Served(tmp_path, words))
        return started[-1]

    yield start
    for served in started:
        served.process.kill()
        served.process.communicate()


def test_it_says_where_it_is_and_how_to_use_it_and_tells_of_each_request(serve: Serve, tmp_path: Path) -> None:
    served = serve("--model", "scripted:parrot.py", "--log", "log.jsonl", "--rpm", "2", "--tpm", "5000")
    for said in ("parrot: the function answer of parrot.py", "faults   none", "2 requests per minute, 5,000 tokens per minute"):
        assert said in served.greeting
    assert f"      base_url: {served.url}\n" in served.greeting
    assert f'openai.OpenAI(base_url="{served.url}", api_key="none")' in served.greeting

    status, answer = served.ask("hello")
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "you said hello")
    assert served.ask("hello", model="gpt", seed=10**30)[0] == 404
    assert served.ask("hello")[0] == 200
    assert served.ask("hello")[0] == 429
    told = served.end().splitlines()
    assert [line.split()[1] for line in told[:4]] == ["200", "404", "200", "429"]
    assert re.search(r"^\d\d:\d\d:\d\d  200 +1 in +3 out +\d+ ms$", told[0])
    assert "The model `gpt` does not exist" in told[1]
    assert told[-1] == "4 requests (200: 2, 404: 1, 429: 1); 2 tokens in, 6 out; faults: none"

    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(each["status"], each["input_tokens"], each["output_tokens"]) for each in log[:2]] == [(200, 1, 3), (404, 0, 0)]
    assert log[0]["request"]["messages"][0]["content"] == "hello"


@pytest.mark.slow
def test_the_same_faults_come_again_with_the_same_seed(serve: Serve) -> None:
    met = []
    for _ in range(2):
        served = serve("--model", "scripted:parrot.py:shout", "--fault", "500:0.3", "--fault", "context:0.3", "--seed", "5")
        assert "500:0.3, context:0.3 (seed 5)" in served.greeting
        met.append([served.ask(str(number))[0] for number in range(12)])
        assert "fault 500" in served.end(signal.SIGTERM)
    assert met[0] == met[1]
    assert set(met[0]) == {200, 400, 500}


def test_a_list_of_answers_is_given_in_turn_again_and_again_under_any_name(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "two.json").write_text('["one", "two"]')
    served = serve("--model", "scripted:two.json", "--name", "gpt-4o", "--name", "gpt-4o-mini", "--latency", "0.01")
    assert "gpt-4o, gpt-4o-mini: 2 answers of two.json in turn, again and again" in served.greeting
    said = [served.ask("next", model=name)[1] for name in ("gpt-4o", "gpt-4o-mini", "gpt-4o")]
    assert [each["choices"][0]["message"]["content"] for each in said] == ["one", "two", "one"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fault", "429-second:0.5"), "there is no fault '429-second'; did you mean '429-seconds'?"),
        (("--fault", "500:2"), "a rate is a number between 0 and 1, as in 500:0.1"),
        (("--fault", "500:often"), "a rate is a number between 0 and 1"),
        (("--fault", "500:0.7", "--fault", "502:0.7"), "add up to 1.4"),
        (("--model", "scriptd:parrot.py"), "did you mean scripted:FILE?"),
        (("--model", "tiney"), "did you mean tiny?"),
        (("--model", "scripted:nowhere.py"), "the script nowhere.py is not there"),
        (("--model", "scripted:parrot.py:sing"), "'parrot:sing' does not load"),
        (("--model", "scripted:words.txt"), "cannot be read"),
        (("--model", "scripted:none.json"), "neither a Python file nor a JSON list of texts"),
        (("--log", "no/where.jsonl"), "the log no/where.jsonl cannot be written"),
        (("--port", "70000"), "less than or equal to 65535"),
    ],
)
def test_a_mistake_is_told_before_anything_is_served(words: tuple[str, ...], said: str, here: Here) -> None:
    (here.folder / "parrot.py").write_text(PARROT)
    (here.folder / "words.txt").write_text("some words")
    (here.folder / "none.json").write_text("[]")
    ended = here.call("models", "serve", "--model", "scripted:parrot.py", *words)
    assert ended.code == 2
    assert said in ended.err
    assert not ended.out


def test_a_port_that_is_taken_is_told_with_what_to_do(here: Here) -> None:
    (here.folder / "parrot.py").write_text(PARROT)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ended = here.call("models", "serve", "--model", "scripted:parrot.py", "--port", str(port))
    assert (ended.code, ended.out) == (2, "")
    assert f"port {port} of 127.0.0.1 is taken: name another with --port, or 0 for any free one" in ended.err


def test_its_help_lists_every_kind_of_fault(here: Here) -> None:
    listed = here.call("models", "serve", "--help").out.partition("Kinds of faults")[2].partition("Options:")[0]
    assert set(FAULTS) <= set(listed.split())


async def test_what_cannot_be_logged_any_more_is_told_once() -> None:
    errors = StringIO()
    with FileIO("/dev/full", "a") as full:
        tally = Tally(Screen(StringIO(), errors, {}), full)
        for _ in range(2):
            tally.add(exchange(b""))
    assert errors.getvalue().count("cannot be written, and ends here") == 1
    assert "2 requests (200: 2)" in tally.summary()


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"n":\n1}', {"n": 1}),
        (b"\xff{", "\ufffd{"),
        (b"[" * 300 + b"]" * 300, "[" * 300 + "]" * 300),
        (b'{"n": 1' + b"0" * 30 + b"}", {"n": 1e30}),
    ],
)
async def test_whatever_came_in_is_a_line_of_the_log(body: bytes, kept: object, tmp_path: Path) -> None:
    with FileIO(tmp_path / "log.jsonl", "a") as log:
        Tally(Screen(StringIO(), StringIO(), {}), log).add(exchange(body))
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["request"] == kept


def exchange(body: bytes) -> Exchange:
    head = b"POST /v1/chat/completions HTTP/1.1"
    return Exchange(Seen("/v1/chat/completions", head, body), asyncio.get_running_loop().time(), 200)
