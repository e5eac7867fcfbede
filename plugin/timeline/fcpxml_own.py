"""What FCPXML's elements stand for: their resources, and how their own time runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from ...runtime.rate import Rate
from . import media_path, score_track
from .fcpxml_text import CONTAINERS, active, called, conformed, contained, format_rate, mapped, time
from .layout import MAX_DEPTH, MAX_SECONDS, ZERO
from .xml_text import Document, Node

ONE = Fraction(1)


@dataclass(frozen=True)
class Own:
    """An element's timing. `start` is its own time at its first frame and `scale` how fast that runs: connected clips and
    markers are placed in it. `first` and `speed` say what of its medium (or nest) plays; `length` is as its parent sees it.

    For speeds below zero `first` is the lowest moment that plays, as OpenTimelineIO has it.
    """

    start: Fraction
    length: Fraction
    scale: Fraction
    first: Fraction
    speed: Fraction
    uneven: bool = False

    def medium(self, moment: Fraction) -> Fraction:
        """The moment of the medium that is seen at a moment of the element's own time."""
        since = (moment - self.start) / self.scale
        return self.first + (since if self.speed >= 0 else since - self.length) * self.speed


@dataclass(frozen=True)
class Asset:
    name: str
    url: str
    start: Fraction
    length: Fraction | None
    picture: bool
    sound: bool

    def media(self, span: Callable[[Fraction, Fraction], Any]) -> Any:
        if not self.url:
            return otio.schema.MissingReference(self.name)
        available = span(self.start, self.length) if self.length is not None else None
        made = otio.schema.ExternalReference(self.url, available)
        made.name = self.name
        return made


