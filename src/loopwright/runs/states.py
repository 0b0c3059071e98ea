"""What the policies of runs know, as states: of one run, or of several put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from loopwright.errors import UsageError
from loopwright.policy import build
from loopwright.policy.linear import Linear
from loopwright.policy.memory import Memory
from loopwright.policy.modifier import Modifier, innermost
from loopwright.policy.state import State, export, merge
from loopwright.runs.beginning import Beginning, bare
from loopwright.runs.caveats import of_its_own
from loopwright.runs.domain import own_learning
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import Named
from loopwright.store.reader import RunReader
from loopwright.store.summary import offered

if TYPE_CHECKING:
    from loopwright.policy.coefficients import Model


def exported(folders: Sequence[RunFolder], own: bool) -> State:
    """What they all know. `own` leaves out what they began with, which several runs may have had from one another."""
    states = [state_of(folder, own or len(folders) > 1) for folder in folders]
    if len(folders) > 1 and not own:
        for folder in folders:
            _refuse_second_hand(folder)
    return reduce(merge, states)


def state_of(folder: RunFolder, own: bool) -> State:
    """What the policy of a run knows, which is what it began with and what its rewards taught it."""
    with RunReader.open(folder.store) as reader:
        meta, arms = reader.meta(), offered(reader)
    if not arms:
        raise UsageError(f"{folder.name} has taken no decisions: its policy knows nothing yet")
    named, beginning = _begun(meta)
    starts = [] if own else beginning.states(named)
    policy = bare(named) if own else beginning.policy(named)
    learned = own_learning(folder.store, policy, beginning.encoded())
    state = export(_lasting(named), learned, {*arms, *(arm for start in starts for arm in start.arms)})
    trials = state.trials + sum(start.trials for start in starts)
    caveats = dict.fromkeys([*of_its_own(folder), *(each for start in starts for each in start.caveats)])
    return State(state.policy, state.arms, trials, _whole(starts, learned), tuple(caveats))


def models_of(folder: RunFolder) -> tuple[Model, ...]:
    """What a linear policy makes of each feature; nothing where the run's policy is another."""
    with RunReader.open(folder.store) as reader:
        meta = reader.meta()
    if not meta.get("start"):
        return ()
    named, beginning = _begun(meta)
    policy = beginning.policy(named)
    if not isinstance(innermost(policy), Linear):
        return ()
    from loopwright.policy.coefficients import listen, models  # noqa: PLC0415 - brings numpy

    heard, encoding = listen(policy), beginning.encoded()
    learned = own_learning(folder.store, heard.around, encoding)
    return models(heard, encoding, _whole(beginning.states(named), learned))


def _begun(meta: dict[str, Any]) -> tuple[Named, Beginning]:
    return Named.model_validate(meta["start"]["spec"]["policy"]), Beginning.of(meta) or Beginning({}, None, None)


def _whole(starts: Sequence[State], learned: Memory) -> dict[str, Any]:
    """By place what was learned last: the run's own learning holds what stood there before it."""
    known: dict[str, Any] = {}
    for start in reversed(starts):
        known |= start.memory
    return {**known, **learned.state()}


def _refuse_second_hand(folder: RunFolder) -> None:
    with RunReader.open(folder.store) as reader:
        named, beginning = _begun(reader.meta())
    if beginning.states(named):
        raise UsageError(
            f"{folder.name} began with what other runs had learned, which might be counted twice beside them; "
            "--own exports what each run learned itself"
        )


def _lasting(named: Named) -> Named:
    """The policy without the modifiers that only say from where learning begins."""
    policy = build(named)
    if not isinstance(policy, Modifier):
        return named
    inner = _lasting(policy.policy)
    if policy.begins:
        return inner
    own = policy.model_dump(mode="json", exclude_unset=True, exclude={"policy"})
    return Named(kind=named.kind, argument={**own, "policy": inner.model_dump(mode="json")})
