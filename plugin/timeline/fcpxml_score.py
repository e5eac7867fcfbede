"""Connects our music to somebody's FCPXML project and takes it off again; every other byte stays as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from fractions import Fraction
from typing import Any

from ...runtime.errors import InputError
from ...runtime.rate import SAMPLE_RATE, Rate
from . import score_track
from .fcp7_xml import Music, Removal, Replacement, SequenceMarker
from .fcpxml import base_of, projects
from .fcpxml_own import Own, Resources, source
from .fcpxml_text import CLIPS, active, format_rate, in_frames, lane, parse, time, written
from .layout import ZERO
from .score_track import CHANNELS, Plan, Standing
from .xml_text import Document, Element, Node, line_before, render, with_space

# The order of a clip's children, as Apple's document type definitions of 1.3 to 1.13 have it: note, timing, adjustments,
# what is connected, markers, sound by channel and role, filters, metadata.
_AFTER_MARKERS = (
    *("audio-channel-source", "audio-role-source", "sync-source", "filter-video", "filter-video-mask", "filter-audio"),
    *("metadata", "reserved"),
)
_AFTER_CONNECTED = ("marker", "chapter-marker", "rating", "keyword", "analysis-marker", *_AFTER_MARKERS)
_NAMES = {"24": "24", "25": "25", "30": "30", "50": "50", "60": "60"}
_NAMES |= {"24000/1001": "2398", "30000/1001": "2997", "60000/1001": "5994"}

_SELF_CLOSED = re.compile(rb"\s*/>\Z")
_TAIL = re.compile(r"\s*/>")
# What Final Cut adds to a clip by itself.
_HOSTS_OWN = {"note", "metadata", "audio-channel-source", "adjust-colorConform"}

_Change = tuple[int, int, bytes]


@dataclass(frozen=True)
class _Ours:
    """A clip of ours; `hangs` is False where somebody put it into a storyline."""

    node: Node
    state: score_track.State
    hangs: bool
    provenance: dict[str, Any]
    media: str


def replace(data: bytes, index: int, music: Sequence[Music], *, markers: Sequence[SequenceMarker] = ()) -> Replacement:
    """The document with the music connected to the first clip of a project, from the project's first frame on.

    An untouched score makes room; one that was moved or cut stays, and the new one gets a name of its own.
    """
    sheet = _Sheet(data, index)
    planned = sheet.plan()
    going = [ours for number, ours in enumerate(sheet.ours) if number in planned.going]
    cleared = _Sheet(_changed(sheet.document, _taken_out(sheet, going)), index)
    return Replacement(cleared.scored(music, planned.name, markers), planned.name, list(planned.warnings))


def plan(data: bytes, index: int) -> Plan:
    """What `replace` would do, to be asked before a sound file is written over."""
    sheet = _Sheet(data, index)
    sheet.frame_rate()
    return sheet.plan()


def remove(data: bytes, index: int | None = None, *, touched: bool = True) -> Removal:
    """The document as it was before `replace`; None means every project. What lies in a storyline stays.

    Where `touched` is False, so does what somebody moved or cut.
    """
    count = len(projects(parse(data)))
    removed: list[dict[str, Any]] = []
    warnings: list[str] = []
    for number in range(count) if index is None else [index]:
        sheet = _Sheet(data, number)
        going = [ours for ours in sheet.ours if ours.hangs and (touched or ours.state == "untouched")]
        data = _changed(sheet.document, _taken_out(sheet, going))
        removed += [ours.provenance for ours in going]
        warnings += [
            f"'{score_track.one_line(ours.node.attributes.get('name', ''))}' lies in a storyline: it stays, as taking it "
            "out would move what comes after it"
            for ours in sheet.ours
            if not ours.hangs
        ]
    if index is None:
        warnings += _elsewhere(parse(data))
    return Removal(data, removed, warnings)


def _elsewhere(document: Document) -> list[str]:
    """What to say of clips of ours that lie in no project, but in a compound clip or loose in an event."""
    resources = Resources(document)
    reached = {id(node) for _, sequence in projects(document) for node in sequence.walk()}
    return [
        f"'{score_track.one_line(node.attributes.get('name', ''))}' lies inside a compound clip or an event: it stays"
        for node in document.root.walk()
        if node.tag in CLIPS and id(node) not in reached and resources.ours(node) is not None
    ]


class _Sheet:
    """One project of a document, and what of it is ours."""

    def __init__(self, data: bytes, index: int) -> None:
        self.document = parse(data)
        found = projects(self.document)
        if not 0 <= index < len(found):
            raise InputError(f"the document has no project {index}")
        self.name, self.sequence = found[index]
        self.resources = Resources(self.document)
        spine = self.sequence.first("spine")
        self.spine = spine
        self.base = base_of(spine, time(self.sequence, "tcStart", ZERO))
        self.ours = [
            self._look(node)
            for node in self.sequence.walk()
            if self.resources.ours(node) is not None and node.tag in CLIPS
        ]

    def frame_rate(self) -> Rate:
        rate = format_rate(self.resources.get(self.sequence, "format"))
        if rate is None:
            raise InputError(f"the project '{self.name}' has no frame rate: how long its frames are is not known")
        return rate

    def storyline(self) -> list[tuple[Node, Fraction, Own]]:
        """Each clip of the primary storyline that something can hang on, where it begins, and its timing."""
        placed = []
        for node in self.spine.children if self.spine else []:
            picked = active(node) if node.tag in CLIPS else None
            if picked is not None:
                placed.append((picked, self.position(node), self.resources.own(picked)))
        return placed

    def first_clip(self) -> tuple[Node, Fraction, Own]:
        placed = self.storyline()
        if not placed:
            raise InputError(f"the project '{self.name}' is empty: there is no clip that music could be connected to")
        return placed[0]

    def position(self, node: Node) -> Fraction:
        """Where an element begins, in seconds from the start of its sequence."""
        parent = node.parent
        if parent is None or node.tag == "sequence":
            return ZERO
        if parent.tag == "audition":
            return self.position(parent)
        if parent.tag in ("spine", "mc-angle"):
            base = self.base if parent is self.spine else ZERO
            return self.position(parent) + self._offset(node, parent, base) - base
        if parent.tag == "sequence":
            return ZERO
        own = self.resources.own(parent) if parent.tag in CLIPS else None
        if own is None:
            return self.position(parent)
        return self.position(parent) + (time(node, "offset", own.start) - own.start) / own.scale

    def _offset(self, node: Node, storyline: Node, base: Fraction) -> Fraction:
        """An element without an offset follows the one before it."""
        if "offset" in node.attributes:
            return time(node, "offset")
        running = base
        for before in storyline.children:
            if before is node:
                break
            picked = active(before) if before.tag in CLIPS else None
            if picked is not None:
                running = time(before, "offset", running) + self.resources.own(picked).length
        return running

    def _look(self, node: Node) -> _Ours:
        known = self.resources.ours(node) or {}
        asset = self.resources.get(node, "ref")
        hangs = node.parent is not None and node.parent.tag not in ("spine", "mc-angle", "audition")
        state: score_track.State = "untouched" if hangs and self._in_place(node, known) else "moved"
        return _Ours(node, state, hangs, known, source(asset) if asset is not None else "")

    def _in_place(self, node: Node, known: Mapping[str, Any]) -> bool:
        if any(not self._hosts(child) for child in node.children) or node.attributes.get("enabled") == "0":
            return False
        own = self.resources.own(node)
        rate = self.frame_rate()
        frames = known.get("frames")
        asset = self.resources.asset(node)
        whole = Fraction(frames) / rate.fps if isinstance(frames, int) else asset.length if asset else None
        half = 1 / rate.fps / 2
        return (
            own.start == (asset.start if asset else ZERO)
            and own.scale == own.speed == 1
            and abs(self.position(node)) < half
            and (whole is None or abs(own.length - whole) < half)
        )

    def _hosts(self, child: Node) -> bool:
        return child.tag in _HOSTS_OWN and not any(grand.tag == "mute" for grand in child.children)

    def plan(self) -> Plan:
        names = [node.attributes.get("name", "") for node in self.sequence.walk() if node.tag in CLIPS]
        names = [name for name in names if score_track.TRACK_NAME.fullmatch(name)]
        standing = [
            Standing(
                number,
                ours.state,
                ours.state == "untouched",
                ours.node.attributes.get("name", ""),
                ours.provenance,
                (ours.media,) if ours.media else (),
            )
            for number, ours in enumerate(self.ours)
        ]
        planned = score_track.plan(standing, names)
        return planned if planned.name else replaced(planned, name=score_track.free_name(names))

    # Writing

    def scored(self, music: Sequence[Music], name: str, markers: Sequence[SequenceMarker]) -> bytes:
        resources = self.document.root.first("resources")
        if resources is None or not resources.children:
            raise InputError("the document has no <resources>: there is no place for our sound in it")
        rate = self.frame_rate()
        first, at, own = self.first_clip()
        local = own.start - at * own.scale
        lowest = min([0, *[lane(node) for node in self.sequence.walk() if "lane" in node.attributes]])
        number = 1 + max([0, *map(int, _numbers(self.document.body))])
        version = _version(self.document)
        assets, clips = [], []
        for i, each in enumerate(music):
            place = _Place(f"r{number + i}", lowest - 1 - i, local, rate, version)
            assets.append(_asset(each, place, score_track.track_name(name, each.stem)))
            clips.append((each, place))
        changes = [_added(self.document, resources, len(resources.children), assets)]
        hung: dict[int, tuple[Node, list[Any], list[Any]]] = {id(first): (first, clips, [])}
        for mark in markers:
            node, start, timing = self._under(rate.seconds(mark.frame))
            moment = timing.start + (rate.seconds(mark.frame) - start) * timing.scale
            hung.setdefault(id(node), (node, [], []))[2].append((mark, moment))
        for node, connected, marked in hung.values():
            known = {"tail": tail} if (tail := _tail(self.document.body, node)) else {}
            elements = [_clip(each, place, name, known) for each, place in connected]
            notes = [_marker(mark, moment, rate, known) for mark, moment in marked]
            changes += _hung(self.document, node, elements, notes)
        return _changed(self.document, changes)

    def _under(self, moment: Fraction) -> tuple[Node, Fraction, Own]:
        """The clip of the storyline that plays at a moment."""
        placed = self.storyline()
        return next((each for each in reversed(placed) if each[1] <= moment), placed[0])


@dataclass(frozen=True)
class _Place:
    """Where a clip of ours goes; `offset` is in the time of the clip that it hangs on."""

    asset: str
    lane: int
    offset: Fraction
    rate: Rate
    version: tuple[int, int]


def _version(document: Document) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{1,3})\.(\d{1,3})\s*", document.root.attributes.get("version", ""))
    return (int(found[1]), int(found[2])) if found else (1, 9)


def _numbers(body: bytes) -> list[bytes]:
    return re.findall(rb"""\sid\s*=\s*["']r(\d{1,9})["']""", body)


def _asset(music: Music, place: _Place, name: str) -> Element:
    """Exactly as long as the clip: no host asks for a frame that is not there."""
    attributes = [
        ("id", place.asset),
        ("name", name),
        ("start", "0s"),
        ("duration", in_frames(music.frames, place.rate)),
        ("hasAudio", "1"),
        ("audioSources", "1"),
        ("audioChannels", str(CHANNELS)),
        ("audioRate", str(SAMPLE_RATE)),
    ]
    if place.version < (1, 9):
        return Element("asset", None, (*attributes[:2], ("src", music.media_url), *attributes[2:]))
    file = Element("media-rep", None, (("kind", "original-media"), ("src", music.media_url)))
    return Element("asset", (file,), tuple(attributes))


def _clip(music: Music, place: _Place, score: str, known: Mapping[str, str]) -> Element:
    provenance = {
        **music.provenance,
        **score_track.part_of(score, music.stem),
        "frames": music.frames,
        "start": 0,
        "rate": float(place.rate.fps),
        **known,
    }
    role = re.sub(r"[.?&|]", " ", music.stem) or "music-1"
    attributes = (
        ("ref", place.asset),
        ("lane", str(place.lane)),
        ("offset", written(place.offset)),
        ("name", score_track.track_name(score, music.stem)),
        ("start", "0s"),
        ("duration", in_frames(music.frames, place.rate)),
    )
    note = Element("note", score_track.note(provenance))
    if place.version < (1, 6):  # which knows no asset-clip, and no roles below roles
        return Element("audio", (note,), (*attributes, ("role", "music")))
    return Element("asset-clip", (note,), (*attributes, ("audioRole", f"music.{role}")))


def _marker(mark: SequenceMarker, moment: Fraction, rate: Rate, known: Mapping[str, str]) -> Element:
    attributes = (
        ("start", written(moment)),
        ("duration", in_frames(1, rate)),
        ("value", mark.name or mark.comment or "beat"),
        ("note", score_track.note({"kind": "beat", **known})),
    )
    return Element("marker", None, attributes)


def _tail(body: bytes, node: Node) -> str:
    """How a tag that closes itself does so; "" for one that does not."""
    found = _SELF_CLOSED.search(body[node.start : node.head]) if node.empty else None
    return found[0].decode() if found else ""


def _hung(document: Document, node: Node, clips: list[Element], markers: list[Element]) -> list[_Change]:
    body = document.body
    tail = _tail(body, node)
    if tail:
        line, unit = _indent(body, node)
        deeper = line + unit if line else ""
        inside = "".join(deeper + render(element, deeper, unit) for element in [*clips, *markers])
        end = f">{inside}{line}</{node.tag}>"
        return [(node.head - len(tail.encode()), node.end, end.encode())]
    places = [_before(node, _AFTER_CONNECTED), _before(node, _AFTER_MARKERS)]
    if places[0] == places[1]:
        clips, markers = [*clips, *markers], []
    rows = zip(places, (clips, markers), strict=True)
    return [_added(document, node, place, elements) for place, elements in rows if elements]


def _before(node: Node, tags: tuple[str, ...]) -> int:
    return next((i for i, child in enumerate(node.children) if child.tag in tags), len(node.children))


def _added(document: Document, parent: Node, place: int, elements: Sequence[Element]) -> _Change:
    """Always right after a '>', with white space of ours before it: so it can be cut out again exactly."""
    body = document.body
    outer, unit = _indent(body, parent)
    line = line_before(body, parent.children[0].start) if parent.children else outer and outer + unit
    spot = parent.children[place - 1].end if place else parent.head
    return spot, spot, "".join(line + render(element, line, unit) for element in elements).encode()


def _indent(body: bytes, node: Node) -> tuple[str, str]:
    """The line break and indentation before an element, and what one level more adds to it."""
    line = line_before(body, node.start)
    outer = line_before(body, node.parent.start) if node.parent else ""
    unit = line.removeprefix(outer) if outer and len(line) > len(outer) and line.startswith(outer) else "    "
    return line, unit


def _taken_out(sheet: _Sheet, going: Sequence[_Ours]) -> list[_Change]:
    """Takes out some clips of ours, their assets where nothing else plays them, and all markers of ours."""
    document, body = sheet.document, sheet.document.body
    marks = [
        node
        for node in sheet.sequence.walk()
        if node.tag in ("marker", "chapter-marker") and sheet.resources.ours(node) is not None
    ]
    gone = [ours.node for ours in going] + marks
    inside = {id(node) for ours in going for node in ours.node.walk()}
    used = [
        node.attributes.get("ref")
        for node in document.root.walk()
        if "ref" in node.attributes and id(node) not in inside
    ]
    for ours in going:
        asset = sheet.resources.get(ours.node, "ref")
        if asset is not None and asset.attributes["id"] not in used and asset not in gone:
            gone.append(asset)
    changes = {
        (node.parent, with_space(body, node)) for node in gone if node.parent is None or id(node.parent) not in inside
    }
    edits: list[_Change] = [(start, end, b"") for _, (start, end) in changes]
    for parent in {id(node.parent): node.parent for node in gone if node.parent is not None}.values():
        tail = next((tail for node in gone if node.parent is parent and (tail := _kept_tail(sheet, node))), "")
        own = [edit for edit in edits if parent.start < edit[0] and edit[1] < parent.end]
        if tail and own and not _left(body, parent, own).strip():
            edits = [edit for edit in edits if edit not in own] + [(parent.head - 1, parent.end, tail.encode())]
    return edits


def _left(body: bytes, parent: Node, gone: Sequence[_Change]) -> bytes:
    """What an element still holds when `gone` is gone."""
    inside = body[parent.head : body.rindex(b"<", parent.head, parent.end)]
    for start, end, _ in sorted(gone, reverse=True):
        inside = inside[: start - parent.head] + inside[end - parent.head :]
    return inside


def _kept_tail(sheet: _Sheet, node: Node) -> str:
    """How the tag around something of ours closed itself before we came."""
    tail = (sheet.resources.ours(node) or {}).get("tail")
    return tail if isinstance(tail, str) and _TAIL.fullmatch(tail) else ""


def _changed(document: Document, changes: Sequence[_Change]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for start, end, text in sorted(changes):
        if start < done:
            continue  # inside something that is gone already
        parts += document.body[done:start], text
        done = end
    return document.encoded(b"".join([*parts, document.body[done:]]))


def music_only(
    name: str,
    rate: Rate,
    drop_frame: bool,
    start_frame: int,
    music: Sequence[Music],
    *,
    track_name: str = score_track.NAME,
) -> bytes:
    """A new document whose one project holds our music alone, under an empty storyline of its length."""
    form = [("id", "r1"), ("frameDuration", in_frames(1, rate)), ("width", "1920"), ("height", "1080")]
    if str(rate) in _NAMES:
        form.insert(1, ("name", f"FFVideoFormat1080p{_NAMES[str(rate)]}"))
    places = [_Place(f"r{2 + i}", -1 - i, ZERO, rate, (1, 9)) for i in range(len(music))]
    rows = list(zip(music, places, strict=True))
    assets = [_asset(each, place, score_track.track_name(track_name, each.stem)) for each, place in rows]
    clips = tuple(_clip(each, place, track_name, {}) for each, place in rows)
    length, start = in_frames(music[0].frames, rate), in_frames(start_frame, rate)
    gap = Element("gap", clips, (("name", "Gap"), ("offset", start), ("start", "0s"), ("duration", length)))
    sound = (("audioLayout", "stereo"), ("audioRate", "48k"))
    counted = ("tcFormat", "DF" if drop_frame and rate.can_drop else "NDF")
    sequence = Element(
        "sequence",
        (Element("spine", (gap,)),),
        (("format", "r1"), ("duration", length), ("tcStart", start), counted, *sound),
    )
    project = Element("project", (sequence,), (("name", name),))
    resources = Element("resources", (Element("format", None, tuple(form)), *assets))
    root = Element("fcpxml", (resources, Element("event", (project,), (("name", "Hitpoint"),))), (("version", "1.9"),))
    body = render(root, "\n", "    ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n{body}\n'.encode()
