"""The boundary around validators: what one raises becomes a failed ruling that says so, what ends a run goes through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loopwright.errors import DeadlinePassed, LoopwrightError, TrialError
from loopwright.llm.quoting import quote
from loopwright.quality.row import Ruling


class Raised:
    """Where `guarded` leaves the ruling that an exception became."""

    ruling = Ruling(False, reason="nothing was raised")


@contextmanager
def guarded(name: str) -> Iterator[Raised]:
    """A call that failed or foreign code that raised fails the row; a missing extra, a spent budget or a passed deadline
    are not the row's fault."""
    raised = Raised()
    try:
        yield raised
    except DeadlinePassed:
        raise
    except TrialError as error:
        raised.ruling = Ruling(False, reason=f"{name} got no answer: {error.kind}: {quote(str(error))}")
    except LoopwrightError:
        raise
    except Exception as error:
        said = f": {text}" if (text := quote(str(error))) else ""
        reason = f"the validator {name} raised {type(error).__name__}{said}"
        raised.ruling = Ruling(False, reason=reason, raised=True)
