"""Grammars of rows: weighted rules with slots for a model, their checks, and the schema that follows from them."""

from __future__ import annotations

from loopwright.workflows.datagen.grammar.blocks import GrammarBlock
from loopwright.workflows.datagen.grammar.checks import Wanted
from loopwright.workflows.datagen.grammar.drafts import Draft
from loopwright.workflows.datagen.grammar.grammar import Grammar

__all__ = ["Draft", "Grammar", "GrammarBlock", "Wanted"]
