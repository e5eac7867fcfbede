"""The lanes of the strip from top to bottom: where each lies. Plain numbers, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Lane = Literal["ruler", "boards", "picture", "marks", "energy", "hits", "music"]

ORDER: tuple[Lane, ...] = ("ruler", "boards", "picture", "marks", "energy", "hits", "music")
TIGHT: dict[Lane, int] = {  # on a low screen
    "ruler": 20, "boards": 24, "picture": 18, "marks": 28, "energy": 24, "hits": 20, "music": 24,
}  # fmt: skip
LEAST: dict[Lane, int] = {  # from which on there is room to grow
    "ruler": 22, "boards": 40, "picture": 34, "marks": 32, "energy": 38, "hits": 24, "music": 36,
}  # fmt: skip
_GROWS: dict[Lane, tuple[float, int]] = {  # its share of what is left over, and the most it gets
    "boards": (0.14, 56), "picture": (0.3, 110), "energy": (0.24, 120), "music": (0.32, 170),
}  # fmt: skip
GAP = 3
GUTTER = 84  # the lanes' names, where there is room for them
WIDE = 760


@dataclass(frozen=True)
class Lanes:
    """`tops` and `talls` in pixels, by lane; `gutter` is where the axis begins."""

    tops: dict[Lane, int]
    talls: dict[Lane, int]
    gutter: int

    def at(self, y: float) -> Lane | None:
        for lane in ORDER:
            if self.tops[lane] <= y < self.tops[lane] + self.talls[lane] + GAP:
                return lane
        return None

    @property
    def bottom(self) -> int:
        return self.tops["music"] + self.talls["music"]


def least_height() -> int:
    return sum(TIGHT.values()) + GAP * (len(ORDER) - 1)


def lanes(width: int, height: int, letter: float = 1.0) -> Lanes:
    """`letter` is how much taller than usual the system's letters are."""
    talls = dict(LEAST)
    talls["ruler"], talls["boards"] = round(talls["ruler"] * letter), round(talls["boards"] * letter)
    spare = height - sum(talls.values()) - GAP * (len(ORDER) - 1)
    if spare > 0:
        for lane, (share, most) in _GROWS.items():
            talls[lane] = min(most, talls[lane] + int(spare * share))
    elif spare < 0:
        gives = sum(talls.values()) - sum(TIGHT.values())
        part = min(1.0, -spare / max(1, gives))
        talls = {lane: tall - math.ceil((tall - TIGHT[lane]) * part) for lane, tall in talls.items()}
    tops: dict[Lane, int] = {}
    y = 0
    for lane in ORDER:
        tops[lane] = y
        y += talls[lane] + GAP
    return Lanes(tops, talls, GUTTER if width >= WIDE else 0)
