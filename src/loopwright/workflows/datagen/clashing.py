"""Facts and validators of a recipe that no row can keep to together: which is to blame, where it stands, and beside what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loopwright.errors import Problem
from loopwright.quality.clashing import Clash, clashes
from loopwright.quality.validators.language import Language
from loopwright.spec.paths import show
from loopwright.workflows.datagen.brief import Brief


def problems(brief: Brief) -> Iterator[Problem]:
    for clash in clashes(brief.gate().validators):
        if clash.fields[0] == clash.fields[1]:
            other, blamed = _by_blame(clash, brief)
            fact = _fact(blamed, brief)
            message = f"leaves no row beside {_told(other, brief)}: {clash.why}"
            yield Problem(_place(blamed, brief), f"{fact} {message}" if fact else message, "one of the two")


def doubts(brief: Brief) -> Iterator[str]:
    yield from _of_all_strings(brief)
    yield from _of_languages(brief)


def _of_languages(brief: Brief) -> Iterator[str]:
    """Facts that go before what the task says."""
    if not brief.languages:
        return
    told = Language(languages=brief.languages, field=brief.text_field)
    for name, validator in brief.gate().validators.items():
        if name in brief.of_facts and told.against(validator):
            both = f"{_told(name, brief)} is what rows are held to, and task.languages says {', '.join(brief.languages)}"
            yield f"{both}: models that write are told both"


def _of_all_strings(brief: Brief) -> Iterator[str]:
    """Where one looks at the text of a row and the other at all its strings, and these are no more than text and label."""
    named, task = brief.schema.get("properties"), brief.recipe.task
    if brief.text_field is None or not isinstance(named, Mapping) or not set(named) <= {task.text, task.label}:
        return
    for clash in clashes(brief.gate().validators):
        if set(clash.fields) == {None, brief.text_field}:
            other, blamed = _by_blame(clash, brief)
            both = f"{_told(blamed, brief)} probably leaves no row beside {_told(other, brief)}: {clash.why}"
            yield f"{both}, and one looks at the field {brief.text_field!r}, the other at all strings of a row"


def _by_blame(clash: Clash, brief: Brief) -> list[str]:
    """A fact is to blame rather than what is configured, and of two facts the later one."""
    facts = brief.of_facts
    return sorted(clash.names, key=lambda name: facts[name].at if name in facts else -1)


def _place(name: str, brief: Brief) -> str:
    chosen = brief.of_facts.get(name)
    return show(("validators", name)) if chosen is None else show(("constraints", "facts", chosen.at))


def _fact(name: str, brief: Brief) -> str | None:
    chosen = brief.of_facts.get(name)
    return None if chosen is None else f'"{brief.recipe.constraints.facts[chosen.at].strip()}"'


def _told(name: str, brief: Brief) -> str:
    return ", ".join(filter(None, (_place(name, brief), _fact(name, brief))))
