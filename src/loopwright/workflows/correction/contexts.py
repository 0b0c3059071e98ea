"""What a policy may look at before it decides: the predicted mode and confidence, the turn, and what was said last.

Tabular policies tell 54 contexts apart, by `cell`; linear ones make numbers of the other fields.
"""

from __future__ import annotations

from collections.abc import Sequence

from loopwright.learn.error_classifier.protocol import MODES, Predicted
from loopwright.policy.encoding import Encoding
from loopwright.records import Arm, Fields
from loopwright.workflows.correction.bank import STYLES
from loopwright.workflows.correction.policies import CELL
from loopwright.workflows.correction.spec import Contexts

LEVELS = ("low", "medium", "high")
PHASES = ("early", "mid", "late")
CELLS = tuple(f"{mode}_{level}_{phase}" for mode in MODES for level in LEVELS for phase in PHASES)


def context(predicted: Predicted, turn: int, last: str | None, edges: Contexts) -> Fields:
    """Before the reprompt that would bring turn `turn + 1`; `last` is the style of the one before. Confidence is rounded, so
    that situations that are alike are one context."""
    return {
        CELL: cell(predicted, turn, edges),
        "mode": predicted.mode,
        "confidence": round(predicted.confidence, 1),
        "turn": turn,
        "last": last,
    }


def cell(predicted: Predicted, turn: int, edges: Contexts) -> str:
    low, high = edges.confidence
    level = LEVELS[(predicted.confidence >= low) + (predicted.confidence >= high)]
    phase = PHASES[(turn > edges.turns[0]) + (turn > edges.turns[1])]
    return f"{predicted.mode}_{level}_{phase}"


def encoding(arms: Sequence[Arm], max_turns: int) -> Encoding:
    """As numbers: a column for each mode and for the style of the last reprompt, confidence, and how far the turns are used up.
    They matter to reprompts in general and to each style of its own; the load, and which reprompt of its style it is, make the
    same difference everywhere."""
    numbers = {"confidence": (0.0, 1.0), "turn": (0.0, float(max(1, max_turns)))}
    return Encoding(
        numbers, {"mode": MODES, "last": STYLES}, arms, crossed=("reprompt", *(f"style={style}" for style in STYLES))
    )
