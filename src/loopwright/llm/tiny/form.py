"""What the embedded model knows by name, and the compact form in which it is told what a prompt asks for.

The runtime and the training speak through `form` alone: a few tokens instead of a prompt's hundred.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from loopwright.llm.prompts import read_facts

INTENTS: dict[str, tuple[str, ...]] = {
    "refund": ("refund", "refunds", "money back", "refund request", "reimbursement"),
    "delivery": ("delivery", "deliveries", "delivery status", "shipping", "shipment", "tracking", "where is my order"),
    "account": ("account", "account access", "login", "password", "my account"),
    "cancel": ("cancel", "cancellation", "cancel order", "order cancellation"),
    "exchange": ("exchange", "exchanges", "swap", "size exchange"),
    "payment": ("payment", "payments", "payment failed", "billing", "checkout"),
    "invoice": ("invoice", "invoices", "receipt", "bill copy"),
    "discount": ("discount", "discounts", "coupon", "promo code", "voucher"),
    "product": ("product", "product question", "product info", "product details"),
    "stock": ("stock", "availability", "restock", "out of stock"),
    "damaged": ("damaged", "damaged item", "broken", "broken item", "defect"),
    "warranty": ("warranty", "guarantee", "repair"),
    "address": ("address", "address change", "change address", "shipping address", "delivery address"),
    "newsletter": ("newsletter", "unsubscribe", "mailing list", "marketing mail"),
    "complaint": ("complaint", "complaints", "bad service", "service complaint"),
    "gift card": ("gift card", "gift cards", "gift voucher"),
}
"""The intents of the support desk, each with the names that a recipe may give it."""

TONES: dict[str, tuple[str, ...]] = {
    "polite": ("polite", "courteous", "respectful", "kind"),
    "casual": ("casual", "relaxed", "informal", "friendly", "chatty"),
    "angry": ("angry", "annoyed", "furious", "frustrated", "upset", "impatient"),
    "worried": ("worried", "anxious", "nervous", "concerned"),
    "formal": ("formal", "businesslike", "professional"),
    "plain": ("plain", "neutral", "factual", "matter of fact"),
}

LENGTHS: dict[str, tuple[int, int]] = {"short": (3, 9), "medium": (8, 17), "long": (15, 32)}
"""The words that a text of that length may have."""

PERSONAS = (
    "a student",
    "a parent",
    "a new customer",
    "a regular customer",
    "a pensioner",
    "a teacher",
    "a shop owner",
    "a nurse",
)

FILLERS: dict[str, tuple[str, ...]] = {
    "greeting": ("greeting", "hello", "salutation"),
    "closing": ("closing", "goodbye", "sign-off", "thanks"),
    "name": ("first name", "customer name", "name"),
    "product name": ("product name", "article", "item", "thing that a shop sells"),
    "city": ("city", "town"),
    "order number": ("order number", "order id"),
}
"""Small pieces that it can write into a slot, each with the words that ask for it."""

_FACET_NAMES = frozenset({"facet", "situation", "topic", "aspect", "about"})
_GENERIC = re.compile(r"(?<=.) (?:questions?|issues?|problems?|quer(?:y|ies)|intent|help|support)$")
_WORDS = re.compile(r"(\d+)\s*(?:-|to|and)\s*(\d+)\s*words?", re.I)
_AT_MOST = re.compile(r"(?:at most|up to|under|no more than)\s*(\d+)\s*words?", re.I)


def _spoken(name: str) -> str:
    return " ".join(re.split(r"[\s_\-]+", name.strip().lower()))


def _by_name(table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {_spoken(name): known for known, names in table.items() for name in names}


_INTENT_OF, _TONE_OF, _FILLER_OF = _by_name(INTENTS), _by_name(TONES), _by_name(FILLERS)


def intent_of(label: str) -> str | None:
    """The intent that a label names, however it is spelled."""
    spoken = _spoken(label)
    return _INTENT_OF.get(spoken) or _INTENT_OF.get(_GENERIC.sub("", spoken))


def tone_of(tone: str) -> str | None:
    return _TONE_OF.get(_spoken(tone))


def length_of(length: str) -> str | None:
    """`short`, `medium`, `long`, or a range of words as `10-20 words`."""
    if found := _WORDS.search(length):
        return f"{found[1]}-{found[2]} words"
    if found := _AT_MOST.search(length):
        return f"3-{found[1]} words"
    return next((word for word in _spoken(length).split() if word in LENGTHS), None)


def intents_in(text: str) -> list[str]:
    """The intents whose names occur in somebody's own words, each once, the longest name first."""
    return _mentioned(text, _INTENT_OF)


