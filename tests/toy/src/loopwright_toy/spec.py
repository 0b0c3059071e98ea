"""The toy's spec."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopwright.spec.blocks import RunSpec


class ToySpec(RunSpec):
    """Collects distinct numbers. Each trial takes `steps` decisions between arms that draw from smaller or larger ranges."""

    window: Annotated[int, Field(ge=1)] = 64
    items: Annotated[int, Field(ge=1, description="how many trials there may be")] = 100
    target: Annotated[int | None, Field(ge=1, description="end once so many numbers are accepted")] = None
    steps: Annotated[int, Field(ge=1, description="decisions per trial")] = 2
    arms: Annotated[dict[str, Annotated[int, Field(ge=1)]], Field(default_factory=lambda: {"narrow": 10, "wide": 1000})]
    rewards: Annotated[
        Literal["fresh", "measured", "turning"],
        Field(description="for fresh numbers; or by chance: by a context that is measured, or turning for one arm half way"),
    ] = "fresh"
    late: Annotated[int, Field(ge=0, description="trials after which the last step of a trial is rewarded")] = 3
    weight: Annotated[float, Field(gt=0, description="how often such a late reward counts")] = 1.0
    fail_every: Annotated[int | None, Field(ge=1, description="each so-many-th trial fails")] = None
    crash_at: Annotated[int | None, Field(ge=0, description="this trial hits a bug of the workflow's own")] = None
    structured: Annotated[bool, Field(description="ask the model for JSON")] = False
    same_prompt: Annotated[bool, Field(description="ask every time the same")] = False
    sleep_s: Annotated[float, Field(ge=0, description="seconds that each act pauses, to be cut by a deadline")] = 0
    gate: Annotated[int, Field(ge=0, description="numbers that must have been accepted in the end")] = 0

    def expected_trials(self) -> int:
        return self.items

    def asks_for_json(self) -> tuple[str, ...]:
        return (self.models[0].id,) if self.structured and self.models else ()
