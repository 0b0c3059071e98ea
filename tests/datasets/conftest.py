"""A Python that lacks a library, whether it is installed here or not."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`without("name")`: importing it fails, as where it is not installed."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)
