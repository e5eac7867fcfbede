"""From an MLT document to OpenTimelineIO timelines: the sequences of a Kdenlive project, a Shotcut project, bare MLT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from . import mlt_marks, mlt_media, mlt_places
from .mlt_parts import Part, Row, joined
from .mlt_places import Place
from .mlt_xml import Mlt, Node
from .score_track import TRACK_NAME

MAX_ITEMS = 200_000  # of a timeline with all of its nests; small documents can nest more than any memory holds
MAX_NESTS = 64

AUDIO, VIDEO = otio.schema.TrackKind.Audio, otio.schema.TrackKind.Video
_SHOWS_THROUGH = ("composite", "qtblend", "affine", "frei0r.cairoaffineblend", "frei0r.cairoblend")


def read(document: Mlt, sequence: Node, folder: Path) -> tuple[Any, list[str]]:
    """The OpenTimelineIO timeline of a sequence, and what a person should know. `folder` is where the document lies."""
    builder = _Builder(document, folder)
    timeline = otio.schema.Timeline(
        sequence.get("kdenlive:clipname"), global_start_time=otio.opentime.RationalTime(0, builder.fps)
    )
    tracks = builder.tracks(sequence)
    timeline.tracks.extend(tracks)
    for guide in builder.guides(sequence):
        timeline.tracks.markers.append(guide)
    builder.trim(timeline.tracks, sequence)
    return timeline, list(builder.warnings)


class _Builder:
    def __init__(self, document: Mlt, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.fps = document.rate.fps.numerator / document.rate.fps.denominator
        self.warnings: dict[str, None] = {}
        bin_ = mlt_places.main_bin(document)
        self._bin = {
            identity: node
            for entry in (bin_.all("entry") if bin_ else ())
            if (node := mlt_places.played(document, entry)) is not None and (identity := node.get("kdenlive:id"))
        }
        self._colors = mlt_marks.categories(bin_)
        self._media: dict[int, mlt_media.Medium] = {}
        self._inside: list[Node] = []
        self._left = MAX_ITEMS
        if not document.states_rate:
            self.warnings["the document states no frame rate: 25 is taken, as MLT does; --rate R says otherwise"] = None

    # Tracks

    def tracks(self, sequence: Node) -> list[Any]:
        if sequence in self._inside or len(self._inside) >= MAX_NESTS:
            raise InputError(f"line {sequence.line}: {_called(sequence)} lies inside itself, or nests lie too deep")
        self._inside.append(sequence)
        found: list[Any] = []
        shown: set[tuple[str, int, int]] = set()  # what lies in the picture: its markers are told there, once
        if sequence.tag == "tractor":
            listed = mlt_places.places(self.document, sequence)
            for index in [*_order(listed)]:
                place = listed[index]
                if place is not None and not (index == 0 and mlt_places.is_background(place)):
                    found += [(index, track) for track in self._of_place(sequence, index, place, shown)]
            found = [track for _, track in sorted(found, key=lambda pair: pair[0])]
        else:
            found = self._of_place(sequence, 0, Place(sequence, sequence, frozenset()), shown)
        self._inside.pop()
        return found

    def _of_place(self, sequence: Node, index: int, place: Place, shown: set[tuple[str, int, int]]) -> list[Any]:
        service, audio = place.service, mlt_places.is_audio(place)
        name = mlt_places.track_name(service)
        rows = self._rows(place)
        found: list[Any] = []
        compositions = [] if audio else self._compositions(sequence, index)
        for row in rows:
            track = otio.schema.Track(name, kind=AUDIO if audio else VIDEO)
            track.enabled = ("audio" if audio else "video") not in place.hidden
            self._fill(track, row, audio, shown, compositions)
            found.append(track)
            if audio and (ours := TRACK_NAME.fullmatch(name)) and (known := service.property(mlt_media.KNOWN)):
                track.metadata[mlt_media.KNOWN] = {"name": ours[0], "note": known.text[:4096]}
        for effect in mlt_media.effects(service, sound=audio):
            found[-1].effects.append(effect)
        if not audio and "audio" not in place.hidden:
            found += self._sound_of(rows, name)
        return found

    def _sound_of(self, rows: Sequence[Row], name: str) -> list[Any]:
        """The sound that plays along with a track of pictures, where an editor keeps both in one clip."""
        sounding = []
        for row in rows:
            parts = [
                part
                for part in row.parts
                if part.producer.tag in ("producer", "chain") and self._medium(part.producer).sounds
            ]
            if parts:
                track = otio.schema.Track(name, kind=AUDIO)
                self._fill(track, replace(row, parts=tuple(parts), mixes=()), True, None, [])
                sounding.append(track)
        return sounding

    def _rows(self, place: Place) -> list[Row]:
        """The parts of a track, from one playlist or joined from Kdenlive's two; more rows where they lie over each other."""
        service = place.service
        if service.tag == "playlist":
            return [Row(*self._parts(service))]
        if mlt_places.is_track(service):
            playlists = [inner.service for inner in mlt_places.places(self.document, service) if inner is not None]
            rows = [Row(*self._parts(playlist)) for playlist in playlists if playlist.tag == "playlist"]
            return joined(self.document, service, rows) or [Row((), ())]
        first, frames = self.document.span(place.element if place.element is not service else service)
        if frames is None:
            first, frames = self._whole(service, first)
        return [Row((Part(0, frames, service, first, place.element),), ())]

    def _parts(self, playlist: Node) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """What a playlist plays, in its own frames, and the dissolves that lie in it as entries of their own."""
        parts: list[Part] = []
        mixes: list[Part] = []
        at = 0
        for child in playlist.children:
            if child.tag == "blank":
                length = self.document.frames(child.attributes.get("length"), child)
                at += max(0, length)
            elif child.tag == "entry":
                self._spend(1)
                producer = mlt_places.played(self.document, child)
                first, frames = self.document.span(child)
                if producer is None:
                    named = child.attributes.get("producer", "")
                    self.warnings.setdefault(
                        f"line {child.line}: plays '{named[:60]}', which the file does not define: taken as empty"
                    )
                    at += frames or 0
                    continue
                if frames is None:
                    first, frames = self._whole(producer, first)
                times = max(1, self.document.frames(child.attributes.get("repeat"), child, 1))
                self._spend(times)
                for _ in range(times):
                    halves = self._dissolve(producer, at, first, frames)
                    if halves:
                        mixes.append(Part(at, frames, producer, first, child))
                        _extend(parts, halves)
                    elif frames:
                        _follow(parts, Part(at, frames, producer, first, child), bool(mixes) and mixes[-1].end == at)
                    at += frames
        return tuple(parts), tuple(mixes)

    def _dissolve(self, producer: Node, at: int, first: int, frames: int) -> list[Part]:
        """The two halves of a dissolve that stands in a playlist as a tractor of two cuts; none for any other entry."""
        if producer.tag != "tractor" or first != 0:
            return []
        two = [place for place in mlt_places.places(self.document, producer) if place is not None]
        crossed = [each.get("mlt_service") for each in producer.all("transition")]
        if len(two) != 2 or not any(service in ("luma", "mix") for service in crossed):
            return []
        if any(place.service.tag not in ("producer", "chain") or place.element is place.service for place in two):
            return []
        middle = frames // 2
        (one, _), (other, _) = (self.document.span(place.element) for place in two)
        return [
            Part(at, middle, two[0].service, one, two[0].element),
            Part(at + middle, frames - middle, two[1].service, other + middle, two[1].element),
        ]

    def _whole(self, producer: Node, first: int) -> tuple[int, int]:
        """(first frame, frames) of a service whose entry does not say how much of it plays."""
        begin, frames = self.document.span(producer)
        if frames is None:
            length = self.document.frames(producer.get("length"), producer, -1)
            frames = length - begin if length >= 0 else None
        if frames is None and producer.tag == "playlist":
            parts, _ = self._parts(producer)
            frames = max((part.end for part in parts), default=0)
        if frames is None and producer.tag == "tractor":
            frames = self._tractor_length(producer)
        if frames is None:
            self.warnings.setdefault(
                f"line {producer.line}: how long '{producer.get('resource')[-60:]}' plays does not stand in the file: "
                "it is taken as empty"
            )
            frames = 0
        return max(first, begin), max(0, frames - max(0, first - begin))

    def _tractor_length(self, tractor: Node) -> int:
        if tractor in self._inside or len(self._inside) >= MAX_NESTS:
            raise InputError(f"line {tractor.line}: {_called(tractor)} lies inside itself, or nests lie too deep")
        self._inside.append(tractor)
        rows = [
            row for place in mlt_places.places(self.document, tractor) if place is not None for row in self._rows(place)
        ]
        self._inside.pop()
        return max((part.end for row in rows for part in row.parts), default=0)

    # Items

    def _fill(
        self,
        track: Any,
        row: Row,
        audio: bool,
        shown: set[tuple[str, int, int]] | None,
        compositions: Sequence[_Composition],
    ) -> None:
        at = 0
        for number, part in enumerate(row.parts):
            mixed = row.mix_before(number)
            soft_head = next(
                (c for c in compositions if c.softens and c.start == part.start and c.end < part.end), None
            )
            if part.start > at:
                track.append(self._gap(part.start - at))
            if mixed is not None:
                track.append(self._transition(part.start - mixed.start, mixed.end - part.start))
            elif soft_head is not None:
                track.append(self._transition(0, soft_head.end - soft_head.start))
            track.append(self._item(part, audio, shown, compositions))
            at = part.end
            soft_tail = next(
                (c for c in compositions if c.softens and c.end == part.end and c.start > part.start), None
            )
            follows = number + 1 < len(row.parts) and row.parts[number + 1].start == part.end
            if soft_tail is not None and not follows and soft_tail is not soft_head:
                track.append(self._transition(soft_tail.end - soft_tail.start, 0))
                if number + 1 == len(row.parts):
                    track.append(self._gap(1))

    def _item(
        self,
        part: Part,
        audio: bool,
        shown: set[tuple[str, int, int]] | None,
        compositions: Sequence[_Composition],
    ) -> Any:
        self._spend(1)
        producer = part.producer
        if producer.tag not in ("producer", "chain"):
            inside = self.tracks(producer)
            name = producer.get("kdenlive:clipname") or mlt_places.track_name(producer)
            nest = otio.schema.Stack(name, inside, self._range(part.first, part.frames))
            for marker in self.guides(producer):
                nest.markers.append(marker)
            return nest
        medium = self._medium(producer)
        clip = otio.schema.Clip(medium.name, medium.reference(self.fps))
        clip.source_range = self._range(float(medium.source(part.first, part.frames)), part.frames)
        clip.enabled = not medium.off
        if medium.speed is None:
            clip.effects.append(otio.schema.TimeEffect(name="timeremap", effect_name="timeremap"))
        elif medium.speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp(name="speed", time_scalar=float(medium.speed)))
        for effect in mlt_media.effects(part.entry, producer, sound=audio):
            clip.effects.append(effect)
        if any(c.shows_through and c.start < part.end and c.end > part.start for c in compositions):
            clip.effects.append(otio.schema.Effect(name="composition", effect_name="composition"))
        if medium.known is not None:
            clip.metadata[mlt_media.KNOWN] = medium.known
        self._mark(clip, part, audio, shown)
        return clip

    def _mark(self, clip: Any, part: Part, audio: bool, shown: set[tuple[str, int, int]] | None) -> None:
        """A clip's markers, which Kdenlive keeps with its medium; not again on the sound of a picture."""
        identity = part.entry.get("kdenlive:id") or part.producer.get("kdenlive:id")
        key = (identity, part.start, part.first)
        if shown is None or (audio and key in shown):
            return
        if not audio:
            shown.add(key)
        for source in (self._bin.get(identity), part.producer):
            text = source.get("kdenlive:markers") if source is not None else ""
            if text:
                for guide in mlt_marks.guides(text, self._colors):
                    self._spend(1)
                    clip.markers.append(guide.marker(self.fps))
                return

    def guides(self, sequence: Node) -> Iterator[Any]:
        """The markers of a sequence, ours known by what we wrote down of them."""
        ours = mlt_places.our_guides(self.document, sequence)
        for guide in mlt_places.all_guides(self.document, sequence, self._colors):
            self._spend(1)
            yield guide.marker(self.fps, ours=mlt_marks.ours_among(ours, guide))

    def trim(self, stack: Any, sequence: Node) -> None:
        """Bare MLT plays what the in and out of its tractor say; editors write theirs without meaning it."""
        edited = mlt_places.is_kdenlive(self.document) or sequence.property("shotcut") is not None
        first, frames = self.document.span(sequence)
        if edited or sequence.tag != "tractor" or frames is None or not len(stack):
            return
        whole = self._tractor_length(sequence)
        if 0 <= first < whole and frames > 0 and (first > 0 or first + frames < whole):
            stack.source_range = self._range(first, min(frames, whole - first))

    def _compositions(self, sequence: Node, index: int) -> list[_Composition]:
        """What somebody laid between this track and one below it."""
        found = []
        for each in sequence.all("transition"):
            if each.get("internal_added") or each.get("b_track") != str(index) or each.get("disable") == "1":
                continue
            service = each.get("mlt_service")
            start, frames = self.document.span(each)
            if frames is None:
                continue
            soft = service == "luma" or each.get("kdenlive_id") in ("dissolve", "wipe", "luma")
            found.append(_Composition(start, start + frames, soft, service in _SHOWS_THROUGH and not soft))
        return found

    def _medium(self, producer: Node) -> mlt_media.Medium:
        if id(producer) not in self._media:
            medium = mlt_media.medium(self.document, producer, self.folder)
            bin_ = self._bin.get(producer.get("kdenlive:id"))
            if bin_ is not None and not medium.name:
                medium = replace(medium, name=bin_.get("kdenlive:clipname"))
            if bin_ is not None and medium.known is None:
                medium = replace(medium, known=mlt_media.known(bin_))
            self._media[id(producer)] = medium
        return self._media[id(producer)]

    def _gap(self, frames: int) -> Any:
        return otio.schema.Gap(source_range=self._range(0, frames))

    def _transition(self, into: int, out: int) -> Any:
        times = [otio.opentime.RationalTime(max(0, offset), self.fps) for offset in (into, out)]
        return otio.schema.Transition("mix", otio.schema.TransitionTypes.SMPTE_Dissolve, *times)

    def _range(self, first: float, frames: float) -> Any:
        start, length = (otio.opentime.RationalTime(value, self.fps) for value in (first, frames))
        return otio.opentime.TimeRange(start, length)

    def _spend(self, items: int) -> None:
        self._left -= items
        if self._left < 0:
            raise InputError(f"it holds more than {MAX_ITEMS:,} clips, counting those of its nests: no edit does")


@dataclass(frozen=True)
class _Composition:
    """A transition between two tracks over [start, end): a dissolve, or one that lets the lower track show through."""

    start: int
    end: int
    softens: bool
    shows_through: bool


def _extend(parts: list[Part], halves: list[Part]) -> None:
    """The halves of a dissolve, each one clip with what it goes on from."""
    for half in halves:
        if half.frames:
            _follow(parts, half, half is halves[0])


def _follow(parts: list[Part], part: Part, may_join: bool) -> None:
    last = parts[-1] if parts else None
    if may_join and last is not None and last.goes_on_with(part):
        entry = part.entry if part.entry.tag == "entry" else last.entry
        parts[-1] = replace(last, frames=last.frames + part.frames, entry=entry)
    else:
        parts.append(part)


def _order(listed: Sequence[Place | None]) -> Iterator[int]:
    """Tracks of pictures before those of sound."""
    numbers = range(len(listed))
    yield from (n for n in numbers if (place := listed[n]) is not None and not mlt_places.is_audio(place))
    yield from (n for n in numbers if (place := listed[n]) is not None and mlt_places.is_audio(place))


def _called(node: Node) -> str:
    return f"'{node.get('kdenlive:clipname') or node.id}'"
