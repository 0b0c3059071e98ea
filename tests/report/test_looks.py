"""All text has the contrast that is asked of text, and all lines that of drawings, light and dark (WCAG 2.2: 4.5 and 3)."""

from __future__ import annotations

import re

import pytest

from loopwright.report.looks import CHART, LOOKS

PAIRS = re.findall(r"--(\w+): light-dark\(#(\w{6}), #(\w{6})\)", CHART)
COLOURS = {
    "light": {name: bytes.fromhex(light) for name, light, _ in PAIRS},
    "dark": {name: bytes.fromhex(dark) for name, _, dark in PAIRS},
}
TEXT = ["ink", "quiet", "good", "bad", "warn", "s0"]
SERIES = [look.name for look in LOOKS]


def luminance(colour: bytes) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: bytes, other: bytes) -> float:
    lower, higher = sorted((luminance(one), luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("ground", ["page", "card"])
def test_contrast(theme: str, ground: str) -> None:
    colours = COLOURS[theme]
    for name in TEXT:
        assert contrast(colours[name], colours[ground]) >= 4.5, name
    for name in SERIES:
        assert contrast(colours[name], colours[ground]) >= 3, name


@pytest.mark.parametrize("theme", COLOURS)
def test_numbers_on_the_strongest_cell_of_a_heat_map(theme: str) -> None:
    colours = COLOURS[theme]
    for cell in ("heat", "s1"):
        ground = bytes((one + other) // 2 for one, other in zip(colours[cell], colours["card"], strict=True))
        assert contrast(colours["ink"], ground) >= 4.5, cell


def test_no_colour_is_named_anywhere_else() -> None:
    assert not re.findall(r"#[0-9a-f]{3,6}\b", CHART.partition("@media print")[2])
