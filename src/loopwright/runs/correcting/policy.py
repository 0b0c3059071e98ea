"""The policy of a pipeline by hand: ask it what it would do, and teach it. It is the same policy as inside a run."""

from __future__ import annotations

from dataclasses import dataclass

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.learn.error_classifier.protocol import MODES, ErrorMode, Predicted
from loopwright.policy import build
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Situation
from loopwright.policy.state import State, export, require_same
from loopwright.records import Fields
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.contexts import context, encoding
from loopwright.workflows.correction.policies import STOP
from loopwright.workflows.correction.pricing import Tokens, toll
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.trial import MOST, REWARDS


@dataclass(frozen=True, slots=True)
class RTSContext:
    """How an answer stands: what the classifier says of it, the id of the last reprompt (None: there was none yet), and how
    many there were."""

    error_mode: ErrorMode
    confidence_score: float
    last_prompt_id: str | None = None
    turn_index: int = 0

    def __post_init__(self) -> None:
        if self.error_mode not in MODES:
            close = nearest(str(self.error_mode), MODES)
            known = f"; did you mean {close!r}?" if close else f"; there are: {', '.join(MODES)}"
            raise UsageError(f"there is no error mode {self.error_mode!r}{known}")
        if not 0.0 <= self.confidence_score <= 1.0:
            raise UsageError(f"a confidence is from 0 to 1, and {self.confidence_score!r} is not")


@dataclass(frozen=True, slots=True)
class RTSAction:
    """Ask again with this reprompt, or stop. `probability` is None where it has no closed form."""

    reprompt: bool
    prompt_id: str | None
    prompt_text: str | None
    probability: float | None
    reason: str


class RTSPolicy:
    """What it has learned is in `state`, which a run may begin with; `take` goes on from another's."""

    def __init__(self, spec: CorrectionSpec) -> None:
        self._spec = spec
        self._policy = build(spec.policy)
        self._memory = Memory()
        self._arms = bank.arms(spec.reprompts)
        self._by_id = {arm.name: arm for arm in self._arms}
        self._encoding = encoding(self._arms, spec.max_turns)
        self._price = toll(spec.reward, spec.models[0])
        self._asked = 0
        self._caveats: tuple[str, ...] = ()

    def select_prompt(self, context: RTSContext) -> RTSAction:
        """What it does there. Random numbers depend on the seed and on how often it was asked."""
        rng = Keyed(self._spec.seed, self._asked, purpose="by hand")
        situation = Situation(self._fields(context), self._arms, self._asked, rng, self._encoding)
        choice = self._policy.choose(situation, self._memory)
        self._asked += 1
        text = choice.arm.params.get("text")
        stops = choice.arm.name == STOP
        prompt = None if stops else choice.arm.name
        return RTSAction(not stops, prompt, None if text is None else str(text), choice.probability, choice.reason)

    def update_policy(self, context: RTSContext, action: RTSAction, delta_accuracy: int, token_cost: int) -> float:
        """Teaches it what the action brought: the change in correctness (-1, 0, 1), and the tokens that it took. The reward."""
        price = self._price(Tokens(0, token_cost, None, False)) if action.reprompt else 0.0
        reward = min(MOST, max(-MOST, delta_accuracy - price)) if action.reprompt else 0.0
        parts = {"delta": delta_accuracy, "tokens": token_cost, "price": price}
        value = REWARDS.scale(reward)
        arm = action.prompt_id or STOP
        lesson = Lesson(self._fields(context), arm, value, action.probability, parts, self._encoding)
        self._policy.learn(lesson, self._memory)
        self._memory.advance()
        return reward

    @property
    def state(self) -> State:
        return export(self._spec.policy, self._memory, self._by_id, self._caveats)

    def take(self, learned: State) -> None:
        require_same(learned, self._spec.policy)
        self._memory.restore(learned.memory, learned.trials)
        self._caveats = learned.caveats

    def _fields(self, given: RTSContext) -> Fields:
        last = None if given.last_prompt_id == "none" else given.last_prompt_id
        if last is not None and last not in self._by_id:
            raise UsageError(f"no reprompt is called {last!r}")
        style = None if last is None else bank.style(self._by_id[last])
        predicted = Predicted(given.error_mode, given.confidence_score)
        return context(predicted, given.turn_index, style, self._spec.contexts)
