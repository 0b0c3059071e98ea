"""Real runs of data generation to report on: scripted writers of different worth, odd texts, a grammar without models."""

from __future__ import annotations

from pathlib import Path

from loopwright.runs.folder import RunFolder
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start

SCRIPT = r"""
import json
from hashlib import blake2b

from loopwright.llm import prompts

ODD = [
    "<script>alert('x')</script> & \"quotes\" \x1b[31m \u202e backwards",
    "</td></tr></table></details><img src=x onerror=alert(1)>",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u8fd9\u662f\u4e00\u4e2a\u5f88\u957f\u7684\u53e5\u5b50" * 40,
    "W" * 900,
    "many\nlines\n\n\tand   gaps",
]


def draw(of, *key):
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), "big") % of


def writer(rate, text):
    def answer(request):
        asked = request.messages[-1].content
        found = prompts.recognise(asked)
        key = (asked, request.seed, rate)
        if found.job == "judge":
            return json.dumps({"reason": "it reads well", "score": 4 + draw(2, key)})
        if draw(25, key, "prose") == 0:
            return "Sure! Here are the rows."
        places = range(int(found.slots.get("count", 1)))
        rows = [{"text": text(*key, at) if draw(100, key, at) < 100 * rate else "short"} for at in places]
        return json.dumps({"rows": rows} if found.job == "write_rows" else rows[0])

    return answer


def plain(*key):
    return " ".join(f"w{draw(900, key, place)}" for place in range(5 + draw(20, key)))


good, poor, never = writer(0.9, plain), writer(0.4, plain), writer(0.0, plain)
odd = writer(1.0, lambda *key: f"{ODD[draw(6, key)]} {draw(10**6, key)}")
"""

ARMS = """\
workflow: datagen
task: {description: Messages., labels: {refund: 0.5, delivery: 0.3, account: 0.2}}
models:
  - {id: good, provider: scripted, script: "desk:good", pricing: {input_per_1k: 0.001, output_per_1k: 0.002}}
  - {id: poor, provider: scripted, script: "desk:poor"}
  - {id: never, provider: scripted, script: "desk:never"}
arms:
  - {id: good, kind: naive, model: good, params: {plan: 0}}
  - {id: poor, kind: naive, model: poor, params: {plan: 0, rows_per_call: 1}}
  - {id: never, kind: naive, model: never, params: {plan: 0}}
policy: {epsilon_greedy: {epsilon: 0.3}}
target: {accepted: 120}
validators:
  length: {field: text, min_words: 3}
  deduplication: {field: text, near: 0.9}
  judge: {model: good, criteria: short, threshold: 0.7, sample: 0.2}
output: {formats: [jsonl]}
"""

ODD = """\
workflow: datagen
task: {description: Odd texts., labels: ["<i>refund</i> & more", "a label that is rather long for a chart to show in full"]}
models: [{id: odd, provider: scripted, script: "desk:odd"}]
arms:
  - {id: "one", kind: naive, params: {rows_per_call: 1, plan: 0}}
  - {id: "five", kind: naive, params: {plan: 0}}
target: {accepted: 40}
validators: {length: {field: text, max_words: 100}}
output: {formats: [jsonl]}
"""

GRAMMAR = """\
workflow: datagen
grammar:
  start: row
  rules:
    row: [{template: '{"text": "a <size> <thing>"}'}]
    size: [small, large, red]
    thing: [lamp, chair, desk, phone, clock]
target: {accepted: 12}
output: {formats: [jsonl]}
"""


class Desk:
    """A folder in which such runs are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "desk.py").write_text(SCRIPT)

    def run(self, name: str, recipe: str, *sets: str) -> RunFolder:
        """However it ended."""
        file = self.folder / f"{name}.yaml"
        file.write_text(recipe)
        return start(Start(file, (f"output.runs={self.folder / 'runs'}", *sets), name), Unwatched()).folder
