"""The records of a correction run, field for field as its users expect them in the trace files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One answer. The prompt is the one that produced it; `error_mode` and `confidence_score` are predicted from it. What
    nobody knows is None: a change in accuracy without a reference answer."""

    turn_id: int
    question: str
    answer: str
    prompt_id: str | None
    prompt_text: str | None
    error_mode: str
    confidence_score: float
    delta_accuracy: int | None
    token_count: int
    timestamp: str


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """One question with all its answers. Totals are sums over the turns."""

    trace_id: str
    dataset_name: str
    question_id: str
    reference_answer: str | None
    turns: tuple[TurnRecord, ...]
    final_accuracy: int | None
    total_tokens: int
    total_turns: int
    pipeline_version: str
    created_at: str
