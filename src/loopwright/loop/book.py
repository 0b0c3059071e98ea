"""The run store as the calling loop's `Book`: outcomes become bytes, and an earlier life's replies are handed back once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from loopwright.llm import outcome
from loopwright.llm.book import Kept, ReplyKey
from loopwright.records import Call, Fields
from loopwright.store.rows import ReplyRow, SpentRow
from loopwright.store.writer import RunStore


class RunBook:
    """A `Book` over a run's store. Only the replies of unsettled trials and of stages are held in memory."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._spent = _accounts(store.spent())
        self._earlier = {
            ReplyKey(row.trial, row.step, row.ordinal, row.model, row.digest): row for row in store.replies(store.settled())
        }

    async def room(self) -> None:
        await self._store.room()

    def recall(self, key: ReplyKey) -> Kept | None:
        row = self._earlier.pop(key, None)
        return row and Kept(outcome.load(row.outcome), row.call, row.sample)

    def keep(self, key: ReplyKey, kept: Kept, ended: Call | None = None) -> None:
        self._store.keep_reply(ReplyRow(*key, kept.call, kept.sample, outcome.dump(kept.outcome)), ended)

    def next_call(self) -> int:
        return self._store.next_call_id()

    def enter(self, call: Call) -> None:
        self._store.enter_call(call)

    def event(self, kind: str, detail: Fields) -> None:
        self._store.event(kind, detail)

    def credits(self) -> Mapping[str, int]:
        """At least what the ledger says was spent: a cap that is set later holds for what came before it, too."""
        granted = self._store.credits()
        return {account: max(granted.get(account, 0), self._spent.get(account, 0)) for account in {*granted, *self._spent}}

    async def grant(self, credits: Mapping[str, int]) -> None:
        await self._store.grant(credits)


def _accounts(spent: Sequence[SpentRow]) -> dict[str, int]:
    """The ledger's sums by account, as the budget names them: each model's, and the run's over all of them."""
    sums: Counter[str] = Counter()
    for model, calls, tokens, nano_usd in spent:
        for owner in ("run", f"model/{model}"):
            sums.update({f"{owner}:calls": calls, f"{owner}:tokens": tokens, f"{owner}:nano_usd": nano_usd})
    return sums