class Resources:
    """The document's resources by id. `warnings` tells what it refers to and does not hold."""

    def __init__(self, document: Document) -> None:
        held = (node for room in document.root.all("resources") for node in room.children)
        self._by_id = {node.attributes["id"]: node for node in held if "id" in node.attributes}
        self._assets: dict[str, Asset] = {}
        self._owns: dict[int, Own] = {}
        self._shows: dict[int, bool] = {}
        self._opened: dict[str, int] = {}
        self._asked: list[int] = []
        self.warnings: dict[str, None] = {}

    def get(self, node: Node, attribute: str) -> Node | None:
        return self._by_id.get(node.attributes.get(attribute, ""))

    def asset(self, node: Node) -> Asset | None:
        """The medium of a clip; None for generators, titles and what the file does not hold."""
        found = self.get(node, "ref")
        if found is None and node.tag in ("asset-clip", "audio"):
            self.warnings.setdefault(
                f"{called(node)} refers to a medium that the file does not hold: it counts as offline"
            )
        if found is None or found.tag != "asset":
            return None
        key = found.attributes["id"]
        if key not in self._assets:
            self._assets[key] = _asset(found)
        return self._assets[key]

    def content(self, node: Node) -> Node | None:
        """The sequence or multicam that a compound or multicam clip plays."""
        media = self.get(node, "ref")
        return next(iter(media.all("sequence", "multicam")), None) if media else None

    def angle(self, node: Node, multicam: Node, word: str = "video") -> Node | None:
        """The angle that a multicam clip shows, or is heard with."""
        angles = multicam.all("mc-angle")
        chosen = [
            source.attributes.get("angleID", "")
            for source in node.all("mc-source")
            if source.attributes.get("srcEnable", "all") in ("all", word)
        ]
        named = (angle for angle in angles if angle.attributes.get("angleID") in chosen)
        return next(named, angles[0] if angles and not chosen else None)

    def opened(self, node: Node, inside: tuple[str, ...] = ()) -> int:
        """How many elements there are in it once every compound and multicam clip is opened."""
        total = 0
        for each in node.walk():
            total += 1
            media = self.get(each, "ref") if each.tag in ("ref-clip", "mc-clip") else None
            key = media.attributes["id"] if media is not None else ""
            if media is None or key in inside or len(inside) > MAX_DEPTH:
                continue  # one that contains itself is refused where it is opened
            if key not in self._opened:
                self._opened[key] = self.opened(media, (*inside, key))
            total += self._opened[key]
        return total

    def shows(self, node: Node) -> bool:
        """Whether there is picture in it."""
        key = id(node)
        if key not in self._shows:
            if key in self._asked or len(self._asked) > MAX_DEPTH * 4:
                return True  # it contains itself: whoever opens it will say so
            self._asked.append(key)
            self._shows[key] = self._has_picture(node)
            self._asked.pop()
        return self._shows[key]

    def _has_picture(self, node: Node) -> bool:
        if node.tag == "audition":
            picked = active(node)
            return picked is not None and self.shows(picked)
        if node.tag in ("gap", "audio") or node.attributes.get("srcEnable") == "audio":
            return False
        if node.tag in ("spine", "mc-angle"):
            return any(self.shows(child) for child in node.children if child.tag != "transition")
        if node.tag in CONTAINERS:
            return any(self.shows(child) for child in contained(node))
        if node.tag in ("ref-clip", "mc-clip"):
            content = self.content(node)
            holder = self.angle(node, content) if content and content.tag == "multicam" else None
            holder = holder or (content.first("spine") if content else None)
            return holder is None or any(self.shows(child) or self._hangs(child) for child in holder.children)
        if node.tag == "asset-clip":
            asset = self.asset(node)
            return asset is None or asset.picture
        return node.tag in ("video", "title")

    def _hangs(self, node: Node) -> bool:
        return any(self.shows(child) for child in node.children if "lane" in child.attributes)

    def ours(self, node: Node) -> dict[str, Any] | None:
        """What we wrote down about a clip or marker of ours, empty where a host lost it; None for anybody else's."""
        if node.tag in ("marker", "chapter-marker"):
            return score_track.from_note(node.attributes.get("note", ""))
        if node.tag not in ("asset-clip", "audio"):
            return None
        known = score_track.from_note(node.value("note"))
        if known is not None:
            return known
        asset = self.get(node, "ref")
        path = media_path.parse(source(asset)) if asset is not None and asset.tag == "asset" else None
        return {} if path is not None and score_track.is_score_media(path.text) else None

    def own(self, node: Node) -> Own:
        key = id(node)
        if key not in self._owns:
            self._owns[key] = self._timing(node)
        return self._owns[key]

    def _timing(self, node: Node) -> Own:
        start = time(node, "start", self._origin(node))
        length = time(node, "duration", self._length(node, start))
        if length < 0:
            raise InputError(f"{called(node)} has a negative duration ({node.attributes.get('duration')})")
        if length > MAX_SECONDS:
            raise InputError(f"{called(node)} is {float(length) / 3600:.0f} hours long, beyond any timeline")
        scale = self._scale(node)
        remap = node.first("timeMap")
        if remap is None:
            return Own(start, length, scale, start, scale)
        end = start + length * scale
        low, middle, high = (mapped(remap, moment) for moment in (start, (start + end) / 2, end))
        speed = (high - low) / length if length else ONE
        inside = [p for p in remap.all("timept") if start < time(p, "time") < end]
        uneven = any(mapped(remap, t := time(p, "time")) != low + (t - start) / scale * speed for p in inside)
        return Own(start, length, scale, low if speed >= 0 else high, speed, uneven or 2 * middle != low + high)

    def _origin(self, node: Node) -> Fraction:
        """What an element without a start begins at."""
        if node.tag in ("ref-clip", "mc-clip"):
            content = self.content(node)
            return time(content, "tcStart", ZERO) if content else ZERO
        asset = self.asset(node) if node.tag in ("asset-clip", "audio", "video") else None
        return asset.start if asset else time(node, "tcStart", ZERO) if node.tag in CONTAINERS else ZERO

    def _length(self, node: Node, start: Fraction) -> Fraction | None:
        """How long an element without a duration is; None where nothing tells."""
        if node.tag in ("ref-clip", "mc-clip"):
            content = self.content(node)
            return time(content, "duration") if content and "duration" in content.attributes else None
        asset = self.asset(node)
        return None if asset is None or asset.length is None else max(ZERO, asset.start + asset.length - start)

    def _scale(self, node: Node) -> Fraction:
        conform = node.first("conform-rate")
        if conform is None or conform.attributes.get("scaleEnabled") == "0":
            return ONE
        stated = conform.attributes.get("srcFrameRate")
        try:
            rate = Rate.of(stated) if stated else self._medium_rate(node)
        except ValueError:
            raise InputError(f"{called(node)} has a srcFrameRate that is no frame rate: '{stated}'") from None
        around = self._rate_around(node)
        return conformed(rate, around) if rate and around else ONE

    def _medium_rate(self, node: Node) -> Rate | None:
        medium = self.get(node, "ref")
        holder = self.content(node) if medium is not None and medium.tag == "media" else medium
        return format_rate(self.get(holder, "format")) if holder else None

    def _rate_around(self, node: Node) -> Rate | None:
        """The frame rate of the timeline that an element lies on."""
        outer = node.parent
        while outer is not None:
            if outer.tag in ("sequence", "multicam"):
                return format_rate(self.get(outer, "format"))
            outer = outer.parent
        return None


def source(asset: Node) -> str:
    """Where an asset says its file is: on a <media-rep> since version 1.9, before that on itself."""
    kept = asset.all("media-rep")
    best = next((rep for rep in kept if rep.attributes.get("kind", "original-media") == "original-media"), None)
    best = best or (kept[0] if kept else asset)
    return best.attributes.get("src", "")


def _asset(node: Node) -> Asset:
    said = ("hasVideo" in node.attributes, "hasAudio" in node.attributes)
    picture = node.attributes.get("hasVideo") == "1" or not any(said)
    sound = node.attributes.get("hasAudio") == "1" or not any(said)
    length = time(node, "duration", ZERO)
    return Asset(
        node.attributes.get("name", ""),
        source(node),
        time(node, "start", ZERO),
        length if length > 0 else None,
        picture,
        sound,
    )
