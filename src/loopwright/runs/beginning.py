"""What a run's policy begins with: states from files that its spec names, what a domain remembers, contexts as numbers.

All of it is read and checked before anything is made, copied into the run's own store, and taken from there ever after: the run
stays a function of its folder, whatever becomes of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from loopwright.errors import LoopwrightError, UsageError
from loopwright.policy import build, state
from loopwright.policy.encoding import Encoding
from loopwright.policy.linear import Linear
from loopwright.policy.modifier import chain, innermost
from loopwright.policy.protocol import Policy
from loopwright.policy.state import State
from loopwright.policy.warm_start import WarmStart
from loopwright.records import Json
from loopwright.runs.domain import Domain
from loopwright.spec.blocks import Named
from loopwright.store.writer import RunStore


class Beginning(NamedTuple):
    """`files` holds the states by the names that the spec has for them, `memory` what the domain knew and from which runs,
    `encoding` what the workflow declared."""

    files: dict[str, Json]
    memory: dict[str, Any] | None
    encoding: dict[str, Any] | None

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> Beginning | None:
        """What is kept of it in a run's store; None where the run has not begun."""
        return cls(**meta["beginning"]) if meta.get("beginning") else None

    def encoded(self) -> Encoding | None:
        return None if self.encoding is None else Encoding.of(self.encoding)

    def policy(self, named: Named) -> Policy:
        """The policy as it decides in a run that began so."""
        remembered = self.memory and self.memory["state"]
        if remembered is not None:
            inner = named.model_dump(mode="json")
            named = Named(kind="warm_start", argument={"state": remembered, "unknown": "ignore", "policy": inner})
        policy = build(named)
        for each in starts(policy):
            if isinstance(each.state, str):
                each.take(state.parse(self.files[each.state], each.state))
        return policy

    def states(self, named: Named) -> list[State]:
        """Those that it began with, from the one that counts first."""
        return [each.start for each in starts(self.policy(named))]


def read(policy: Policy, base: Path, domain: Domain | None, encoding: Encoding | None) -> Beginning:
    """What a run begins with if it begins now; refuses what is not sound or does not fit."""
    files = taken(policy, base)
    for each in starts(policy):
        _require_fit(each, encoding)
    return Beginning(files, None if domain is None else _recalled(domain), None if encoding is None else encoding.plain())


def taken(policy: Policy, base: Path) -> dict[str, Json]:
    """Has it take the states that its files hold, which are looked for in `base`; by the names that the spec has for them."""
    files: dict[str, Json] = {}
    for each in starts(policy):
        if isinstance(each.state, str):
            found = state.read(place(base, each.state))
            each.take(found)
            files[each.state] = found.plain()
    return files


def _require_fit(start: WarmStart, encoding: Encoding | None) -> None:
    inner = innermost(start)
    if isinstance(inner, Linear) and not inner.fits(start.start.memory, encoding):
        name = start.state if isinstance(start.state, str) else "the state"
        raise UsageError(f"policy.warm_start: {name} was learned from other features of contexts and arms than this run has")


def keep(beginning: Beginning, store: RunStore) -> Beginning:
    """Copies it into the store, unless the run has begun already."""
    kept = Beginning.of({"beginning": store.get_meta("beginning")})
    if kept is not None:
        return kept
    store.set_meta("beginning", beginning._asdict())
    return beginning


def changed(beginning: Beginning, base: Path) -> Iterator[str]:
    """The files that hold another state by now than the one the run began with. One that is gone is not missed."""
    for name, kept in beginning.files.items():
        try:
            now = state.read(place(base, name)).plain()
        except LoopwrightError:
            continue
        if now != kept:
            yield name


def bare(named: Named) -> Policy:
    """The policy as if it began with nothing."""
    policy = build(named)
    for each in starts(policy):
        each.take(State(each.policy.model_dump(mode="json"), (), 0, {}))
    return policy


def starts(policy: Policy) -> Iterator[WarmStart]:
    return (each for each in chain(policy) if isinstance(each, WarmStart))


def place(base: Path, name: str) -> Path:
    """Files are looked for beside the spec."""
    return (base / Path(name).expanduser()).resolve()


def _recalled(domain: Domain) -> dict[str, Any]:
    known = domain.known()
    return {"domain": domain.name, "runs": sorted(known.runs), "state": known.state and known.state.plain()}