def fillers_in(text: str) -> list[str]:
    return _mentioned(text, _FILLER_OF)


def _mentioned(text: str, names: Mapping[str, str]) -> list[str]:
    padded = f" {' '.join(re.findall(r'[a-z]+', text.lower()))} "
    return list(dict.fromkeys(names[name] for name in sorted(names, key=len, reverse=True) if f" {name} " in padded))


def keys_of(keys: str) -> list[str]:
    return re.findall(r'"([^"]+)"', keys) or [key.strip() for key in keys.split(",")]


def labels_of(labels: str) -> list[str]:
    return [label.strip().strip('"') for label in labels.split(",")]


def taught(job: str) -> bool:
    return job in FORMS


def outside(job: str, slots: Mapping[str, str]) -> str | None:
    """Why what is asked for lies outside its world, None where nothing shows that it does."""
    if not taught(job):
        return f"it was not taught what the prompt `{job}` asks for"
    if job in ("solve", "solve_steps", "ask"):
        return None if re.search(r"\d", slots["question"]) else "there is no number in the question"
    if job == "fill_slot":
        named = intents_in(slots["instruction"]) or fillers_in(slots["instruction"])
        return None if named else "the instruction names no intent that it knows"
    if job in ("classify", "classify_reason"):
        unknown = [label for label in labels_of(slots["labels"]) if intent_of(label) is None]
        return f"it does not know the label {unknown[0]!r}" if unknown else None
    if job == "entails" or any(map(intent_of, read_facts(slots.get("facts", "")).values())):
        return None
    return "no fact names an intent that it knows"


def form(job: str, slots: Mapping[str, str]) -> str:
    """What the network is told, of slots as `recognise` reads them. `ask` is a question in somebody's own words."""
    return FORMS[job].format(**{name: _SHORTENED.get(name, str)(value) for name, value in slots.items()})


def wanted(facts: str) -> str:
    """The facts that it knows, in the order label, tone, length, persona, facet; the others are left out."""
    named = read_facts(facts)
    labels = [value for value in named.values() if intent_of(value)]
    tones = [tone for tone in map(tone_of, named.values()) if tone]
    lengths = [length for length in map(_length, named, named.values()) if length]
    personas = [value for value in named.values() if value in PERSONAS]
    facets = [value for name, value in named.items() if name in _FACET_NAMES and value not in labels]
    return ", ".join(part for found in (labels, tones, lengths, personas, facets) for part in found[:1])


def _length(name: str, value: str) -> str | None:
    """Of a fact. `words: 10-20` needs no second "words"."""
    return length_of(f"{value} words" if name in ("words", "length") else value)


FORMS = {
    "ask": "{question}",
    "solve": "direct: {question}",
    "solve_steps": "steps: {question}",
    "fill_slot": "fill: {instruction}",
    "write_row": "row {keys}: {facts}",
    "write_rows": "rows {count} {keys}: {facts}",
    "write_verbalized": "row {keys}: {facts}",
    "plan": "plan {count}: {facts}",
    "judge": "judge {facts} | {text}",
    "entails": "follows {premise} | {hypothesis}",
    "classify": "classify {labels} | {text}",
    "classify_reason": "reason {labels} | {text}",
}
_SHORTENED: dict[str, Callable[[str], str]] = {
    "keys": lambda keys: " ".join(keys_of(keys)),
    "labels": lambda labels: ", ".join(labels_of(labels)),
    "facts": wanted,
}
