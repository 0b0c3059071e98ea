"""Where a mistake of ours, or of a plugin, happened: shown to whoever asks for it."""

from __future__ import annotations

import os
import traceback

DEBUG = "LOOPWRIGHT_DEBUG"


def trace(error: BaseException) -> str:
    """The traceback where the environment asks for it, else how to get it."""
    if os.environ.get(DEBUG):
        return "".join(traceback.format_exception(error)).rstrip()
    return f"{type(error).__name__}: this is a mistake in Loopwright or in a plugin; {DEBUG}=1 shows where it happened."
