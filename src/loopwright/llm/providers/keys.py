"""Keys and headers, read from the environment at the moment they are sent and kept no longer than until they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from loopwright.errors import KeyRejected
from loopwright.spec.blocks import FromEnv, ModelBlock


class _Source(NamedTuple):
    """A header whose value is in the environment, and the field of the block that says so."""

    header: str
    prefix: str
    variable: str
    named_by: str


class Secrets:
    """A model's key, in the header that carries it, and the headers that its block adds."""

    __slots__ = ("_environ", "_fixed", "_id", "_last", "_ready", "_sources")

    def __init__(
        self,
        block: ModelBlock,
        environ: Mapping[str, str],
        key_env: str | None,
        header: str = "Authorization",
        prefix: str = "",
    ) -> None:
        self._id = block.id
        self._environ = environ
        self._fixed = {name: value for name, value in block.headers.items() if isinstance(value, str)}
        named = [(name, value.env) for name, value in block.headers.items() if isinstance(value, FromEnv)]
        self._sources = [_Source(name, "", variable, f"headers.{name}") for name, variable in named]
        if key_env is not None:
            self._sources.append(_Source(header, prefix, key_env, "api_key_env"))
        self._last: list[str] = []
        self._ready: Mapping[str, str] = self._fixed

    def headers(self) -> Mapping[str, str]:
        """All of them; the same object as long as nothing in the environment changes."""
        if not self._sources:
            return self._fixed
        values = [self._read(source) for source in self._sources]
        if values != self._last:
            sent = {source.header: source.prefix + value for source, value in zip(self._sources, values, strict=True)}
            self._last, self._ready = values, self._fixed | sent
        return self._ready

    def _read(self, source: _Source) -> str:
        value = self._environ.get(source.variable, "").strip()
        if value and value.isascii() and value.isprintable():
            return value
        wrong = "holds characters that no header can carry" if value else "is not set; export it"
        raise KeyRejected(f"model {self._id!r}: the variable {source.variable}, named by `{source.named_by}`, {wrong}")
