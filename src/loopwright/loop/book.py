"""The run store as the calling loop's `Book`: outcomes become bytes, and an earlier life's replies are handed back once."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.llm import outcome
from loopwright.llm.book import Kept, ReplyKey
from loopwright.records import Call, Fields
from loopwright.store.rows import ReplyRow
from loopwright.store.writer import RunStore


class RunBook:
    """A `Book` over a run's store. Only the replies of unsettled trials and of stages are held in memory."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._earlier = {
            ReplyKey(row.trial, row.step, row.ordinal, row.model, row.digest): row for row in store.replies(store.settled())
        }

    def recall(self, key: ReplyKey) -> Kept | None:
        row = self._earlier.pop(key, None)
        return row and Kept(outcome.load(row.outcome), row.call, row.sample)

    def keep(self, key: ReplyKey, kept: Kept) -> None:
        self._store.keep_reply(ReplyRow(*key, kept.call, kept.sample, outcome.dump(kept.outcome)))

    def next_call(self) -> int:
        return self._store.next_call_id()

    def enter(self, call: Call) -> None:
        self._store.enter_call(call)

    def event(self, kind: str, detail: Fields) -> None:
        self._store.event(kind, detail)

    def credits(self) -> Mapping[str, int]:
        return self._store.credits()

    async def grant(self, credits: Mapping[str, int]) -> None:
        await self._store.grant(credits)
