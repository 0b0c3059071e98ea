"""Examples for the small writer: rows, plans of rows, and pieces for slots."""

from __future__ import annotations

import json
from random import Random
from typing import NamedTuple

from loopwright.llm.prompts import facts
from loopwright.llm.tiny.form import FILLERS, INTENTS, LENGTHS, PERSONAS, TONES
from training.tiny.desk import Wish, any_wish, facets, utter
from training.tiny.desk_phrases import LISTS, OPENERS, ORDER
from training.tiny.draw import expand
from training.tiny.judging import other_intent, spelled

SLIP = 0.02
TEXT_KEYS = ("text", "text", "message", "utterance", "sentence", "query", "question", "body", "content", "input")
LABEL_KEYS = ("label", "label", "intent", "category", "class", "topic", "output")
FORMATS = ("one short sentence", "a question", "two sentences", "a long message", "a few words", "with an order number")


class Written(NamedTuple):
    job: str
    slots: dict[str, str]
    answer: str
    wish: Wish


def row(random: Random) -> Written:
    return _rows(random, 1)


def rows(random: Random) -> Written:
    return _rows(random, random.randint(2, 5))


def _rows(random: Random, count: int) -> Written:
    wish = any_wish(random)
    if count > 2 and wish.words and wish.words[1] > 18:
        wish = Wish(wish.intent, wish.tone, LENGTHS["short"])
    label, text_key, label_key = spelled(random, wish.intent), random.choice(TEXT_KEYS), random.choice(LABEL_KEYS)
    named = {label_key: label} | hints(wish)
    keys = random.choice(([text_key, label_key], [text_key, label_key], [label_key, text_key], [text_key]))
    if wish.tone and random.random() < 0.1:
        keys = [*keys, "tone"]
    slots = {"description": "", "facts": facts(named), "keys": ", ".join(json.dumps(key) for key in keys)}
    said = [{text_key: slipped(random, wish), label_key: label, "tone": wish.tone} for _ in range(count)]
    written = [{key: one[key] for key in keys} for one in said]
    if count == 1:
        return Written("write_row", slots, json.dumps(written[0]), wish)
    return Written("write_rows", slots | {"count": str(count)}, json.dumps({"rows": written}), wish)


def slipped(random: Random, wish: Wish) -> str:
    """Once in a while about something else, as people's examples are."""
    if random.random() < SLIP:
        wish = Wish(other_intent(random, wish.intent), wish.tone, wish.words)
    return utter(random, wish)


def hints(wish: Wish) -> dict[str, str]:
    named = {"tone": wish.tone, "length": length_said(wish.words), "persona": wish.persona, "facet": wish.facet}
    return {name: value for name, value in named.items() if value}


def length_said(words: tuple[int, int] | None) -> str | None:
    named = next((name for name, bounds in LENGTHS.items() if bounds == words), None)
    return named or (f"{words[0]}-{words[1]} words" if words else None)


def plan(random: Random) -> Written:
    wish = Wish(random.choice(tuple(INTENTS)))
    count = random.randint(2, 5)
    pools = {"facets": facets(wish.intent), "personas": PERSONAS, "tones": tuple(TONES), "formats": FORMATS}
    chosen = {name: random.sample(pool, min(count, len(pool))) for name, pool in pools.items()}
    slots = {"description": "", "facts": facts({"label": spelled(random, wish.intent)}), "count": str(count)}
    return Written("plan", slots, json.dumps(chosen), wish)


_ASKS = (
    "[One|A|A single|Write a|Write one] [|short |long ][sentence|message|line|question|customer message|support message|mail|text]"
    " [about|on|asking about|concerning|for] [|a |the |my |their |your ]{label}",
    "[A customer|Somebody|A person] [writes|asks] about [|a |the |their ]{label}",
    "[What|Something that] a [|{tone} ]customer [writes|says|asks] about [|a |the |their ]{label}",
    "[Two sentences|Some words|A few words|A complaint] about [|a |the |my |their ]{label}",
    "{label}",
)
_PIECES = {
    "greeting": "[{opener}]",
    "closing": "[Thank you very much|Many thanks|Kind regards|Best wishes|Thanks|Yours sincerely|Thank you for your help].",
    "name": "{name}",
    "product name": "{item}",
    "city": "{city}",
    "order number": ORDER,
}


def fill(random: Random) -> Written:
    return piece(random) if random.random() < 0.15 else sentence(random)


def sentence(random: Random) -> Written:
    wish = any_wish(random)
    label = random.choice(INTENTS[wish.intent]) if random.random() < 0.6 else spelled(random, wish.intent)
    tone = random.choice(TONES[wish.tone]) if wish.tone else ""
    ask = random.choice(_ASKS)
    instruction = expand(random, ask, values={"label": label, "tone": tone}).replace("  ", " ")
    if not wish.words and " short " in instruction:
        wish = Wish(wish.intent, wish.tone, LENGTHS["short"])
    if not wish.words and " long " in instruction:
        wish = Wish(wish.intent, wish.tone, LENGTHS["long"])
    extras = [tone] if tone and tone not in instruction else []
    said = length_said(wish.words)
    extras += [said] if said and said not in instruction else []
    random.shuffle(extras)
    instruction = ", ".join((instruction, *extras)) + random.choice((".", ".", ""))
    intended = Wish(wish.intent, wish.tone, wish.words)
    return Written("fill_slot", {"instruction": instruction}, slipped(random, intended), intended)


def piece(random: Random) -> Written:
    kind = random.choice(tuple(FILLERS))
    asked = expand(random, f"[A|One|Some|The|Write a|A short] {random.choice(FILLERS[kind])}[|.]")
    openers = "|".join(
        opener.strip(" ,") for tone in ("polite", "casual", "formal") for opener in OPENERS[tone] if ":" not in opener
    )
    return Written(
        "fill_slot", {"instruction": asked}, expand(random, _PIECES[kind].replace("{opener}", openers), LISTS), Wish("refund")
    )
