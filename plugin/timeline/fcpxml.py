"""Final Cut's FCPXML as an OpenTimelineIO timeline with every time as the file has it.

The storyline becomes the lowest track of picture, each lane of connected clips one above or below it; compound, multicam
and synchronized clips become nests. What OpenTimelineIO cannot say: one clip's own time may run at another speed than
its parent's (conform-rate), and connected clips are placed in that own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from ...runtime.rate import FASTEST, SLOWEST, Rate
from .fcpxml_own import Own, Resources
from .fcpxml_sound import Listener
from .fcpxml_text import CLIPS, CONTAINERS, active, called, connected, contained, format_rate, lane, parse, time
from .layout import MAX_DEPTH, ZERO
from .xml_text import Document, Node

MAX_ELEMENTS = 1_000_000  # ten compound clips in each of ten, ten levels deep, would be 10,000,000,000

# Effects that leave the picture below unseen or change nothing that a viewer would call another picture are not among them.
_EFFECTS = ("filter-video", "filter-video-mask", "adjust-blend", "adjust-transform", "adjust-crop", "adjust-corners")
_COLORS = {"0": "RED", "1": "GREEN"}  # to-do, done


@dataclass(frozen=True)
class Reading:
    timeline: Any
    rate: Rate | None
    drop_frame: bool
    warnings: tuple[str, ...]


def projects(document: Document) -> list[tuple[str, Node]]:
    """Every project's name and sequence; without a project, the compound clips', as an event's export holds them."""
    nodes = list(document.root.walk())
    found = [(node.attributes.get("name", ""), node.first("sequence")) for node in nodes if node.tag == "project"]
    if not any(sequence for _, sequence in found):
        found = [(node.attributes.get("name", ""), node.first("sequence")) for node in nodes if node.tag == "media"]
    return [(name, sequence) for name, sequence in found if sequence is not None]


def open_projects(data: bytes) -> tuple[Document, list[tuple[str, Node]]]:
    document = parse(data)
    found = projects(document)
    if not found:
        raise InputError("holds no project and no compound clip: no timeline")
    return document, found


def read(document: Document, name: str, sequence: Node) -> Reading:
    """One sequence. Raises InputError for what cannot be read."""
    resources = Resources(document)
    if resources.opened(sequence) > MAX_ELEMENTS:
        raise InputError(f"'{name}' holds more than {MAX_ELEMENTS:,} elements once its compound clips are opened")
    rate = format_rate(resources.get(sequence, "format"))
    if rate is not None and not SLOWEST <= rate.fps <= FASTEST:
        raise InputError(f"the sequence of '{name}' has {rate} frames a second, which nothing plays")
    reader = _Reader(resources, rate)
    start = time(sequence, "tcStart", ZERO)
    spine = sequence.first("spine")
    timeline = otio.schema.Timeline(name)
    timeline.global_start_time = reader.moment(start)
    lanes = _Lanes(reader)
    lanes.storyline(spine.children if spine else [], ZERO, base_of(spine, start), (0,))
    tracks = lanes.tracks()
    listener = Listener(resources, reader.moment, reader.marker)
    listener.listen(spine.children if spine else [], base_of(spine, start))
    for track in [*tracks, *listener.tracks()]:
        timeline.tracks.append(track)
    warnings = dict.fromkeys([*resources.warnings, *reader.warnings])
    return Reading(timeline, rate, sequence.attributes.get("tcFormat") == "DF", tuple(warnings))


def base_of(spine: Node | None, start: Fraction) -> Fraction:
    """What the offsets in a sequence count from: its start timecode, though some writers count from 0."""
    first = next((child for child in spine.children if child.tag in CLIPS), None) if spine else None
    return start if first is None or time(first, "offset", start) >= start else ZERO


@dataclass
class _Group:
    """Items that follow each other without a hole, with their transitions, on [start, end)."""

    start: Fraction
    end: Fraction
    items: list[Any]


