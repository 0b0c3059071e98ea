"""A plugin's function as a source: it is given the arguments of the spec and yields examples, or mappings that say the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from loopwright.datasets.fields import example
from loopwright.datasets.lines import Row
from loopwright.errors import LoopwrightError, PluginError, UsageError
from loopwright.llm.quoting import quote
from loopwright.records import Example


class FromFunction:
    """Blames the plugin for whatever its function raises, and the spec for arguments that it does not take."""

    checker = "final_answer"

    def __init__(self, name: str, function: Callable[..., Iterable[Any]], arguments: Mapping[str, Any]) -> None:
        try:
            inspect.signature(function).bind(**arguments)
        except TypeError as error:
            raise UsageError(f"the dataset {name} cannot be called so: {error}") from None
        self._name = name
        self._function = function
        self._arguments = arguments

    def examples(self, base: Path) -> Iterator[Example]:
        """`base` is for the sources of this package: a plugin finds its own files."""
        given = self._given()
        for number, each in enumerate(given, 1):
            if isinstance(each, Example):
                yield each
            elif isinstance(each, Mapping):
                yield example(Row(f"example {number} of the dataset {self._name}", each), f"q{number}", {})
            else:
                raise PluginError(f"the dataset {self._name} yields {quote(repr(each))}, which is no example and no mapping")

    def _given(self) -> Iterator[Any]:
        try:
            yield from self._function(**self._arguments)
        except LoopwrightError:
            raise
        except Exception as error:
            raise PluginError(f"the dataset {self._name} raises {quote(repr(error))}") from error
