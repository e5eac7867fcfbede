"""What is heard in an FCPXML sequence: every clip with sound, wherever it is nested, on tracks named by role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from .fcpxml_own import Asset, Own, Resources
from .fcpxml_text import CLIPS, CONTAINERS, active, called, connected, contained, time
from .layout import MAX_DEPTH, ZERO
from .xml_text import Node

_ENDLESS = (Fraction(-(10**9)), Fraction(10**9))

Window = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class _Place:
    """A nest's own time on the timeline: its moment `base` lies at `at`, and it runs `speed` times as fast."""

    at: Fraction
    base: Fraction
    speed: Fraction
    window: Window

    def moment(self, own: Fraction) -> Fraction:
        return self.at + (own - self.base) / self.speed


@dataclass
class _Heard:
    start: Fraction
    end: Fraction
    name: str
    role: str
    asset: Asset | None
    at: Fraction  # of the medium, at `start`
    speed: Fraction
    known: dict[str, Any] | None
    marks: list[tuple[Node, Fraction, Fraction]] = field(default_factory=list)


class Listener:
    """`moment` and `marker` make OpenTimelineIO's times and markers."""

    def __init__(
        self,
        resources: Resources,
        moment: Callable[[Fraction], Any],
        marker: Callable[[Node, Fraction, Fraction], Any],
    ) -> None:
        self._resources = resources
        self._moment = moment
        self._marker = marker
        self._heard: list[_Heard] = []

    def listen(self, nodes: Sequence[Node], base: Fraction) -> None:
        self._storyline(nodes, _Place(ZERO, base, Fraction(1), _ENDLESS), base, 0)

    def _storyline(self, nodes: Sequence[Node], place: _Place, origin: Fraction, depth: int) -> None:
        running = origin
        for node in nodes:
            picked = active(node) if node.tag in CLIPS else None
            if picked is None:
                continue
            offset = time(node, "offset", running)
            self._item(picked, offset, place, depth)
            running = offset + self._resources.own(picked).length

    def _item(self, node: Node, offset: Fraction, place: _Place, depth: int) -> None:
        if depth > MAX_DEPTH * 2:
            raise InputError(f"nests lie too deep at {called(node)}")
        own = self._resources.own(node)
        start = place.moment(offset)
        length = own.length / place.speed
        window = (max(place.window[0], start), min(place.window[1], start + length))
        before = len(self._heard)
        if node.attributes.get("enabled") != "0" and own.speed > 0 and window[1] > window[0]:
            self._play(node, own, start, place, window, depth)
        if not self._resources.shows(node) and len(self._heard) > before:
            ours = self._heard[before]
            for mark in node.all("marker", "chapter-marker"):
                at = start + (time(mark, "start", own.start) - own.start) / own.scale / place.speed
                ours.marks.append((mark, at, time(mark, "duration", ZERO) / own.scale / place.speed))
        for child in connected(node):
            at = start + (time(child, "offset", own.start) - own.start) / own.scale / place.speed
            self._hang(child, at, place, place.window, depth + 1)

    def _hang(self, node: Node, at: Fraction, around: _Place, window: Window, depth: int) -> None:
        """Something connected, or a storyline: it lies on the same timeline as what it hangs on, and counts from 0."""
        place = _Place(at, ZERO, around.speed, window)
        if node.tag == "spine":
            self._storyline(node.children, place, ZERO, depth)
        elif (picked := active(node)) is not None:
            self._item(picked, ZERO, place, depth)

    def _play(self, node: Node, own: Own, start: Fraction, place: _Place, window: Window, depth: int) -> None:
        if node.attributes.get("srcEnable") == "video":
            return
        inner = _Place(start, own.first, own.speed * place.speed, window)
        if node.tag in CONTAINERS:
            for part in contained(node):
                self._hang(part, inner.moment(time(part, "offset", ZERO)), inner, window, depth + 1)
        elif node.tag in ("ref-clip", "mc-clip"):
            content = self._resources.content(node)
            if content is not None and depth <= MAX_DEPTH:
                multi = content.tag == "multicam"
                holder = self._resources.angle(node, content, "audio") if multi else content.first("spine")
                self._storyline(holder.children if holder else [], inner, time(content, "tcStart", ZERO), depth + 1)
        elif node.tag in ("asset-clip", "audio"):
            self._sound(node, own, start, place, window)

    def _sound(self, node: Node, own: Own, start: Fraction, place: _Place, window: Window) -> None:
        asset = self._resources.asset(node)
        if asset is not None and not asset.sound:
            return
        if "audioStart" in node.attributes or "audioDuration" in node.attributes:
            # A split edit: the sound begins or ends elsewhere than the picture.
            first = time(node, "audioStart", own.start)
            begin = start + (first - own.start) / own.scale / place.speed
            length = time(node, "audioDuration", own.length * own.scale) / own.scale / place.speed
            window = (max(place.window[0], begin, ZERO), min(place.window[1], begin + max(ZERO, length)))
        speed = own.speed * place.speed
        window = (max(window[0], ZERO), window[1])
        if window[1] <= window[0]:
            return
        role = node.attributes.get("audioRole", node.attributes.get("role", ""))
        name = node.attributes.get("name", asset.name if asset else "")
        at = own.first + (window[0] - start) * speed
        known = self._resources.ours(node)
        self._heard.append(_Heard(*window, name, role.split(".")[0] or "audio", asset, at, speed, known))

    def tracks(self) -> list[Any]:
        """One track a role, or as many as its clips overlap; each clip of ours on one of its own, under its own name."""
        made: list[Any] = []
        ends: list[tuple[str, Fraction]] = []
        for heard in sorted(self._heard, key=lambda heard: heard.start):
            free = (i for i, (role, end) in enumerate(ends) if role == heard.role and end <= heard.start)
            number = next(free, None) if heard.known is None else None
            if number is None:
                number = len(made)
                made.append(
                    otio.schema.Track(
                        heard.role if heard.known is None else heard.name, kind=otio.schema.TrackKind.Audio
                    )
                )
                ends.append((heard.role if heard.known is None else "", ZERO))
            role, end = ends[number]
            if heard.start > end:
                made[number].append(otio.schema.Gap(source_range=self._span(ZERO, heard.start - end)))
            made[number].append(self._clip(heard))
            ends[number] = (role, heard.end)
        return made

    def _clip(self, heard: _Heard) -> Any:
        media = heard.asset.media(self._span) if heard.asset else otio.schema.MissingReference(heard.name)
        clip = otio.schema.Clip(heard.name, media, self._span(heard.at, heard.end - heard.start))
        if heard.speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp("", time_scalar=float(heard.speed)))
        if heard.known is not None:
            clip.metadata["hitpoint"] = heard.known
        for mark, at, length in heard.marks:
            place = heard.at + (at - heard.start) * heard.speed
            clip.markers.append(self._marker(mark, place, length * heard.speed))
        return clip

    def _span(self, start: Fraction, length: Fraction) -> Any:
        return otio.opentime.TimeRange(self._moment(start), self._moment(length))