class _Reader:
    """What is shared by a sequence and all that is nested in it."""

    def __init__(self, resources: Resources, rate: Rate | None) -> None:
        self.resources = resources
        self.fps = rate.fps if rate else Fraction(24)
        self.warnings: dict[str, None] = {}
        self._open: list[str] = []  # the compound clips that are being read, outermost first

    def moment(self, seconds: Fraction) -> Any:
        """Whole frames of the sequence where they are whole; else the file's own fraction, which is as exact."""
        frames = seconds * self.fps
        if frames.denominator != 1 and seconds.denominator < 2**31:
            return otio.opentime.RationalTime(seconds.numerator, seconds.denominator)
        return otio.opentime.RationalTime(float(frames), float(self.fps))

    def span(self, start: Fraction, length: Fraction) -> Any:
        return otio.opentime.TimeRange(self.moment(start), self.moment(length))

    def item(self, node: Node, own: Own) -> Any:
        """The clip, nest or gap that stands for an element; `own` is its timing."""
        if len(self._open) > MAX_DEPTH:
            raise InputError(f"nests lie more than {MAX_DEPTH} deep at {called(node)}")
        if not self.resources.shows(node):
            gap = otio.schema.Gap(source_range=self.span(own.start if node.tag == "gap" else ZERO, own.length))
            if node.tag == "gap":
                self._mark(gap, node, own, ZERO)
            return gap
        if own.uneven:
            self.warnings.setdefault(
                f"the speed of {called(node)} changes while it plays: its even speed from first to last frame is taken"
            )
        made, origin = self._made(node, own)
        made.enabled = node.attributes.get("enabled") != "0"
        if own.speed != 1:
            made.effects.append(otio.schema.LinearTimeWarp("", time_scalar=float(own.speed)))
        if own.speed == 0 and self._marks(node):
            # On a frozen frame all moments of the medium are one: the markers need a time of their own.
            frozen = otio.schema.Track(kind=otio.schema.TrackKind.Video, children=[made])
            made = otio.schema.Stack(made.name, children=[frozen], source_range=self.span(ZERO, own.length))
            self._mark(made, node, Own(own.start, own.length, own.scale, own.start, own.scale), own.start)
        else:
            self._mark(made, node, own, origin)
        return made

    def _made(self, node: Node, own: Own) -> tuple[Any, Fraction]:
        """The item without its speed, and where its own time begins in the element's."""
        name = node.attributes.get("name", "")
        if node.tag in ("ref-clip", "mc-clip"):
            return self._nest(name, node, own)
        if node.tag in CONTAINERS:
            whole = self._whole(node, own)
            if whole is None:
                return self._container(name, node, own)
            node, own = whole
        asset = self.resources.asset(node)
        if asset is None or node.tag == "title":
            effect = self.resources.get(node, "ref")
            kind = "Title" if node.tag == "title" else "SolidColor"
            known = {"effect": effect.attributes.get("name", "")} if effect else {}
            media: Any = otio.schema.GeneratorReference(effect.attributes.get("name", "") if effect else "", kind)
            media.parameters.update(known)
            if effect is None and node.tag != "title":
                media = otio.schema.MissingReference(name)
        else:
            media = asset.media(self.span)
        return (
            otio.schema.Clip(name, media, self.span(own.first, own.length), effects=self._effects(node)),
            ZERO,
        )

    def _whole(self, node: Node, own: Own) -> tuple[Node, Own] | None:
        """The one <video> that a <clip> consists of, and its timing as that of the clip; None for anything richer."""
        parts = [part for part in contained(node) if self.resources.shows(part)]
        if len(parts) != 1 or parts[0].tag != "video" or self.resources.asset(parts[0]) is None:
            return None
        video = parts[0]
        inner = self.resources.own(video)
        hanging = any(self.resources.shows(child) for child in connected(video))
        at = time(video, "offset", ZERO)
        begins, ends = own.first, own.first + own.length * abs(own.speed)
        frame = 1 / self.fps
        covers = at <= begins + frame and at + inner.length >= ends - frame
        if hanging or inner.speed != 1 or not covers or self._marks(video) or video.attributes.get("enabled") == "0":
            return None
        clip = Own(own.start, own.length, own.scale, own.first - at + inner.first, own.speed, own.uneven)
        return video, clip

    def _container(self, name: str, node: Node, own: Own) -> tuple[Any, Fraction]:
        parts = contained(node)
        starts = [time(part, "offset", ZERO) for part in parts]
        origin = min([own.first, *starts])
        lanes = _Lanes(self)
        for part, at in zip(parts, starts, strict=True):
            lanes.hang(part, at - origin, (0,))
        return self._stack(name, lanes, node, own, origin), origin

    def _nest(self, name: str, node: Node, own: Own) -> tuple[Any, Fraction]:
        """A compound or multicam clip; one that the file does not hold, or that is empty, stays without children."""
        media = self.resources.get(node, "ref")
        content = self.resources.content(node)
        lanes = _Lanes(self)
        origin = ZERO
        if media is not None and content is not None:
            identity = media.attributes.get("id", "")
            if identity in self._open:
                raise InputError(f"{called(media)} contains itself")
            self._open.append(identity)
            origin = time(content, "tcStart", ZERO)
            holder = self.resources.angle(node, content) if content.tag == "multicam" else content.first("spine")
            if holder is not None:
                lanes.storyline(holder.children, ZERO, base_of(holder, origin), (0,))
            self._open.pop()
        return self._stack(name, lanes, node, own, origin), origin

    def _stack(self, name: str, lanes: _Lanes, node: Node, own: Own, origin: Fraction) -> Any:
        stack = otio.schema.Stack(name, source_range=self.span(own.first - origin, own.length))
        for track in lanes.tracks():
            stack.append(track)
        stack.effects.extend(self._effects(node))
        return stack

    def _effects(self, node: Node) -> list[Any]:
        found = []
        for child in node.children:
            if child.tag in _EFFECTS and child.attributes.get("enabled") != "0" and not _at_rest(child):
                found.append(otio.schema.Effect(child.attributes.get("name", child.tag), child.tag))
        return found

    # Markers

    def _marks(self, node: Node) -> list[Node]:
        return node.all("marker", "chapter-marker")

    def _mark(self, item: Any, node: Node, own: Own, origin: Fraction) -> None:
        for mark in self._marks(node):
            length = time(mark, "duration", ZERO) * abs(own.speed) / own.scale
            item.markers.append(self.marker(mark, own.medium(time(mark, "start", own.start)) - origin, length))

    def marker(self, mark: Node, at: Fraction, length: Fraction) -> Any:
        """`at` is in the time of the item that it will lie on."""
        color = (
            "ORANGE" if mark.tag == "chapter-marker" else _COLORS.get(mark.attributes.get("completed", ""), "PURPLE")
        )
        note = mark.attributes.get("note", "")
        made = otio.schema.Marker(mark.attributes.get("value", ""), self.span(at, max(length, ZERO)), color)
        made.comment = note
        if self.resources.ours(mark) is not None:
            made.metadata["hitpoint"] = {}
        return made


