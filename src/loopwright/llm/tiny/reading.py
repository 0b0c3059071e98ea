"""What a conversation asks of the embedded model, or why it lies outside its world: decided by rules, before it says a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import orjson

from loopwright.errors import ContextTooLong
from loopwright.llm.messages import Message, Request
from loopwright.llm.prompts import recognise
from loopwright.llm.structured import SCHEMA_FOLLOWS
from loopwright.llm.tiny.form import form, keys_of, labels_of, outside
from loopwright.llm.tiny.signatures import Signature, asked_by, signature_of
from loopwright.llm.tiny.stories import LARGEST, LISTS
from loopwright.llm.tiny.sums import read_sum
from loopwright.llm.tiny.tokens import CHARACTERS, Tokenizer
from loopwright.llm.tiny.wording import Answered, Fields, Wording, native, one_of, worded

MOST_CHARACTERS = 16_384
_MOST_ROWS = 5
_MOST_DRAWS = 32
_KNOWN = {"ask": 0.9, "solve": 0.9, "solve_steps": 0.9, "fill_slot": 0.8}
_KNOWN_OF_DATA = 0.7
_WORKED = ("ask", "solve", "solve_steps")
_SIGNS = str.maketrans(
    {"×": "x", "÷": "/", "−": "-", "–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "…": "..."}
)
_BETWEEN = re.compile(r"(?<=\d)\s*([-+*x/])\s*(?=\d)")
_SPOKEN = re.compile(r"(?<=\d) (plus|minus|times) (?=\d)", re.I)
_SIGN_OF = {"plus": "+", "minus": "-", "times": "x"}
_SUM = re.compile(r"(?:what'?s |whats )?(\d+(?: [-+*x/] \d+)+)(?: ?=)?", re.I)
_OTHER_SIGN = re.compile(r"\d\s*[/%^]|\d\s*:\s*\d")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


class Reading(NamedTuple):
    """What the network is given: what was asked, answered and asked again; and how its answer is put into words. With `draws`,
    so many answers are drawn, each to be told with its probability."""

    turns: tuple[str, ...]
    wording: Wording
    draws: int = 0


class Outside(NamedTuple):
    why: str


Read: TypeAlias = Reading | Outside


class _Asked(NamedTuple):
    job: str
    slots: Mapping[str, str]


def read(request: Request, tokenizer: Tokenizer) -> Read:
    """Raises `ContextTooLong` for a prompt of a size that nothing in this world has."""
    spoken = [message for message in request.messages if message.role != "system"]
    if not spoken or spoken[-1].role != "user" or not spoken[-1].content.strip():
        return Outside("there is no question: the last message must be the user's, and say something")
    if len(spoken[-1].content) > MOST_CHARACTERS:
        size = f"{len(spoken[-1].content):,} characters; it reads {MOST_CHARACTERS:,} at most"
        raise ContextTooLong(f"the prompt is too long for the embedded model: {size}")
    text, schema = _split(spoken[-1].content, request)
    instructions = "\n".join(message.content for message in request.messages if message.role == "system")
    signature = signature_of(instructions, text)
    if signature is not None:
        return _of_signature(signature, schema, tokenizer)
    found = recognise(text)
    if found is not None:
        return _of_job(_Asked(found.job, found.slots), schema, tokenizer)
    if len(spoken) > 1 and not _numbers(text):
        return _of_second_chance(spoken[:-1], text, schema, tokenizer)
    return _of_job(_Asked("ask", {"question": text}), schema, tokenizer)


def _split(text: str, request: Request) -> tuple[str, Mapping[str, Any] | None]:
    """The question apart from the schema that it ends with, where that was put into words."""
    question, follows, given = text.rpartition(SCHEMA_FOLLOWS)
    if follows:
        try:
            schema = orjson.loads(given)
        except ValueError:
            return text, request.schema
        return question.strip(), request.schema or schema
    return text, request.schema or ({"type": "object"} if request.json_object else None)


def _of_job(asked: _Asked, schema: Mapping[str, Any] | None, tokenizer: Tokenizer) -> Read:
    if asked.job == "write_verbalized":
        return _of_draws(asked.slots, schema, tokenizer)
    inside = _inside(asked, tokenizer)
    if isinstance(inside, Outside):
        return inside
    return Reading((_plain(form(inside.job, inside.slots)),), worded(_fields(inside), schema))


def _of_draws(slots: Mapping[str, str], schema: Mapping[str, Any] | None, tokenizer: Tokenizer) -> Read:
    """It never learned to say how probable something is, but that can be measured: the rows are drawn one by one."""
    if not (slots["count"].isdigit() and 1 <= int(slots["count"]) <= _MOST_DRAWS):
        return Outside(f"it writes at most {_MOST_DRAWS} candidates at a time")
    one = _of_job(_Asked("write_row", slots), one_of(schema), tokenizer)
    return one if isinstance(one, Outside) else one._replace(draws=int(slots["count"]))


def _of_signature(signature: Signature, schema: Mapping[str, Any] | None, tokenizer: Tokenizer) -> Read:
    asked = asked_by(signature)
    if isinstance(asked, str):
        return Outside(asked)
    job = _inside(_Asked(asked.job, asked.slots), tokenizer)
    if isinstance(job, Outside):
        return job
    wording = asked.wording(_fields(job), schema)
    turns: tuple[str, ...] = (_plain(form(job.job, job.slots)),)
    if asked.earlier is not None:
        turns = (*turns, _plain(asked.earlier), _reprompt(asked.again, tokenizer))
    return Reading(turns, wording)


_CHECK = "Check each step of your answer, then give it again."


def _reprompt(text: str, tokenizer: Tokenizer) -> str:
    """What a program says about its second step, where these are words that it knows."""
    plain = _plain(text)
    return plain if plain and tokenizer.known(plain) >= _KNOWN_OF_DATA else _CHECK


def _of_second_chance(before: Sequence[Message], again: str, schema: Mapping[str, Any] | None, tokenizer: Tokenizer) -> Read:
    """The question, the last answer, and the last words that ask for another try."""
    if before[-1].role != "assistant":
        return Outside("there is no number in the question, and no answer that it could look at again")
    question = next((found for message in reversed(before) if (found := _question(message))), None)
    if question is None or question.job not in _WORKED:
        return Outside("it can be asked again about arithmetic alone")
    asked = _inside(question, tokenizer)
    if isinstance(asked, Outside):
        return asked
    known = tokenizer.known(_plain(again))
    if known < _KNOWN_OF_DATA:
        return Outside(_strange(known))
    earlier = _earlier(before[-1].content)
    return Reading((_plain(form(asked.job, asked.slots)), earlier, _plain(again)), worded(_fields(asked), schema))


def _question(message: Message) -> _Asked | None:
    if message.role != "user" or len(message.content) > MOST_CHARACTERS:
        return None
    text = message.content.rpartition(SCHEMA_FOLLOWS)[0].strip() or message.content
    found = recognise(text)
    if found is not None:
        return _Asked(found.job, found.slots)
    return _Asked("ask", {"question": text}) if _numbers(text) else None


def _earlier(text: str) -> str:
    """An answer as the network would have given it itself."""
    answered = Answered.of_json(text)
    return _plain(answered.said() if answered is not None else text)


def _inside(asked: _Asked, tokenizer: Tokenizer) -> _Asked | Outside:
    """What is asked, in words that the network knows; why it lies outside, where it does."""
    why = outside(asked.job, asked.slots)
    if why is not None:
        return Outside(why)
    if asked.job in _WORKED:
        question = _taught(asked.slots["question"], tokenizer)
        if isinstance(question, Outside):
            return question
        asked = _Asked(asked.job, {"question": question})
    if asked.job == "write_rows" and not (asked.slots["count"].isdigit() and 1 <= int(asked.slots["count"]) <= _MOST_ROWS):
        return Outside(f"it writes at most {_MOST_ROWS} rows at a time")
    known = tokenizer.known(_plain(form(asked.job, asked.slots)))
    return asked if known >= _KNOWN.get(asked.job, _KNOWN_OF_DATA) else Outside(_strange(known))


def _taught(question: str, tokenizer: Tokenizer) -> str | Outside:
    """A problem as it was taught, with names that the network knows in the place of those that it does not."""
    why = _not_arithmetic(question)
    if why is not None:
        return Outside(why)
    tidy = _tidy(question)
    told = read_sum(tidy)
    if isinstance(told, str):
        return Outside(told)
    for slot, name in told.named.items():
        if tokenizer.known(f" {name}") < 1:
            other = next(known for known in LISTS[slot] if known not in tidy)
            tidy = re.sub(rf"\b{re.escape(name)}\b", other, tidy, flags=re.I)
    return tidy


def _not_arithmetic(question: str) -> str | None:
    if any(sign not in CHARACTERS for sign in _folded(question)):
        return "the question has signs that it cannot read"
    numbers = _numbers(question)
    if not 2 <= len(numbers) <= 3 or not all(number.isdigit() and int(number) <= LARGEST for number in numbers):
        return f"the question does not have two or three whole numbers up to {LARGEST}"
    if _OTHER_SIGN.search(question):
        return "it adds, takes away and multiplies, and no more"
    return None


def _tidy(question: str) -> str:
    """A question in somebody's own words, with the capital, the spaces and the last mark that they may have left out."""
    spaced = _BETWEEN.sub(r" \1 ", _plain(question))
    bare = _SUM.fullmatch(_SPOKEN.sub(lambda found: f" {_SIGN_OF[found[1].lower()]} ", spaced))
    if bare:
        return f"What is {bare[1].replace('*', 'x')}?"
    mark = "" if spaced[-1:] in ".?!" else "?" if spaced.lower().startswith(("what", "how")) else "."
    return spaced[:1].upper() + spaced[1:] + mark


def _numbers(text: str) -> list[str]:
    return [number.rstrip(".,") for number in _NUMBER.findall(text)]


def _strange(known: float) -> str:
    return f"it knows {known:.0%} of these words only"


def _folded(text: str) -> str:
    """Typographic signs and accents as ASCII has them."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _plain(text: str) -> str:
    """As the network was taught: one line, of characters that it has."""
    return " ".join(_folded(text).split())


def _fields(asked: _Asked) -> Fields:
    """What the answer to a job holds, by the names that the network gives."""
    slots = asked.slots
    if asked.job in ("classify", "classify_reason"):
        return native(asked.job, labels=labels_of(slots["labels"]))
    if asked.job in ("write_row", "write_rows"):
        return native(asked.job, keys=keys_of(slots["keys"]), count=int(slots.get("count", 1)))
    return native(asked.job, count=int(slots["count"]) if slots.get("count", "").isdigit() else 1)
