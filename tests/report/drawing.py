"""A chart read back from its SVG: what it says, and where it touches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from loopwright.report.frame import LETTER

SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
NASTY = "<script>alert('x')</script> & \"quotes\" \x1b[31m \u202e " + "long " * 40


class Drawing:
    """A chart, read back."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        _, _, self.width, self.height = map(float, self.root.attrib["viewBox"].split())

    @property
    def title(self) -> str:
        return self.root.findtext(f"{SVG}title") or ""

    @property
    def says(self) -> str:
        return self.root.findtext(f"{SVG}desc") or ""

    @property
    def words(self) -> list[str]:
        return [text.text or "" for text in self.root.iter(f"{SVG}text")]

    def all(self, tag: str, class_: str) -> list[ElementTree.Element]:
        return [each for each in self.root.iter(f"{SVG}{tag}") if each.get("class") == class_]

    def strays(self) -> list[str]:
        """What lies outside the box, words by an estimate of their width."""
        return [
            ElementTree.tostring(each, "unicode")
            for each in self.root.iter()
            for spot in spots(each)
            if not (-0.01 <= spot.x <= self.width + 0.01 and -0.01 <= spot.y <= self.height + 0.01)
        ]


class Spot(NamedTuple):
    x: float
    y: float


def spots(each: ElementTree.Element) -> Iterator[Spot]:
    """The places that an element touches."""
    given = {name: float(value) for name, value in each.attrib.items() if _NUMBER.fullmatch(value)}
    match each.tag.removeprefix(SVG):
        case "rect":
            yield Spot(given["x"], given["y"])
            yield Spot(given["x"] + given["width"], given["y"] + given["height"])
        case "line":
            yield Spot(given["x1"], given["y1"])
            yield Spot(given["x2"], given["y2"])
        case "path" if "transform" in each.attrib:
            yield Spot(*map(float, _NUMBER.findall(each.attrib["transform"])))
        case "path" if "V" not in each.attrib["d"]:
            numbers = [float(number) for number in _NUMBER.findall(each.attrib["d"])]
            yield from map(Spot, numbers[::2], numbers[1::2])
        case "text":
            wide = len(each.text or "") * LETTER * 0.9
            left = given["x"] - {"middle": wide / 2, "end": wide}.get(each.get("text-anchor", ""), 0.0)
            yield Spot(left, given["y"])
            yield Spot(left + wide, given["y"])
