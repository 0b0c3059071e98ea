"""Reads the messages that DSPy's adapters make: which fields a program gives, which it wants, and what that comes to here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from json import dumps
from typing import Any, NamedTuple

from loopwright.llm.prompts import facts
from loopwright.llm.tiny.form import intent_of, length_of, tone_of
from loopwright.llm.tiny.wording import Fields, Wording, is_reason, matched, renamed

_LISTED = re.compile(r"^\d+\. `(\w+)` \((.*?)\):(.*)$", re.M)
_FIELD = re.compile(r"^\[\[ ## (\w+) ## \]\]\n(.*?)(?=^\[\[ ## \w+ ## \]\]$|\Z)", re.M | re.S)
_WISH = re.compile(r"\n\nRespond with (the corresponding output fields|a JSON object)\b.*\Z", re.S)
_OBJECTIVE = re.compile(r"your objective is:\s*(.*)\Z", re.S)
_CHOICE = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_TEXTS = frozenset(("text", "message", "utterance", "sentence", "query", "body", "content", "comment", "review", "ticket"))
_EARLIER = frozenset(
    ("draft", "answer", "attempt", "solution", "previous", "earlier_answer", "first_answer", "reasoning", "steps")
)
_SCORES = frozenset(("score", "rating", "grade", "quality"))
_YES = {"yes": True, "true": True, "no": False, "false": False}


class Output(NamedTuple):
    name: str
    kind: str
    choices: tuple[str, ...]


class Signature(NamedTuple):
    """What a program gives and wants. `as_json` is how the JSON adapter wants it; else there are marks between fields."""

    inputs: Mapping[str, str]
    outputs: tuple[Output, ...]
    objective: str
    as_json: bool

    @property
    def reasons(self) -> bool:
        return any(is_reason(output.name) for output in self.outputs)


class Asked(NamedTuple):
    """A job, and how its fields are called by the program. `earlier` is an answer to look at again, with the words `again`."""

    job: str
    slots: Mapping[str, str]
    signature: Signature
    earlier: str | None = None
    again: str = ""

    def wording(self, fields: Fields, schema: Mapping[str, Any] | None) -> Wording:
        signature = self.signature
        wanted = [output.name for output in signature.outputs]
        names = matched(fields, wanted, wanted)
        return renamed(fields, names, _json(signature) if signature.as_json or schema is not None else _marked(signature))


def signature_of(instructions: str, text: str) -> Signature | None:
    """The signature in a program's messages, None where they are no program's."""
    inside, _, wanted = instructions.partition("Your output fields are:")
    wish = _WISH.search(text)
    if not wanted or "Your input fields are:" not in inside or wish is None:
        return None
    listed = wanted.partition("All interactions will be structured")[0]
    outputs = tuple(Output(name, kind, _choices(kind)) for name, kind, _ in _LISTED.findall(listed))
    inputs = {name: value.strip() for name, value in _FIELD.findall(text[: wish.start()])}
    objective = _OBJECTIVE.search(instructions)
    said = " ".join(objective[1].split()) if objective else ""
    return Signature(inputs, outputs, said, wish[1] == "a JSON object") if outputs and inputs else None


def _choices(kind: str) -> tuple[str, ...]:
    return tuple(one or other for one, other in _CHOICE.findall(kind)) if kind.startswith("Literal[") else ()


def asked_by(signature: Signature) -> Asked | str:
    """The job that a signature comes to; a reason, where it comes to none."""
    results = [output for output in signature.outputs if not is_reason(output.name)]
    if len(results) == 2 and len(_TEXTS & {output.name for output in results}) == 1:
        return _row(signature, results)
    if len(results) > 1:
        return f"it fills one field, and one with a reason; the signature wants {', '.join(output.name for output in results)}"
    if not results:
        return _solved(signature)
    return _single(signature, results[0])


def _single(signature: Signature, result: Output) -> Asked | str:
    if result.kind == "bool" or {choice.lower() for choice in result.choices} in ({"yes", "no"}, {"true", "false"}):
        return _entailed(signature)
    if result.choices:
        job = "classify_reason" if signature.reasons else "classify"
        return Asked(job, {"labels": ", ".join(result.choices), "text": _text(signature)}, signature)
    if result.name in _SCORES:
        named = {name: value for name, value in signature.inputs.items() if value != _text(signature)}
        return Asked("judge", {"criteria": signature.objective, "facts": facts(named), "text": _text(signature)}, signature)
    if result.name in _TEXTS and _writes(signature):
        return _row(signature, [result])
    return _solved(signature)


def _text(signature: Signature) -> str:
    """The material: what is called so, or else the longest input."""
    named = [value for name, value in signature.inputs.items() if name in _TEXTS]
    return named[0] if named else max(signature.inputs.values(), key=len)


def _writes(signature: Signature) -> bool:
    return any(intent_of(value) for value in signature.inputs.values())


def _row(signature: Signature, results: list[Output]) -> Asked | str:
    known = {name: value for name, value in signature.inputs.items() if intent_of(value) or tone_of(value) or length_of(value)}
    keys = ", ".join(f'"{output.name}"' for output in results)
    return Asked("write_row", {"description": signature.objective, "facts": facts(known), "keys": keys}, signature)


def _entailed(signature: Signature) -> Asked | str:
    if len(signature.inputs) != 2:
        return "to say whether something follows it needs two inputs"
    hypothesis = next((name for name in signature.inputs if name in _TEXTS or name == "hypothesis"), list(signature.inputs)[1])
    premise = next(name for name in signature.inputs if name != hypothesis)
    slots = {"premise": signature.inputs[premise], "hypothesis": signature.inputs[hypothesis]}
    return Asked("entails", slots, signature)


def _solved(signature: Signature) -> Asked | str:
    """A problem; with an earlier answer among the inputs, a second chance at it."""
    earlier = {name: value for name, value in signature.inputs.items() if name in _EARLIER and name != "question"}
    questions = {name: value for name, value in signature.inputs.items() if name not in earlier}
    if not questions:
        return "it finds no question among the inputs"
    question = questions.get("question") or max(questions.values(), key=len)
    job = "solve_steps" if signature.reasons else "solve"
    if not earlier:
        return Asked(job, {"question": question}, signature)
    said = next((value for value in earlier.values() if "Answer:" in value), "")
    number = next((value for value in reversed(earlier.values()) if value.strip().lstrip("-").isdigit()), None)
    if not said and number is not None:
        reason = next((value for value in earlier.values() if value != number), "")
        said = f"{reason} Answer: {number}".strip()
    if not said:
        return Asked(job, {"question": question}, signature)
    worked = "solve" if said.startswith("Answer:") else "solve_steps"
    return Asked(worked, {"question": question}, signature, said, signature.objective)


def _spoken(output: Output, value: Any) -> Any:
    """A verdict in the words of the choices, a number as text where text is wanted."""
    if isinstance(value, bool) and output.choices:
        return next(choice for choice in output.choices if _YES[choice.lower()] is value)
    return str(value) if output.kind == "str" and not isinstance(value, bool) else value


def _json(signature: Signature) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: dumps({output.name: _spoken(output, values[output.name]) for output in signature.outputs})


def _marked(signature: Signature) -> Callable[[Mapping[str, Any]], str]:
    def put(values: Mapping[str, Any]) -> str:
        parts = [f"[[ ## {output.name} ## ]]\n{_spoken(output, values[output.name])}" for output in signature.outputs]
        return "\n\n".join((*parts, "[[ ## completed ## ]]"))

    return put
