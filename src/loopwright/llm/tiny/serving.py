"""One copy of the weights per process, and one thread that takes everybody's sequences a step further while there are any.

Callers stand on event loops or in threads of their own: a future takes their answer back, and cancelling it frees the place.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread
from typing import TypeAlias

from loopwright.llm.tiny.batching import SLOTS, Asked, Batch, Said
from loopwright.llm.tiny.constrain import Vocabulary
from loopwright.llm.tiny.network import Network, load
from loopwright.llm.tiny.tokens import Tokenizer

WEIGHTS = Path(__file__).with_name("weights.npz")

Ticket: TypeAlias = "Future[Said]"


class Server:
    """A batch that is kept going. Its thread lives only while somebody waits for an answer."""

    def __init__(self, path: Path, slots: int = SLOTS) -> None:
        weights = load(path)
        self.parameters = weights.parameters
        self.digest = weights.digest
        self.context = len(weights.arrays["positions"])
        self.tokenizer = Tokenizer(weights.vocabulary)
        self._batch: Batch[Ticket] = Batch(Network(weights), weights.vocabulary, slots)
        self._lock = Lock()
        self._waiting: deque[tuple[Asked, Ticket]] = deque()
        self._running = False
        self._cancelled = False

    @property
    def busy(self) -> bool:
        return self._running

    @property
    def grammars(self) -> Vocabulary:
        return self._batch.grammars

    def submit(self, asked: Asked) -> Ticket:
        ticket: Ticket = Future()
        ticket.add_done_callback(self._heed)
        with self._lock:
            self._waiting.append((asked, ticket))
            start = not self._running
            self._running = True
        if start:
            Thread(target=self._run, name="loopwright-tiny").start()
        return ticket

    def _heed(self, ticket: Ticket) -> None:
        if ticket.cancelled():
            self._cancelled = True

    def _run(self) -> None:
        try:
            while self._admit():
                for ticket, said in self._batch.step():
                    if ticket.set_running_or_notify_cancel():
                        ticket.set_result(said)
        except BaseException as error:
            self._give_up(error)

    def _admit(self) -> bool:
        """Lets go who has left and lets in whom there is room for; False when nobody is there."""
        if self._cancelled:
            self._cancelled = False
            for ticket in [ticket for ticket in self._batch.tickets if ticket.cancelled()]:
                self._batch.drop(ticket)
        while (joining := self._next()) is not None:
            asked, ticket = joining
            try:
                self._batch.join(asked, ticket)
            except Exception as error:
                _fail(ticket, error)
        return len(self._batch) > 0

    def _next(self) -> tuple[Asked, Ticket] | None:
        """Who joins; when nobody does and nobody is there, whoever comes later starts another thread."""
        with self._lock:
            while self._waiting and len(self._batch) < self._batch.slots:
                asked, ticket = self._waiting.popleft()
                if not ticket.cancelled():
                    return asked, ticket
            self._running = len(self._batch) > 0
            return None

    def _give_up(self, error: BaseException) -> None:
        """Whatever went wrong, nobody is left waiting."""
        with self._lock:
            waiting = [*self._batch.tickets, *(ticket for _, ticket in self._waiting)]
            self._waiting.clear()
            self._batch.empty()
            self._running = False
        for ticket in waiting:
            _fail(ticket, error)


def _fail(ticket: Ticket, error: BaseException) -> None:
    if not ticket.done() and ticket.set_running_or_notify_cancel():
        ticket.set_exception(error)


_servers: dict[Path, Server] = {}
_lock = Lock()


def server(path: Path = WEIGHTS) -> Server:
    """The process's server of these weights, which are read at the first call."""
    with _lock:
        if path not in _servers:
            _servers[path] = Server(path)
        return _servers[path]


def _begin_anew() -> None:
    """A forked child has the parent's memory but not its threads."""
    global _lock  # noqa: PLW0603
    _lock = Lock()
    _servers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
