"""A model server to practise against, on loopback: deterministic answers or a model's, and every misbehaviour on demand."""

from loopwright.llm.practice.connection import Exchange, Seen
from loopwright.llm.practice.faults import FAULTS, Faults
from loopwright.llm.practice.server import PracticeServer
from loopwright.llm.practice.serving import Served

__all__ = ["FAULTS", "Exchange", "Faults", "PracticeServer", "Seen", "Served"]
