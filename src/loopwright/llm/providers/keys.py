"""Keys and headers, read from the environment at the moment they are sent and kept nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.errors import KeyRejected
from loopwright.spec.blocks import FromEnv, ModelBlock


class Secrets:
    """A model's key and the headers that its block adds."""

    __slots__ = ("_environ", "_fixed", "_from_env", "_id", "_key_env")

    def __init__(self, block: ModelBlock, environ: Mapping[str, str], key_env: str | None) -> None:
        self._id = block.id
        self._environ = environ
        self._key_env = key_env
        self._fixed = {name: value for name, value in block.headers.items() if isinstance(value, str)}
        self._from_env = {name: value.env for name, value in block.headers.items() if isinstance(value, FromEnv)}

    def key(self) -> str | None:
        """The key; None where the endpoint needs none."""
        return None if self._key_env is None else self._read(self._key_env, "api_key_env")

    def headers(self) -> dict[str, str]:
        return self._fixed | {name: self._read(variable, f"headers.{name}") for name, variable in self._from_env.items()}

    def _read(self, variable: str, named_by: str) -> str:
        value = self._environ.get(variable, "").strip()
        if not value:
            raise KeyRejected(f"model {self._id!r}: the variable {variable}, named by `{named_by}`, is not set; export it")
        if not value.isprintable() or not value.isascii():
            raise KeyRejected(f"model {self._id!r}: the variable {variable} holds characters that no header can carry")
        return value
