"""Every error Loopwright raises on purpose, one class per way a user recovers from it.

LoopwrightError
├── UsageError                  mend what you typed                          exit 2
│   ├── SpecError               mend the spec: it names file, line and path
│   ├── ExtraMissing            install the extra it names
│   ├── PluginError             mend or remove the plugin it names
│   └── RunNotFound             name a run that exists
├── RunHeld                     wait for the process that holds the run      exit 75
├── StoreError                  mend the disk, then resume
│   ├── StoreFull               free space
│   ├── StoreReadOnly           make the folder writable
│   ├── StoreCorrupt            restore the file
│   ├── StoreTooNew             upgrade Loopwright
│   └── ReplayDiffers           start another run with --fresh
├── GateMissed                  look at what came out                        exit 4
├── RunStopped                  mend the cause, then resume                  exit 1
│   ├── KeyRejected             give another key (401, 403)
│   ├── QuotaExhausted          buy quota or wait
│   ├── EndpointMissing         mend base_url or model (404, redirect)
│   ├── EndpointDown            wait until the endpoint answers again
│   ├── BoundaryDown            mend the foreign code it blames, which fails again and again
│   ├── CassetteMiss            record the cassette again
│   ├── BudgetReached           raise the budget                             exit 3
│   └── Interrupted             resume                                       exit 130
└── TrialError                  nothing: the trial failed, its siblings go on
    ├── BoundaryError           mend the foreign code it blames
    ├── DeadlinePassed          raise the trial's deadline
    └── CallError               read its kind; the calling loop has retried what can be retried
        ├── Unavailable         server error, connection lost
        │   └── Overloaded      429, 503, 529: slow down
        ├── TimedOut            the exchange outlasted its deadline
        ├── BadReply            the server answered nonsense
        ├── BadAnswer           the model's answer does not fit the schema
        └── Rejected            the server refuses this request (400)
            ├── ContextTooLong  shorten the prompt
            └── Unsupported     a parameter the endpoint does not know

A `TrialError` is data as much as an exception: it is stored with the trial, and replayed from the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class LoopwrightError(Exception):
    """The root. `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class UsageError(LoopwrightError):
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a spec; `line` is filled in by the document that knows it."""

    path: str
    message: str
    expected: str | None = None
    nearest: str | None = None
    line: int | None = None


class SpecError(UsageError):
    """A spec that cannot be used: all its problems at once, each with file, line and path."""

    def __init__(self, problems: list[Problem], file: str | None = None) -> None:
        super().__init__(problems, file)
        self.problems = problems
        self.file = file

    def __str__(self) -> str:
        return "\n".join(self._line(problem) for problem in self.problems)

    def _line(self, problem: Problem) -> str:
        place = ":".join(str(part) for part in (self.file, problem.line) if part is not None)
        text = f"{place}: " if place else ""
        text += f"{problem.path}: {problem.message}" if problem.path else problem.message
        if problem.expected:
            text += f"; expected {problem.expected}"
        if problem.nearest:
            text += f"; did you mean {problem.nearest!r}?"
        return text


class ExtraMissing(UsageError):
    """An optional library is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs the extra {extra!r}: pip install 'loopwright[{extra}]'")
        self.extra = extra


class PluginError(UsageError):
    pass


class RunNotFound(UsageError):
    pass


class RunHeld(LoopwrightError):
    exit_code = 75


class StoreError(LoopwrightError):
    pass


class StoreFull(StoreError):
    pass


class StoreReadOnly(StoreError):
    pass


class StoreCorrupt(StoreError):
    pass


class StoreTooNew(StoreError):
    pass


class ReplayDiffers(StoreError):
    """The stored trials no longer settle to what is stored."""


class GateMissed(LoopwrightError):
    exit_code = 4


class RunStopped(LoopwrightError):
    """Ends the run after the trials that have settled; the same command resumes it."""


class KeyRejected(RunStopped):
    pass


class QuotaExhausted(RunStopped):
    pass


class EndpointMissing(RunStopped):
    pass


class EndpointDown(RunStopped):
    pass


class BoundaryDown(RunStopped):
    pass


class CassetteMiss(RunStopped):
    pass


class BudgetReached(RunStopped):
    """A cap cannot cover the next call; `cap` is its place in the spec, `call` what that may take of it."""

    exit_code = 3

    def __init__(self, message: str, cap: str | None = None, call: int = 0) -> None:
        super().__init__(message)
        self.cap = cap
        self.call = call


class Interrupted(RunStopped):
    exit_code = 130


class TrialError(LoopwrightError):
    """Fails one trial. `kind` is its name in the store."""

    @property
    def kind(self) -> str:
        return type(self).__name__


class BoundaryError(TrialError):
    """Foreign code (a validator, a metric, a program, a plugin) raised; `boundary` says which."""

    def __init__(self, boundary: str, message: str) -> None:
        super().__init__(f"{boundary}: {message}")
        self.boundary = boundary


class DeadlinePassed(TrialError):
    pass


class CallError(TrialError):
    """A call that gave no usable reply, after all the retries it was worth.

    `charged` says whether the provider may have billed it, `retry_after` how long the server asked us to wait, `spent` what an
    answer that was of no use has cost, as far as that is known.
    """

    def __init__(self, message: str, *, charged: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.charged = charged
        self.retry_after = retry_after
        self.spent: dict[str, int] = {}


class Unavailable(CallError):
    pass


class Overloaded(Unavailable):
    pass


class TimedOut(CallError):
    pass


class BadReply(CallError):
    pass


class BadAnswer(CallError):
    pass


class Rejected(CallError):
    pass


class ContextTooLong(Rejected):
    pass


class Unsupported(Rejected):
    pass


CALL_ERRORS: dict[str, type[CallError]] = {
    error.__name__: error
    for error in (Unavailable, Overloaded, TimedOut, BadReply, BadAnswer, Rejected, ContextTooLong, Unsupported)
}
"""The call errors by name, to rebuild a stored outcome."""
