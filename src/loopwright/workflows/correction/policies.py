"""How a policy is written in a correction spec, and what that is in full.

`{kind: lin_ts, safe_start: {explore: 0.1}, update_every: 100, warm_start: FILE}` says in one mapping what elsewhere is a nest
of policies and a field of the spec.
"""

from __future__ import annotations

from typing import Any

from loopwright.spec.blocks import Named

STOP = "stop"
CELL = "cell"
"""The field of a context that names which of the 54 it is."""

_TABULAR = frozenset({"epsilon_greedy", "thompson", "ucb1", "kl_ucb", "exp3"})
_LINEAR = frozenset({"lin_ts", "linucb"})
_AROUND = ("update_every", "safe_start", "warm_start")
_USUAL: dict[str, dict[str, Any]] = {
    "lin_ts": {"shared": True, "v": 0.0625, "ridge": 4.0},
    "linucb": {"shared": True, "ridge": 4.0},
    "thompson": {"family": "gaussian", "sigma": 0.1},
}
"""Where a policy's own fields say nothing: rewards scatter by about a quarter of a correct answer, in a range of 4."""
_SAFE: dict[str, Any] = {"baseline": STOP, "at_random": 0.2, "confidence": 0.99}
"""Of what explores, a fifth is at random; what does not, asks again only where that is sure to pay. See `bench/rts.py`."""


def in_full(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with its policy written out: tabular ones keep the 54 contexts apart, linear ones share what they learn.
    A warm start may know reprompts that are not offered: that is how to try those that were held out."""
    given = spec.get("policy")
    if isinstance(given, str):
        return {**spec, "policy": _placed(given, {}, None)}
    if not isinstance(given, dict):
        return spec
    if "kind" not in given:
        return {**spec, "policy": _bare(given)}
    around = {name: given[name] for name in _AROUND if given.get(name) is not None}
    own = {name: value for name, value in given.items() if name not in ("kind", *_AROUND)}
    full = dict(spec)
    if "update_every" in around:
        if given["update_every"] != spec.get("update_every", given["update_every"]):
            raise ValueError("says update_every twice, and not the same: once beside the policy, once in it")
        full["update_every"] = around["update_every"]
    policy = _placed(given["kind"], own, around.get("safe_start"))
    if "warm_start" in around:
        policy = {"warm_start": {"state": around["warm_start"], "unknown": "ignore", "policy": policy}}
    return {**full, "policy": policy}


def _bare(given: dict[str, Any]) -> Any:
    """`{thompson: {...}}` is placed as well; a nest is taken as it stands."""
    if len(given) != 1:
        return given
    ((kind, argument),) = given.items()
    if kind in _LINEAR | _TABULAR:
        return _placed(kind, argument, None)
    return given


def _placed(kind: Any, argument: Any, safe: Any) -> Any:
    if isinstance(kind, str) and (argument is None or isinstance(argument, dict)):
        argument = {**_USUAL.get(kind, {}), **(argument or {})}
    policy: Any = {kind: argument} if argument not in (None, {}) else kind
    if safe is not None:
        policy = {"safe_start": {**_SAFE, **_mapping(safe), "policy": policy}}
    return {"apart": {"by": [CELL], "policy": policy}} if kind in _TABULAR else policy


def _mapping(safe: Any) -> dict[str, Any]:
    return safe if isinstance(safe, dict) else {"explore": safe}


DEFAULT = Named.model_validate(in_full({"policy": {"kind": "lin_ts", "safe_start": {"explore": 0.1}}})["policy"])
