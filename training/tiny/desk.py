"""Utterances of customers: put together from an intent's situations, in a tone, to a length."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from loopwright.llm.tiny.form import INTENTS, LENGTHS, PERSONAS, TONES
from training.tiny.desk_phrases import CLOSERS, DETAILS, GISTS, LISTS, OPENERS, ORDER, PERSONA, SITUATIONS, Situation
from training.tiny.draw import expand, made_up, text_held_out

NEAR = (
    {"refund", "exchange", "damaged", "warranty"}, {"delivery", "address", "cancel"},
    {"payment", "invoice", "discount", "gift card"}, {"product", "stock"}, {"account", "newsletter"}, {"complaint", "delivery"},
)  # fmt: skip
"""Intents that are easily taken for each other."""

_QUESTION = ("how", "when", "where", "what", "which", "why", "can", "do", "does", "is", "will", "are")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an utterance is to be; None leaves it open."""

    intent: str
    tone: str | None = None
    words: tuple[int, int] | None = None
    persona: str | None = None
    facet: str | None = None


def facets(intent: str) -> list[str]:
    return [situation.facet for situation in SITUATIONS[intent]]


def near(intent: str) -> list[str]:
    return sorted({other for group in NEAR if intent in group for other in group} - {intent})


def any_wish(random: Random, intent: str | None = None) -> Wish:
    """With each hint present or not."""
    chosen = intent or random.choice(tuple(INTENTS))
    return Wish(
        chosen,
        random.choice(tuple(TONES)) if random.random() < 0.6 else None,
        random.choice(tuple(LENGTHS.values())) if random.random() < 0.3 else _range(random) if random.random() < 0.3 else None,
        random.choice(PERSONAS) if random.random() < 0.12 else None,
        random.choice(facets(chosen)) if random.random() < 0.25 else None,
    )


def _range(random: Random) -> tuple[int, int]:
    low = random.choice((3, 3, 5, 6, 8, 10, 12, 15))
    return low, low + random.choice((4, 5, 7, 10))


def utter(random: Random, wish: Wish, evaluation: bool = False) -> str:
    """An utterance to train on, or one that no training ever sees.

    A wish that is so narrow that all of its few texts are on the other side is widened.
    """
    for _ in range(100):
        text = _of_length(random, wish)
        if text_held_out(text) is evaluation:
            return text
    return utter(random, Wish(wish.intent, wish.tone), evaluation)


def _of_length(random: Random, wish: Wish) -> str:
    """The first of some attempts that has the wanted length, or the one that comes closest."""
    low, high = wish.words or (4, 24)
    attempts = []
    for _ in range(14 if wish.words else 1):
        text = _attempt(random, wish, (low + high) / 2)
        words = len(text.split())
        if low <= words <= high:
            return text
        attempts.append((max(low - words, words - high), text))
    return min(attempts)[1]


def _attempt(random: Random, wish: Wish, aim: float) -> str:
    tone = wish.tone or random.choice(tuple(TONES))
    core = _core(random, _situation(random, wish))
    start = random.choice(PERSONA).replace("{persona}", wish.persona) if wish.persona else ""
    sure = wish.tone not in (None, "plain")
    opener = random.choice(OPENERS[tone]) if sure or random.random() < aim / 25 else ""
    text = _joined(opener, start, core, tone)
    rest = [random.choice(CLOSERS[tone])] if random.random() < aim / 22 else []
    missing = aim - len((text + "".join(rest)).split())
    for detail in random.sample(DETAILS, min(4, max(0, round(missing / 6 + random.uniform(-0.4, 0.4))))):
        rest.insert(0, expand(random, detail.replace("{order}", ORDER), LISTS))
    text += "".join(rest)
    return text.lower() if tone == "casual" else text


def _situation(random: Random, wish: Wish) -> Situation:
    situations = SITUATIONS[wish.intent]
    return next((one for one in situations if one.facet == wish.facet), None) or random.choice(situations)


def _core(random: Random, situation: Situation) -> str:
    values = {"item": made_up(random)} if random.random() < 0.03 else {}
    return expand(random, random.choice(situation.says), LISTS, values).strip()


def _joined(opener: str, start: str, core: str, tone: str) -> str:
    asks = core.split(maxsplit=1)[0] in _QUESTION or core.rpartition(", ")[2].split()[0] in _QUESTION
    text = opener + start + core
    return text[0].upper() + text[1:] + ("?" if asks else "!" if tone == "angry" else ".")


def reason(intent: str, label: str, agrees: bool) -> str:
    """Why a text of that intent is, or is not, of a label."""
    return f"{GISTS[intent]}, which is {label}." if agrees else f"{GISTS[intent]}, not {label}."
