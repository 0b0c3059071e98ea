"""Sparklines: a course in the space of a word, drawn for a page or made of blocks for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from loopwright.report.markup import Markup, element

_BLOCKS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float | None], low: float = 0.0, high: float = 1.0) -> Markup:
    """Decoration beside a number that says it all; gaps where nothing is known."""
    points: list[str] = []
    move = "M"
    for place, value in enumerate(values):
        if value is None:
            move = "M"
            continue
        x = 2 + 92 * place / max(1, len(values) - 1)
        y = 20 - 16 * min(1.0, max(0.0, (value - low) / (high - low)))
        points.append(f"{move}{x:.1f},{y:.1f}")
        move = "L"
    ends = [point[1:].split(",") for point in points[-1:]]
    return element(
        "svg",
        element("path", d="".join(points), class_="curve") if points else None,
        *(element("circle", cx=x, cy=y, r=2.0, fill="currentColor") for x, y in ends),
        class_="spark s0",
        viewBox="0 0 96 24",
        aria_hidden="true",
    )


def blocks(values: Sequence[float | None], width: int = 20, low: float = 0.0, high: float = 1.0) -> str:
    """`▁▃▆█`, at most `width` letters; a dot where nothing is known."""
    parts = [values[len(values) * at // width : len(values) * (at + 1) // width] for at in range(width)]
    parts = parts if len(values) > width else [[value] for value in values]
    return "".join(_block([value for value in part if value is not None], low, high) for part in parts)


def _block(known: Sequence[float], low: float, high: float) -> str:
    if not known:
        return "·"
    level = (sum(known) / len(known) - low) / (high - low)
    return _BLOCKS[min(len(_BLOCKS) - 1, max(0, int(level * len(_BLOCKS))))]
