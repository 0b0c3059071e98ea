"""The summary of a run: how much was done, what the policy knows in short, and whether asking again helped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwright.llm.providers import ANSWERERS
from loopwright.records import Json
from loopwright.spec.blocks import Named
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.curve import Curve
from loopwright.workflows.correction.figures import Figures
from loopwright.workflows.correction.lives import Lives
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.traces import Trace, moment
from loopwright.workflows.correction.values import Values

LISTED = 1000
"""Failed questions that are listed; all are counted."""


class Summary:
    """Is told every trace once."""

    def __init__(self, spec: CorrectionSpec, trials: int, lives: Lives) -> None:
        self._spec = spec
        self._lives = lives
        self._figures = Figures(spec.max_turns, Curve(trials))
        self._values = Values.of(spec.reprompts)
        self._traces = 0
        self._turns = 0
        self._failed: list[dict[str, str]] = []
        self._failures = 0
        self._pairs: set[tuple[str, str]] = set()
        self._rewarded = 0
        self._earned = 0.0

    def add(self, trace: Trace, styles: Mapping[str, str]) -> None:
        failure = trace.settled.trial.failure
        self._lives.settled(trace.settled.trial.settled)
        self._figures.add(trace, styles)
        self._values.add(trace)
        self._pairs |= {(str(each.context["cell"]), each.arm) for each in trace.decisions if each.id in trace.rewards}
        self._rewarded += len(trace.rewards)
        self._earned += sum(reward.raw for reward in trace.rewards.values())
        if failure is not None:
            self._failures += 1
            if self._failures <= LISTED:
                self._failed.append(
                    {"question_id": trace.settled.trial.item, "error": failure.kind, "message": failure.message}
                )
            return
        self._traces += 1
        self._turns += len(trace.turns)

    def plain(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        started = float(meta["start"]["started"])
        seconds = self._lives.seconds
        settled = self._traces + self._failures
        return {
            "pipeline_stats": {
                "traces_processed": self._traces,
                "total_turns": self._turns,
                "policy_updates": settled // self._spec.update_every,
                "start_time": moment(started),
                "failed": self._failures,
                "without_reference": self._figures.unknown,
                "judged": self._figures.judged,
            },
            "policy_stats": self._policy(),
            "duration_seconds": seconds,
            "traces_per_second": self._traces / seconds if seconds else None,
            "avg_turns_per_trace": self._turns / self._traces if self._traces else None,
            "completed_at": moment(self._lives.last),
            "status": (meta.get("end") or {}).get("status"),
            "stopping": "oracle: looks at the reference answers, an upper bound" if self._spec.stop.oracle else "policy",
            "answers_of": self._answers_of(),
            "outcome": self._figures.plain(),
            "other_ways": None if self._spec.stop.oracle else self._values.plain(),
            "failed_questions": self._failed,
        }

    def _policy(self) -> dict[str, Json]:
        """`alpha_params` and `beta_params` are the pairs of context (of 54) and action that have earned anything: of so many,
        success and failure are known."""
        return {
            "algorithm": innermost(self._spec.policy),
            "total_actions": len(bank.arms(self._spec.reprompts)),
            "alpha_params": len(self._pairs),
            "beta_params": len(self._pairs),
            "avg_reward": self._earned / self._rewarded if self._rewarded else None,
        }

    def _answers_of(self) -> str:
        model = self._spec.models[0]
        return f"{model.id}: {ANSWERERS.get(model.provider, model.name)}"


def innermost(policy: Named) -> str:
    """The name of the algorithm inside all modifiers."""
    while isinstance(policy.argument, dict) and "policy" in policy.argument:
        policy = Named.model_validate(policy.argument["policy"])
    return policy.kind
