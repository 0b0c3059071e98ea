"""Numbers made readable: money, counts, shares, durations, moments. What is unknown says so, and is never 0."""

from __future__ import annotations

from datetime import UTC, datetime


def usd(nano: int | None) -> str:
    """`$1.23`; small sums keep two significant digits; None is unknown, never 0."""
    if nano is None:
        return "unknown"
    dollars = nano / 1e9
    if dollars == 0 or dollars >= 0.1:
        return f"${dollars:,.2f}"
    return f"${dollars:.9f}"[: max(5, 3 + _zeros(dollars) + 2)]


def count(number: float | None) -> str:
    """`12,345`."""
    return "unknown" if number is None else f"{number:,.0f}"


def share(part: float, whole: float) -> str:
    """`37.5 %`."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None:
        return "unknown"
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02d} s"
    if total < 86400:
        return f"{total // 3600} h {total % 3600 // 60:02d} min"
    return f"{total // 86400} d {total % 86400 // 3600} h"


def moment(at: float | None) -> str:
    """`2026-03-01 12:00:05 UTC`."""
    return "unknown" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _zeros(dollars: float) -> int:
    """How many zeros follow the point of a number below 0.1."""
    digits = f"{dollars:.9f}".partition(".")[2]
    return len(digits) - len(digits.lstrip("0"))