def _at_rest(adjust: Node) -> bool:
    """Whether an adjustment is at its defaults, as hosts write one that was only opened."""
    rest = {"position": "0 0", "scale": "1 1", "rotation": "0", "anchor": "0 0", "amount": "1", "mode": "0"}
    if adjust.tag not in ("adjust-blend", "adjust-transform") or adjust.children:
        return False
    said = {key: value for key, value in adjust.attributes.items() if key not in ("enabled", "tracking")}
    return all(value.removesuffix(".0") == rest.get(key) for key, value in said.items())


@dataclass
class _Lanes:
    """Picture laid out lane by lane: a key is the storyline's (0,), or that of the clip it hangs on with its own lane added."""

    reader: _Reader
    _groups: dict[tuple[int, ...], list[_Group]] = field(default_factory=dict)

    def storyline(self, nodes: Sequence[Node], at: Fraction, base: Fraction, key: tuple[int, ...]) -> None:
        """Elements one after the other. `at` is where their time `base` lies here."""
        group = _Group(at, at, [])
        dissolves: list[tuple[int, Node]] = []
        resources = self.reader.resources
        for node in nodes:
            if node.tag == "transition":
                dissolves.append((len(group.items), node))
                continue
            if node.tag not in CLIPS:
                continue
            picked = active(node)
            if picked is None:
                continue
            own = resources.own(picked)
            start = at + time(node, "offset", group.end - at + base) - base
            if start > group.end:
                group.items.append(otio.schema.Gap(source_range=self.reader.span(ZERO, start - group.end)))
                group.end = start
            elif start < group.end:
                start = self._shorten(group, start)
            group.items.append(self.reader.item(picked, own))
            group.end = start + own.length
            self._hanging(picked, own, start, key)
        self._dissolve(group, dissolves, at - base, whole=key == (0,))
        if group.items:
            self._groups.setdefault(key, []).append(group)

    def _shorten(self, group: _Group, to: Fraction) -> Fraction:
        """The end of the last item, moved back to where the next one begins; as far as it can be."""
        last = group.items[-1] if group.items else None
        if last is None:
            return group.end
        length = _seconds(last.source_range.duration)
        cut = min(group.end - to, length)
        if cut == length:
            return group.end  # it would vanish: what follows comes after it
        last.source_range = otio.opentime.TimeRange(last.source_range.start_time, self.reader.moment(length - cut))
        group.end -= cut
        return group.end

    def _dissolve(self, group: _Group, found: list[tuple[int, Node]], zero: Fraction, *, whole: bool) -> None:
        """Puts transitions between the items. At the ends of a connected storyline they are fades, which move nothing."""
        edges = [group.start]
        for item in group.items:
            edges.append(edges[-1] + _seconds(item.source_range.duration))
        for place, node in reversed(found):
            if place > len(group.items) or (not whole and place in (0, len(group.items))):
                continue
            length = time(node, "duration")
            if length < 0:
                raise InputError(f"{called(node)} has a negative length")
            start = zero + time(node, "offset", edges[place] - length / 2 - zero)
            before = min(max(edges[place] - start, ZERO), length)
            made = otio.schema.Transition(
                node.attributes.get("name", ""),
                otio.schema.TransitionTypes.SMPTE_Dissolve,
                self.reader.moment(before),
                self.reader.moment(length - before),
            )
            group.items.insert(place, made)

    def hang(self, node: Node, at: Fraction, key: tuple[int, ...]) -> None:
        """A clip or a storyline of its own that begins `at`, with everything that hangs on it."""
        if len(key) > MAX_DEPTH:
            raise InputError(f"clips hang on each other more than {MAX_DEPTH} deep at {called(node)}")
        if node.tag == "spine":
            self.storyline(node.children, at, ZERO, key)
            return
        picked = active(node)
        if picked is None:
            return
        own = self.reader.resources.own(picked)
        if self.reader.resources.shows(picked):
            item = self.reader.item(picked, own)
            self._groups.setdefault(key, []).append(_Group(at, at + own.length, [item]))
        self._hanging(picked, own, at, key)

    def _hanging(self, node: Node, own: Own, at: Fraction, key: tuple[int, ...]) -> None:
        for child in connected(node):
            place = at + (time(child, "offset", own.start) - own.start) / own.scale
            self.hang(child, place, (*key, lane(child) or 1))

    def tracks(self) -> list[Any]:
        """Bottom to top, each without overlaps."""
        result = []
        deep = max(map(len, self._groups), default=1)
        for key in sorted(self._groups, key=lambda key: (*key, *[0] * (deep - len(key)))):
            ends: list[Fraction] = []
            made: list[Any] = []
            for group in sorted(self._groups[key], key=lambda group: group.start):
                start = max(group.start, ZERO)
                number = next((i for i, end in enumerate(ends) if end <= start), len(ends))
                if number == len(ends):
                    name = "Storyline" if key == (0,) else f"Lane {key[-1]}"
                    made.append(otio.schema.Track(name, kind=otio.schema.TrackKind.Video))
                    ends.append(ZERO)
                items = group.items if group.start >= 0 else _without_head(group, self.reader)
                if start > ends[number] and items:
                    made[number].append(otio.schema.Gap(source_range=self.reader.span(ZERO, start - ends[number])))
                made[number].extend(items)
                ends[number] = max(ends[number], group.end)
            result += [track for track in made if len(track)]
        return result


def _without_head(group: _Group, reader: _Reader) -> list[Any]:
    """What is left of a group that begins before the timeline does."""
    missing, kept = -group.start, list(group.items)
    while kept and missing > 0:
        first = kept[0]
        if isinstance(first, otio.schema.Transition):
            kept.pop(0)
            continue
        length = _seconds(first.source_range.duration)
        if length <= missing:
            kept.pop(0)
            missing -= length
            continue
        speed = next(
            (Fraction(e.time_scalar) for e in first.effects if isinstance(e, otio.schema.LinearTimeWarp)), Fraction(1)
        )
        start = _seconds(first.source_range.start_time) + max(missing * speed, ZERO)
        first.source_range = reader.span(start, length - missing)
        missing = ZERO
    while kept and isinstance(kept[0], otio.schema.Transition):
        kept.pop(0)
    return kept


def _seconds(moment: Any) -> Fraction:
    return Fraction(moment.value) / Rate.of(moment.rate).fps if moment.value else ZERO
