"""Scripted models for the effects of generators. Each answers all prompts by one rule of its own, whichever arm asks."""

from __future__ import annotations

import asyncio
import json
import re
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


FACTS = {f"{name} mill": f"The {name} mill was opened in {1800 + 7 * at}." for at, name in enumerate(WORDS[:9])}
"""Planted: what each passage of a folder holds, and nothing else does."""


def answer(request: Request, texts: Rows) -> str:
    """As JSON, rows with these texts; a plan where one is asked for."""
    found = prompts.recognise(request.messages[-1].content)
    if found is None:
        return '{"ok": true}'
    if found.job == "plan":
        return json.dumps({name: ["one", "two"] for name in ("facets", "personas", "tones", "formats")})
    rows = [{"text": text} for text in texts(found.slots, int(found.slots.get("count", 1)))]
    return json.dumps(rows[0] if "row" in found.slots or found.job == "write_row" else {"rows": rows})


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


def gardener(request: Request) -> str:
    """Of three rows that it is to evolve it leaves one nearly as it is."""

    def texts(slots: Mapping[str, str], count: int) -> list[str]:
        old = json.loads(slots["row"])["text"] if "row" in slots else ""
        if old and _draw(request.seed)[0] % 3 == 0:
            return [f"{old} now"]
        return [sentence(10, request.seed, place, slots.get("instruction")) for place in range(count)]

    return answer(request, texts)


def rambler(request: Request) -> str:
    """Every other row is far too long. Told so, it mostly finds the end in time, of five rows it drops one."""

    def texts(slots: Mapping[str, str], count: int) -> list[str]:
        if "reason" not in slots:
            return [sentence(8 if _draw(request.seed, at)[0] % 2 else 20, request.seed, at) for at in range(count)]
        said = json.loads(slots["row"])["text"].split()
        most = int(slots["reason"].rpartition("at most ")[2]) if _draw(request.seed)[0] % 5 else len(said)
        return [" ".join(said[:most])]

    return answer(request, texts)


def gossip(request: Request) -> str:
    """It has heard all planted facts. Of three rows it draws one from the passage that it cites, tells another of what it was
    not shown, and makes up the evidence of the third. As a checker it compares the years."""
    found = prompts.recognise(request.messages[-1].content)
    if found is None or found.job not in ("write_grounded", "answerable"):
        return answer(request, lambda slots, count: list(FACTS.values())[:count])
    if found.job == "answerable":
        known, told = (set(re.findall(r"\d{4}", found.slots[slot])) for slot in ("passage", "item"))
        return json.dumps({"reason": f"years told: {sorted(told)}, known: {sorted(known)}", "answerable": told <= known})
    shown = re.findall(r"^\[(.*)\]\n(?:.+\n)*(.+)$", found.slots["passages"], re.M)
    rows = [_gossip(shown, request.seed, place) for place in range(int(found.slots["count"]))]
    return json.dumps({"rows": rows})


def _gossip(shown: list[tuple[str, str]], *about: object) -> dict[str, str]:
    way, which, other, *_ = _draw(*about)
    id, text = shown[which % len(shown)]
    told = text if way % 3 == 0 else list(FACTS.values())[other % len(FACTS)]
    return {"text": f"{sentence(3, *about)}: {told}", "passage": id, "evidence": told if way % 3 == 2 else text}


async def jack(request: Request) -> str:
    """Of all trades: it answers every prompt, some badly, after a while that differs from one to the next."""
    await asyncio.sleep(_draw(request.seed)[3] / 10_000)
    found = prompts.recognise(request.messages[-1].content)
    if found is None:
        return '{"ok": true}'
    if found.job in ("write_grounded", "answerable"):
        return gossip(request)
    if found.job == "fill_slot":
        return sentence(5, request.seed)
    if found.job == "evolve_row":
        return gardener(request)
    if found.job != "write_verbalized":
        return rambler(request)
    rows = [{"text": sentence(9, request.seed, at), "probability": at / 99} for at in range(int(found.slots["count"]))]
    return json.dumps({"rows": rows})


REAL = {"mills": "wheel grain flour sack", "bridges": "arch stone span toll", "ferries": "raft rope landing oar"}
"""What real texts of each label speak of."""


def real(label: str, *about: object) -> str:
    said, filled = REAL[label].split(), sentence(6, *about).split()
    return " ".join([said[_draw(*about)[0] % 4], *filled[:3], said[_draw(*about)[1] % 4], *filled[3:]])


def townie(request: Request) -> str:
    """Asked for ferries, it writes of bridges, as it has never seen a ferry; but it repeats half of what it is shown."""

    def texts(slots: Mapping[str, str], count: int) -> list[str]:
        label = prompts.read_facts(slots["facts"])["label"]
        shown = [json.loads(line)["text"].split() for line in slots.get("examples", "").splitlines()]
        if not shown:
            return [real("bridges" if label == "ferries" else label, request.seed, at) for at in range(count)]
        return [" ".join([*shown[at % len(shown)][::2], sentence(4, request.seed, at)]) for at in range(count)]

    return answer(request, texts)
