"""Examples for the small judge: labels for utterances, scores with reasons, and whether one sentence follows from another."""

from __future__ import annotations

import json
from random import Random
from typing import NamedTuple

from loopwright.llm.prompts import facts
from loopwright.llm.tiny.form import INTENTS, TONES
from loopwright.llm.tiny.stories import LISTS
from training.tiny.desk import Wish, any_wish, near, reason, utter
from training.tiny.draw import text_held_out
from training.tiny.problems import draw

SLIP = 0.02
NONSENSE = "It is no meaningful text."
OTHER = "It is not about the shop at all."


class Judged(NamedTuple):
    """What was asked, and what is true of it."""

    job: str
    slots: dict[str, str]
    answer: str
    truth: str | bool | int


def spelled(random: Random, intent: str) -> str:
    """A label as somebody may write it."""
    name = random.choice(INTENTS[intent]) if random.random() < 0.5 else intent
    style = random.random()
    if style < 0.45:
        return name.replace(" ", "_")
    return name.capitalize() if style < 0.6 else name


def other_intent(random: Random, intent: str) -> str:
    """Often one that is easily taken for it."""
    if random.random() < 0.4:
        return random.choice(near(intent))
    return random.choice([name for name in INTENTS if name != intent])


def worn(random: Random, text: str) -> str:
    """A text as it may arrive: without capitals or its last mark."""
    if random.random() < 0.15:
        text = text.lower()
    return text.rstrip(".!?") if random.random() < 0.15 else text


def classified(random: Random, reasoned: bool, evaluation: bool = False) -> Judged:
    intents = random.sample(tuple(INTENTS), random.randint(2, 8))
    names = {intent: spelled(random, intent) for intent in intents}
    intent = random.choice(intents)
    text = worn(random, utter(random, any_wish(random, intent), evaluation))
    said = intent if random.random() > SLIP else random.choice(intents)
    fields = {"reason": reason(said, names[said], True)} if reasoned else {}
    slots = {"labels": ", ".join(names.values()), "text": text}
    return Judged(
        "classify_reason" if reasoned else "classify", slots, json.dumps(fields | {"label": names[said]}), names[intent]
    )


def scored(random: Random, evaluation: bool = False) -> Judged:
    """5 for what it claims to be, 3 where the tone is another, 2 for a neighbouring intent, 1 for the rest."""
    wish = any_wish(random)
    tone = wish.tone if wish.tone and random.random() < 0.7 else None
    claimed, score, why = wish.intent, 5, ""
    text = worn(random, utter(random, wish, evaluation))
    kind = random.random()
    if kind < 0.4:
        claimed = other_intent(random, wish.intent)
        score = 2 if claimed in near(wish.intent) else 1
    elif kind < 0.5:
        (text, why), score = _off(random, text), 1
    elif tone and kind < 0.62:
        tone, score = random.choice([name for name in TONES if name not in (tone, "plain")]), 3
    label = spelled(random, claimed)
    why = why or _why(wish, label, tone, score)
    named = {"label": label} | ({"tone": tone} if tone else {})
    slots = {"criteria": "", "facts": facts(named), "text": text}
    return Judged("judge", slots, json.dumps({"reason": why, "score": score}), score)


def _why(wish: Wish, label: str, tone: str | None, score: int) -> str:
    if score == 3:
        return f"It is {label}, but not {tone}."
    return reason(wish.intent, label, score > 3)


def _off(random: Random, text: str) -> tuple[str, str]:
    """No utterance: words in disorder, or something of another world."""
    if random.random() < 0.5:
        return draw(random).question, OTHER
    words = text.split()
    random.shuffle(words)
    return " ".join(words[: random.randint(2, 12)]), NONSENSE


PREMISES = ("{label}", "{label}", "The text is about {label}.", "A customer writes about {label}.", "The intent is {label}.")
DEEDS = ("bought", "sold", "found", "lost", "packed", "collected", "brought")


def entailed(random: Random, evaluation: bool = False) -> Judged:
    if random.random() < 0.6:
        return _of_label(random, evaluation)
    while True:
        made = _of_statement(random)
        if text_held_out(made.slots["premise"]) is evaluation:
            return made


def _of_label(random: Random, evaluation: bool) -> Judged:
    intent = random.choice(tuple(INTENTS))
    follows = random.random() < 0.5
    claimed = intent if follows else other_intent(random, intent)
    label = spelled(random, claimed)
    hypothesis = worn(random, utter(random, any_wish(random, intent), evaluation))
    premise = random.choice(PREMISES).replace("{label}", label)
    return _verdict(premise, hypothesis, reason(intent, label, follows), follows)


def _of_statement(random: Random) -> Judged:
    """A short report, and a claim that drops something of it, or changes or adds something."""
    who, other = random.sample(LISTS["n"], 2)
    deed, other_deed = random.sample(DEEDS, 2)
    what, other_what = random.sample(LISTS["i"], 2)
    number, day = str(random.randint(2, 40)), random.choice(LISTS["day"])
    said_day = random.random() < 0.7
    premise = f"{who} {deed} {number} {what}{f' on {day}' if said_day else ''}."
    on = f" on {day}"
    true = [f"{who} {deed} {what}.", f"{who} {deed} something.", f"Somebody {deed} {what}.", f"{who} {deed} {number} {what}."]
    true += [f"{who} {deed} {what}{on}.", f"Somebody {deed} something{on}."] if said_day else []
    false = {
        f"{other} {deed} {what}.": "It names another person.",
        f"{who} {other_deed} {what}.": "It tells of another deed.",
        f"{who} {deed} {other_what}.": "It names other things.",
        f"{who} {deed} {int(number) + random.randint(1, 9)} {what}.": "It gives another number.",
        f"{who} {deed} nothing.": "It says the contrary.",
        f"{who} {deed} {what} in {random.choice(('Paris', 'London', 'Rome', 'Berlin'))}.": "It adds what is not said.",
    }
    if random.random() < 0.5:
        return _verdict(premise, random.choice(true), "It repeats what is said.", True)
    hypothesis, why = random.choice(list(false.items()))
    return _verdict(premise, hypothesis, why, False)


def _verdict(premise: str, hypothesis: str, why: str, follows: bool) -> Judged:
    answer = json.dumps({"reason": why, "follows": follows})
    return Judged("entails", {"premise": premise, "hypothesis": hypothesis}, answer, follows)
