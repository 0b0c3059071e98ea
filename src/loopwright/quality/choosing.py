"""Which validators fit constraints that are written as facts, and which facts none was found for. Facts are read in English.

Nothing is guessed: a fact is read as a whole, or part by part, and what is not understood is said to be left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from pydantic import JsonValue

from loopwright.quality import amounts
from loopwright.quality.counting import counted
from loopwright.quality.facts import SHAPES, THINGS, Thing
from loopwright.quality.languages import NAMES

Parameters: TypeAlias = dict[str, JsonValue]


class Chosen(NamedTuple):
    """A validator for a fact; `why` quotes the fact and says how it was read, `at` is its place among the facts."""

    kind: str
    parameters: Parameters
    why: str
    at: int


class Left(NamedTuple):
    """A fact, or a part of one, that no validator was found for."""

    fact: str
    why: str


class Choice(NamedTuple):
    chosen: tuple[Chosen, ...]
    left: tuple[Left, ...]

    def named(self) -> dict[str, Chosen]:
        """By the names that they have in a spec: `length`, `regex`, `regex.2`, ..."""
        named: dict[str, Chosen] = {}
        times: Counter[str] = Counter()
        for chosen in self.chosen:
            kind = chosen.kind
            times[kind] += 1
            named[kind if times[kind] == 1 else f"{kind}.{times[kind]}"] = chosen
        return named

    def validators(self) -> dict[str, JsonValue]:
        """As a spec has them."""
        return {name: dict(chosen.parameters) for name, chosen in self.named().items()}


class _Reading(NamedTuple):
    kind: str
    parameters: Parameters
    note: str


def choose(facts: Iterable[str], field: str | None = None) -> Choice:
    """The validators look at `field`."""
    chosen: list[Chosen] = []
    left: list[Left] = []
    for at, fact in enumerate(facts):
        for part, readings in _parts(fact):
            if not readings:
                left.append(Left(part, _why_left(part)))
            chosen += [_chosen(fact, at, reading, field) for reading in readings]
    return Choice(tuple(chosen), tuple(left))


def _chosen(fact: str, at: int, reading: _Reading, field: str | None) -> Chosen:
    parameters = {**reading.parameters, **({"field": field} if field is not None else {})}
    says = reading.parameters.get("says")
    note = "; ".join(filter(None, [f"a text that {says} fails" if says else "", reading.note]))
    return Chosen(reading.kind, parameters, f'"{fact.strip()}"' + (f": {note}" if note else ""), at)


def _why_left(fact: str) -> str:
    found = re.fullmatch(r"(?:written )?in (\w+)", _plain(fact))
    if found and fact.rsplit(maxsplit=1)[-1][:1].isupper():
        return f"{found[1].capitalize()} is none of the languages that can be told: {', '.join(sorted(NAMES.values()))}"
    return "no validator was found that can tell"


_SPLIT = re.compile(r"\s*(?:[;\n]|,(?!\d)|\.\s|\band\b|\bbut\b|\bwith\b)\s*")

_BETWEEN = re.compile(r"\b(?:between|from) ([\w-]+) and ([\w-]+)", re.I)


def _parts(fact: str) -> Iterator[tuple[str, list[_Reading]]]:
    """The fact as a whole where it can be read so; otherwise its parts, if any of them can."""
    whole = _read(fact)
    parts = [part.strip() for part in _SPLIT.split(_BETWEEN.sub(r"\1 to \2", fact)) if part.strip()]
    readings = [_read(part) for part in parts]
    if whole or not any(readings):
        yield fact.strip(), whole
    else:
        yield from zip(parts, readings, strict=True)


def _read(fact: str) -> list[_Reading]:
    plain = _plain(fact)
    for read in _READERS:
        if found := read(plain):
            return found
    return _wording(fact)


_FILLER = re.compile(
    r"^(?:keep (?!to\b))?(?:(?:the|each|every|all|an?) )?"
    r"(?:(?:texts?|messages?|rows?|answers?|reviews?|repl(?:y|ies)|it|they|output|field|values?) )?"
    r"(?:(?:must|should|shall|has to|have to|needs to|please|always) )?(?:(?:be|is|are|have|has|consist of|keep to|being) )?"
)
_TAIL = re.compile(r"(?: (?:long|each|in length|in total|overall|please|per (?:text|message|row|answer)))+$")


def _plain(fact: str) -> str:
    """In lower case, without filling words, with numbers as digits."""
    plain = " ".join(fact.casefold().replace("’", "'").split()).rstrip(".! ")
    return _TAIL.sub("", _FILLER.sub("", amounts.with_digits(plain)))


def _amount(plain: str) -> list[_Reading]:
    found = amounts.bounds(plain)
    if found is None:
        return []
    said = {f"min_{found.unit}s": found.least, f"max_{found.unit}s": found.most}
    parameters: Parameters = {name: bound for name, bound in said.items() if bound is not None}
    said_as = {"min": "at least", "max": "at most"}
    note = ", ".join(f"{said_as[name[:3]]} {counted(bound, found.unit)}" for name, bound in said.items() if bound is not None)
    if found.least is not None and found.least == found.most:
        note = f"exactly {counted(found.least, found.unit)}"
    return [_Reading("length", parameters, note)]


_CODE_OF = {name.casefold(): code for code, name in NAMES.items()}
_ANY_NAME = "|".join(_CODE_OF)
_IN_LANGUAGE = re.compile(
    rf"(?:written |only )?(?:in |languages?(?: is| are)?:? ?)?(?:only )?"
    rf"(?P<names>(?:{_ANY_NAME})(?:(?:,? or |,? and |, ?|/)(?:{_ANY_NAME}))*)(?: only| language| texts?)?"
)


def _language(plain: str) -> list[_Reading]:
    found = _IN_LANGUAGE.fullmatch(plain)
    if found is None:
        return []
    codes: list[JsonValue] = [_CODE_OF[name] for name in re.findall(_ANY_NAME, found["names"])]
    return [_Reading("language", {"languages": codes}, "a text whose language cannot be told passes")]


def _shape(plain: str) -> list[_Reading]:
    shape = next((shape for put, shape in SHAPES.items() if re.fullmatch(put, plain)), None)
    return [] if shape is None else [_Reading(shape.kind, dict(shape.parameters), shape.note)]


_FORBIDDING = (
    r"(?:(?:do|does|must|should|may|can)(?: not|n't)|cannot|not|never|no|avoids?|without|free (?:of|from))"
    r"(?: (?:contains?|holds?|uses?|includes?|mentions?|says?|have|name|using|containing|mentioning|saying|any|the use of|"
    r"an?))*"
)
_FORBIDDEN = re.compile(rf"{_FORBIDDING} (?P<things>.+)")
_LISTED = re.compile(r",? (?:or|and|nor) (?:any |no |an? )?|, ?(?:no )?")


def _forbidden(plain: str) -> list[_Reading]:
    """All of the things that are listed, or none."""
    found = _FORBIDDEN.fullmatch(plain)
    things = [_thing(name) for name in _LISTED.split(found["things"])] if found else []
    if not all(things):
        return []
    return [_Reading("regex", {"must_not": thing.pattern, "says": thing.says}, thing.caveat) for thing in things if thing]


def _thing(name: str) -> Thing | None:
    return next((thing for put, thing in THINGS.items() if re.fullmatch(put, name)), None)


_QUOTED = re.compile(r"[\"“]([^\"“”]+)[\"”]|(?<!\w)['‘]([^'’]+)['’](?!\w)")
_WORDS = r"(?: the)?(?: exact)?(?: (?:words?|phrases?|terms?|text))?"
_MENTIONS = re.compile(rf"(?:contains?|mentions?|includes?|uses?|says?|holds?){_WORDS}")
_NOT_MENTIONS = re.compile(rf"{_FORBIDDING}{_WORDS}")
_STARTS = re.compile(rf"(?:starts?|begins?) with{_WORDS}")
_ENDS = re.compile(rf"ends? (?:with|in){_WORDS}")


def _wording(fact: str) -> list[_Reading]:
    """Facts that quote what a text is to say, or not to say."""
    quoted = [one[0] or one[1] for one in _QUOTED.findall(fact)]
    before, *between, after = _QUOTED.sub("\0", fact).split("\0") if quoted else ("", "")
    if not quoted or after.strip(" .") or not all(re.fullmatch(r",?\s*(?:or|and|nor)?\s*", gap) for gap in between):
        return []
    verb, either, any_of = _plain(before), " or ".join(quoted), "|".join(map(_literal, quoted))
    if _NOT_MENTIONS.fullmatch(verb):
        return [_Reading("regex", {"must_not": f"(?i)(?:{any_of})", "says": f"says {either}"}, "in capitals or not")]
    if _MENTIONS.fullmatch(verb):
        wanted = {either: any_of} if "or" in "".join(between).split() else {one: _literal(one) for one in quoted}
        return [_must(f"(?i)(?:{pattern})", f"does not say {said}") for said, pattern in wanted.items()]
    if _STARTS.fullmatch(verb):
        return [_must(rf"^\s*(?:{any_of})", f"does not begin with {either}")]
    return [_must(rf"(?:{any_of})\s*$", f"does not end with {either}")] if _ENDS.fullmatch(verb) else []


def _must(pattern: str, says: str) -> _Reading:
    return _Reading("regex", {"must": pattern, "says": says}, "")


def _literal(words: str) -> str:
    """As whole words, where it begins and ends with a letter or digit."""
    stripped = words.strip()
    starts, ends = re.match(r"\w", stripped), re.search(r"\w\Z", stripped)
    return ("\\b" if starts else "") + re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", stripped) + ("\\b" if ends else "")


_READERS: tuple[Callable[[str], list[_Reading]], ...] = (_amount, _language, _shape, _forbidden)
