"""The markers of MLT documents: Kdenlive's guides and clip markers, JSON in a property; Shotcut's, properties in properties."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import opentimelineio as otio

from .mlt_xml import Mlt, Node, frames_of

SHOTCUT = "shotcut:markers"

# Kdenlive's own nine kinds; a project may name and colour others.
_KINDS = ("PURPLE", "CYAN", "BLUE", "GREEN", "YELLOW", "ORANGE", "RED", "PINK", "MAGENTA")
_COLORS = {
    "RED": 0xFF0000,
    "PINK": 0xFF80C0,
    "ORANGE": 0xFFA500,
    "YELLOW": 0xFFFF00,
    "GREEN": 0x00FF00,
    "CYAN": 0x00FFFF,
    "BLUE": 0x0000FF,
    "PURPLE": 0x9B59B6,
    "MAGENTA": 0xFF00FF,
    "BLACK": 0x000000,
    "WHITE": 0xFFFFFF,
}
_MOST = 100_000


@dataclass(frozen=True)
class Guide:
    """A marker as an editor keeps it; `kind` is a number in Kdenlive, a colour such as #008000 in Shotcut."""

    frame: int
    text: str
    color: str = "GREEN"
    frames: int = 0

    def marker(self, fps: float, ours: bool = False) -> Any:
        marked = otio.opentime.TimeRange(
            otio.opentime.RationalTime(self.frame, fps), otio.opentime.RationalTime(self.frames, fps)
        )
        known = {"hitpoint": {"kind": "beat"}} if ours else {}
        return otio.schema.Marker(self.text, marked, self.color, metadata=known)


def categories(main_bin: Node | None) -> dict[int, str]:
    """The colour of each kind of marker."""
    found = dict(enumerate(_KINDS))
    for each in listed(main_bin.get("kdenlive:docproperties.guidesCategories")) if main_bin else ():
        number, color = each.get("index"), each.get("color")
        standard = isinstance(number, int) and 0 <= number < len(_KINDS) and color in _STANDARD[number : number + 1]
        if isinstance(number, int) and isinstance(color, str) and not standard:
            found[number] = nearest(color)
    return found


_STANDARD = ("#9b59b6", "#3daee9", "#1abc9c", "#1cdc9a", "#c9ce3b", "#fdbc4b", "#f39c1f", "#f47750", "#da4453")


def nearest(color: str) -> str:
    """The OpenTimelineIO colour that lies nearest to #RRGGBB."""
    try:
        number = int(color.strip().lstrip("#")[-6:], 16)
    except ValueError:
        return "GREEN"

    def far(name: str) -> int:
        other = _COLORS[name]
        return sum((((number >> shift) & 255) - ((other >> shift) & 255)) ** 2 for shift in (16, 8, 0))

    return min(_COLORS, key=far)


def listed(text: str) -> list[dict[str, Any]]:
    """The objects of a JSON list, none where it is no list or is damaged: markers are no reason to refuse an edit."""
    try:
        found = json.loads(text) if text.strip() else []
    except (ValueError, RecursionError):
        return []
    return [each for each in found if isinstance(each, dict)][:_MOST] if isinstance(found, list) else []


def guides(text: str, colors: dict[int, str]) -> Iterator[Guide]:
    """Kdenlive's markers, of a sequence or of a clip."""
    for each in listed(text):
        at, length, kind = each.get("pos"), each.get("duration", 0), each.get("type", 0)
        if isinstance(at, int) and not isinstance(at, bool) and abs(at) < 2**31:
            length = length if isinstance(length, int) and 0 < length < 2**31 else 0
            color = colors.get(kind, "GREEN") if isinstance(kind, int) else "GREEN"
            yield Guide(at, str(each.get("comment") or ""), color, length)


def shotcut_markers(document: Mlt, tractor: Node) -> list[tuple[Node, Guide]]:
    """Shotcut's markers and where each stands."""
    found: list[tuple[Node, Guide]] = []
    for group in tractor.all("properties"):
        for each in group.all("properties") if group.attributes.get("name") == SHOTCUT else ():
            first = frames_of(each.get("start"), document.rate)
            last = frames_of(each.get("end"), document.rate)
            if first is not None:
                length = max(0, last - first) if last is not None else 0
                found.append((each, Guide(first, each.get("text"), nearest(each.get("color", "#008000")), length)))
    return found


def ours_among(known: Collection[Any], guide: Guide) -> bool:
    """Whether a guide is one that we wrote down as ours: by its frame and its words."""
    return [guide.frame, guide.text] in known or (guide.frame, guide.text) in known
