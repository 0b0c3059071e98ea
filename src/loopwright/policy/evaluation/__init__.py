"""Off-policy evaluation: what another policy would have earned, from a run's stored decisions, at no further call."""

from __future__ import annotations

from loopwright.policy.evaluation.evaluate import Evaluation, Setting, evaluate
from loopwright.policy.evaluation.interval import Estimate
from loopwright.policy.evaluation.log import Log, Logged, LoggedTrial
from loopwright.policy.evaluation.replay import computed

__all__ = ["Estimate", "Evaluation", "Log", "Logged", "LoggedTrial", "Setting", "computed", "evaluate"]
