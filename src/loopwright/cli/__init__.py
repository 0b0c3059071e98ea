"""The command line: `app` declares the commands, `main` runs them and turns what goes wrong into a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from loopwright.cli.commands import app
from loopwright.cli.text import plain
from loopwright.errors import LoopwrightError, SpecError


def main(words: Sequence[str] | None = None) -> None:
    """The console script; `words` are by default those that the process was called with."""
    try:
        app(words, prog_name="loopwright")
    except KeyboardInterrupt:
        sys.exit(130)
    except LoopwrightError as error:
        _say(error, _message(error))
        sys.exit(error.exit_code)
    except Exception as error:
        from loopwright.cli.traces import trace

        _say(error, f"error: {error}\n{trace(error)}")
        sys.exit(1)


def _message(error: LoopwrightError) -> str:
    if isinstance(error, SpecError) and len(error.problems) > 1:
        problems = "\n".join(f"  {problem}" for problem in str(error).splitlines())
        return f"error: {len(error.problems)} problems in the spec\n{problems}"
    return f"error: {error}"


def _say(error: Exception, message: str) -> None:
    print(plain("\n".join((message, *getattr(error, "__notes__", ())))), file=sys.stderr)


__all__ = ["app", "main"]
