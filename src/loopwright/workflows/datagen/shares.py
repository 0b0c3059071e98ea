"""Which labels the accepted rows shall have: how many of each, which are wanted next, and which there are enough of."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.policy.keyed import Keyed

SLACK = 0.01
"""The rows, as a share of the target, that may be of other labels than wanted."""
LACK = 0.1
"""The share of its rows that a label may lack for it: a rare one lacks none."""


class Quotas:
    """How many rows of each label make up the target; none where no labels are wanted."""

    def __init__(self, shares: Mapping[str, float], target: int) -> None:
        self.target = target
        total = sum(shares.values())
        self.shares = {label: share / total for label, share in shares.items()} if total else {}
        self.rows = _rounded({label: share * target for label, share in self.shares.items()}, target)
        self.slack = int(SLACK * target)
        self._least = {label: rows - min(self.slack, int(LACK * rows)) for label, rows in self.rows.items()}

    def next(self, accepted: Mapping[str, int], size: int, rng: Keyed) -> list[str | None]:
        """Labels for so many rows, as far as they are missing: each with the chance that its deficit has, evenly spread."""
        if not self.rows:
            return [None] * size
        missing = {label: max(0, rows - accepted.get(label, 0)) for label, rows in self.rows.items()}
        total = sum(missing.values()) or 1
        step = total / size
        at = rng.random() * step
        found: list[str | None] = []
        reached = 0
        for label, left in missing.items():
            reached += left
            while at < reached and len(found) < size:
                found.append(label)
                at += step
        found += [max(missing, key=lambda label: missing[label])] * (size - len(found))
        rng.shuffle(found)
        return found

    def refuses(self, label: str | None, accepted: Mapping[str, int]) -> str | None:
        """Why there is no place for another row of that label."""
        if not self.rows:
            return None
        if label is None or not self.shares.get(label):
            return f"its label {label!r} is none of {', '.join(each for each, share in self.shares.items() if share)}"
        if accepted.get(label, 0) < self._least[label]:
            return None
        over = sum(max(0, accepted.get(each, 0) - rows) for each, rows in self.rows.items())
        needed = sum(max(0, least - accepted.get(each, 0)) for each, least in self._least.items())
        left = self.target - sum(accepted.get(each, 0) for each in self.rows)
        wanted = accepted.get(label, 0) < self.rows[label] or over < self.slack
        return None if wanted and needed < left else f"there are enough rows of {label}"

    def deficits(self, accepted: Mapping[str, int]) -> dict[str, float]:
        """By how much the share of each label lags behind; nothing does before there are rows."""
        total = sum(accepted.values())
        if not total:
            return dict.fromkeys(self.shares, 0.0)
        return {label: max(0.0, share - accepted.get(label, 0) / total) for label, share in self.shares.items()}


def _rounded(exact: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers that add up: the largest fractions are rounded up."""
    rows = {label: int(share) for label, share in exact.items()}
    left = total - sum(rows.values()) if rows else 0
    for label in sorted(exact, key=lambda label: rows[label] - exact[label])[:left]:
        rows[label] += 1
    return rows
