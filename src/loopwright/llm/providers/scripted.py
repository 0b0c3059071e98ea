"""A model that is a Python function, or a list of answers given in turn: for tests, demonstrations and dry runs."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import blake2b
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from loopwright.errors import BoundaryError, LoopwrightError, Problem, Rejected, SpecError
from loopwright.llm.messages import Reply, Request, Usage
from loopwright.llm.quoting import quote
from loopwright.llm.structured import Ability
from loopwright.spec.blocks import ModelBlock

if TYPE_CHECKING:
    from loopwright.llm.providers import Context

Script: TypeAlias = Callable[[Request], "str | Reply | Awaitable[str | Reply]"]


class Scripted:
    """Answers what its script says. Usage, where the script gives none, counts words between spaces, not tokens."""

    ability: ClassVar[Ability] = "json_schema"

    def __init__(self, block: ModelBlock, context: Context) -> None:
        self._id = block.id
        script = block.script
        if isinstance(script, str):
            self._script = load(script, context.folder, block.id)
        else:
            self._script = in_turn(script or [], block.id, sum(context.answered(block.id).values()))

    async def complete(self, request: Request) -> Reply:
        try:
            given = self._script(request)
            if inspect.isawaitable(given):
                given = await given
        except LoopwrightError:
            raise
        except Exception as error:
            raise self._blame(f"{type(error).__name__}: {quote(str(error))}") from error
        return self._labelled(request, given)

    def _labelled(self, request: Request, given: object) -> Reply:
        label = f"scripted:{self._id}"
        if isinstance(given, Reply):
            return replace(given, model=label)
        if not isinstance(given, str):
            raise self._blame(f"returned {type(given).__name__}, not a str or a Reply")
        try:
            given.encode()
        except UnicodeEncodeError:
            raise self._blame("returned text that is not Unicode") from None
        most = request.max_output_tokens
        cut = most is not None and words(given) > most
        text = " ".join(given.split()[:most]) if cut else given
        asked = sum(words(message.content) for message in request.messages)
        return Reply(text=text, model=label, finish="length" if cut else "stop", usage=Usage(asked, words(text)))

    def _blame(self, what: str) -> BoundaryError:
        return BoundaryError(f"script of model {self._id!r}", what)


def words(text: str) -> int:
    """What a scripted model bills."""
    return len(text.split())


def in_turn(answers: list[str], model: str, given: int = 0) -> Script:
    """The answers after those given before, in the order of the requests. Where calls run side by side, use a function."""
    left = iter(answers[given:])

    def script(request: Request) -> str:  # noqa: ARG001
        answer = next(left, None)
        if answer is None:
            raise Rejected(f"the script of model {model!r} has no answer left after {len(answers)}; make the list longer")
        return answer

    return script


def load(path: str, folder: Path, model: str) -> Script:
    """The function that `module:function` names; the module is looked for beside the spec, then where Python looks."""
    module_name, _, name = path.partition(":")
    try:
        found: Any = getattr(_module(module_name, folder), name)
    except Exception as error:
        raise _unusable(model, f"{path!r} does not load: {quote(repr(error))}") from error
    if not callable(found):
        raise _unusable(model, f"{path!r} is not a function")
    script: Script = found
    return script


def _module(name: str, folder: Path) -> ModuleType:
    file = (folder / Path(*name.split("."))).with_suffix(".py").resolve()
    if not file.is_file():
        return import_module(name)
    # Not entered into sys.modules under its bare name: two specs may each have a `script.py`.
    private = f"loopwright_script_{blake2b(str(file).encode(), digest_size=6).hexdigest()}"
    spec = spec_from_file_location(private, file)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unusable(model: str, what: str) -> SpecError:
    return SpecError([Problem(f"models[{model}].script", what, "module:function, taking a Request, returning str or Reply")])
