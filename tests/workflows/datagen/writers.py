"""Scripted models for the effects of generators. Each answers all prompts by one rule of its own, whichever arm asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b

from loopwright.llm import prompts
from loopwright.llm.messages import Request

_TEXT = """
amber birch cedar dune ember fjord grove heath iris jade knoll lagoon maple north ocean prairie quartz river sand tide umber
valley willow yarrow zephyr acorn brook cliff delta elm fern glade
"""
WORDS = _TEXT.split()

Rows = Callable[[Mapping[str, str], int], list[str]]


def _draw(*about: object) -> list[int]:
    return list(blake2b(repr(about).encode(), digest_size=32).digest())


def sentence(count: int, *about: object) -> str:
    return " ".join(WORDS[byte % len(WORDS)] for byte in _draw(*about)[:count])


def answer(request: Request, texts: Rows) -> str:
    """As JSON, rows with these texts; a plan where one is asked for."""
    found = prompts.recognise(request.messages[-1].content)
    if found is None:
        return '{"ok": true}'
    if found.job == "plan":
        return json.dumps({name: ["one", "two"] for name in ("facets", "personas", "tones", "formats")})
    rows = [{"text": text} for text in texts(found.slots, int(found.slots.get("count", 1)))]
    return json.dumps(rows[0] if found.job == "write_row" else {"rows": rows})


def imitator(request: Request) -> str:
    """Writes as what it is shown; its own way, where it is shown nothing, is a long sentence with a stop."""

    def texts(slots: Mapping[str, str], count: int) -> list[str]:
        shown = [json.loads(line)["text"] for line in slots.get("examples", "").splitlines()]
        manner = prompts.read_facts(slots.get("facts", "")).get("in the manner of")
        shown += [manner] if manner else []
        return [_like(shown, request.seed, place) for place in range(count)]

    return answer(request, texts)


def _like(shown: list[str], *about: object) -> str:
    if not shown:
        return sentence(16, *about).capitalize() + "."
    model = shown[_draw(*about)[-1] % len(shown)]
    said = sentence(len(model.split()), *about)
    return (said.capitalize() if model[0].isupper() else said) + ("" if model[-1].isalpha() else model[-1])
