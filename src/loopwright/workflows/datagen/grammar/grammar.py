"""The grammar of a recipe: weighted rules that rows are drawn from, with slots that a model fills.

An occurrence of `<name>` is an independent draw, except names that a prompt refers to or that are listed under `row_values`: of
those a row has one value, drawn first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from loopwright.errors import Problem, SpecError
from loopwright.policy.keyed import Keyed
from loopwright.records import Fields
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock
from loopwright.workflows.datagen.grammar.checks import Wanted, check, check_row, check_wanted
from loopwright.workflows.datagen.grammar.derive import Schema, derive
from loopwright.workflows.datagen.grammar.drafts import Draft
from loopwright.workflows.datagen.grammar.draws import Drawer
from loopwright.workflows.datagen.grammar.rules import Rules, drawing_order, live, needs, read_rules, shared_names
from loopwright.workflows.datagen.grammar.templates import Fill, Plain
from loopwright.workflows.datagen.grammar.texts import Texts, texts
from loopwright.workflows.datagen.grammar.variety import Variety


class Grammar:
    """A grammar as the spec gives it; `place` is where it stands there. Only `check` may be asked of one that is not sound."""

    def __init__(self, block: GrammarBlock, place: str = "grammar") -> None:
        self._block = block
        self._place = place
        self._reading = read_rules(block, place)
        self._rules: Rules = live(self._reading.rules)

    def check(self, wanted: Wanted | None = None, schema: Fields | None = None) -> list[Problem]:
        """All that is wrong with it; with shares that its rows shall have, and the schema they are held against."""
        problems = list(self._problems)
        if problems:
            return problems
        if schema is not None:
            problems += check_row(self._rules, self._block.start, schema)
        if wanted is not None:
            problems += check_wanted(self._rules, wanted, self._place)
        return problems

    def draw(self, rng: Keyed, fixed: Mapping[str, str] | None = None) -> Draft:
        """A row. `fixed` gives rules the one value that they have in it, whatever their weights."""
        if not fixed:
            return self._drawer.draw(rng, {})
        return self._drawer.draw(rng, {name: self._meant(name, text) for name, text in fixed.items()})

    def schema(self) -> Schema:
        """The JSON Schema that every row fits."""
        return derive(self._sound, self._block.start)

    @cached_property
    def row_values(self) -> tuple[str, ...]:
        """The names of which a row has one value, in the order in which they are drawn."""
        return drawing_order(self._sound, shared_names(self._sound, self._block.row_values))

    @cached_property
    def needs_model(self) -> bool:
        """Whether some row has a slot."""
        reached = {self._block.start, *needs(self._sound, self._block.start)}
        return any(isinstance(option.content, Fill) for name in reached for option in self._sound[name])

    def values(self, rule: str) -> tuple[str, ...] | None:
        """The texts that a rule can come to, structures aside; None where they are too many to list or a model writes them."""
        found = self._texts[rule]
        return None if found is None else tuple(found)

    def variety(self, field: str | None, limit: int, given: Mapping[str, int]) -> int:
        """How many different texts that field of a row can have where no model writes it, at most: counted up to `limit`.
        `given` is how many values each rule has that is given one."""
        return Variety(self._sound, self.row_values, self._block.max_depth, limit, given).of(self._block.start, field)

    def _meant(self, name: str, text: str) -> Plain | str:
        """The value that a text stands for: that of a rule with the alternatives 1 and 2 is a number."""
        found = self._texts.get(name)
        if name not in self._sound or (found is not None and text not in found):
            raise ValueError(f"the grammar's rule {name!r} cannot give {text!r}")
        if found is None or isinstance(found[text].value, str):
            return text
        return found[text]

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        return tuple(check(self._block, self._reading, self._place))

    @property
    def _sound(self) -> Rules:
        if self._problems:
            raise SpecError(list(self._problems))
        return self._rules

    @cached_property
    def _drawer(self) -> Drawer:
        return Drawer(self._sound, self._block.start, self.row_values, self._block.max_depth)

    @cached_property
    def _texts(self) -> Mapping[str, Texts | None]:
        return texts(self._sound)
