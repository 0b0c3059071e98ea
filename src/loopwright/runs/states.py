"""What the policies of runs know, as states: of one run, or of several put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from loopwright.errors import UsageError
from loopwright.policy import build
from loopwright.policy.modifier import Modifier
from loopwright.policy.state import State, export, merge
from loopwright.runs.beginning import Beginning, bare
from loopwright.runs.domain import own_learning
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import Named
from loopwright.store.reader import RunReader
from loopwright.store.summary import offered


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
    named = Named.model_validate(meta["start"]["spec"]["policy"])
    beginning = Beginning.of(meta) or Beginning({}, None, None)
    starts = [] if own else beginning.states(named)
    policy = bare(named) if own else beginning.policy(named)
    learned = own_learning(folder.store, policy, beginning.encoded())
    state = export(_lasting(named), learned, {*arms, *(arm for start in starts for arm in start.arms)})
    known: dict[str, Any] = {}
    for start in reversed(starts):
        known |= start.memory
    return State(state.policy, state.arms, state.trials + sum(start.trials for start in starts), {**known, **state.memory})


def _refuse_second_hand(folder: RunFolder) -> None:
    with RunReader.open(folder.store) as reader:
        meta = reader.meta()
    beginning = Beginning.of(meta)
    if beginning is not None and beginning.states(Named.model_validate(meta["start"]["spec"]["policy"])):
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
