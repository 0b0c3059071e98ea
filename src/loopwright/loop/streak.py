"""When something from outside is broken, and not what it was called with: it raised at one thing after the other."""

from __future__ import annotations

LIMIT = 5
"""So many in a row are not the fault of what it was called with."""
CREDIT = 45
"""So many more are, where it has worked before."""


def streak(before: int, called: int, raised: int) -> int:
    """At how many things in a row it has raised by now, less the credit that it has; several that were called at once count as
    a whole."""
    return before + called if raised == called else -CREDIT
