"""A model that talks a recipe over: it is told what is known and how recipes are written, asks, and proposes.

It answers in words, and puts a recipe between fences; so any model can do it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from loopwright.errors import UsageError
from loopwright.llm.messages import Message

MOST_TRIES = 5
"""Recipes that a model may propose which cannot be used."""

MOST_TURNS = 30
_FENCED = re.compile(r"```(?:ya?ml)?[ \t]*\n(.*?)```", re.S)

_TOLD = """\
You help somebody to write a recipe for a synthetic dataset. A recipe is YAML for the program Loopwright, which has a model \
write rows, checks each of them, and keeps those that pass until there are enough. Ask short questions, one or two at a time, \
about what is missing or unclear: what the rows are, who writes and reads them, labels and their shares, length, language, \
tone, how many, what must never be in them. Do not ask what is told below. When you know enough, answer with the whole recipe \
between ```yaml and ```, and nothing else between fences. Keep to the keys that stand in the draft, in its comments or here:

workflow, name, domain
task: description, labels (a mapping of labels to shares, or a list), audience, tone, languages, facts (a mapping), text, label
seeds: path, fields
constraints: facts (a list of sentences, as in "at most 40 words"), schema (a JSON Schema)
grammar: start, rules
arms: a list of id, kind (naive, examples, templater), model, params
models: as in the draft; leave them as they are
target: accepted
validators: length, regex, deduplication, judge, label, language, similarity, each with its parameters
output: formats, path; budget: calls, usd

The draft that was made of what is known, and which can be used as it is:

```yaml
{draft}```
"""
_REFUSED = (
    "That recipe cannot be used. Mend what is wrong with it, and give the whole of it again between ```yaml and ```:\n\n{why}"
)

Ask = Callable[[tuple[Message, ...]], Awaitable[str]]
Listen = Callable[[str], str]
"""Shows a person what the model said, and returns what the person answers."""

Check = Callable[[str], str | None]
"""What is wrong with a recipe; None: nothing."""


async def talk(draft: str, opening: str, listen: Listen, check: Check, ask: Ask) -> str:
    """The first recipe that can be used. Raises UsageError where the model comes to none."""
    messages = [Message("system", _TOLD.replace("{draft}", draft)), Message("user", opening)]
    refused = 0
    for _ in range(MOST_TURNS):
        said = await ask(tuple(messages))
        messages.append(Message("assistant", said))
        found = _FENCED.search(said)
        if found is None:
            messages.append(Message("user", listen(said)))
            continue
        why = check(found[1])
        if why is None:
            return found[1]
        refused += 1
        if refused == MOST_TRIES:
            raise UsageError(
                f"the model proposed {MOST_TRIES} recipes that cannot be used; what is wrong with the last:\n{why}"
            )
        messages.append(Message("user", _REFUSED.replace("{why}", why)))
    raise UsageError(f"the model came to no recipe in {MOST_TURNS} answers; the draft of what is known is made without --chat")
