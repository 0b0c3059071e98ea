"""A model server to practise against: deterministic answers on loopback, and every misbehaviour on demand."""

from loopwright.llm.practice.faults import FAULTS, Faults
from loopwright.llm.practice.server import PracticeServer, Seen

__all__ = ["FAULTS", "Faults", "PracticeServer", "Seen"]
