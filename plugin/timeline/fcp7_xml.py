"""Puts our stereo track into somebody's FCP7 XML document and takes it out again; every other byte stays as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any, NamedTuple

from ...runtime.errors import InputError, UsageError
from ...runtime.rate import Rate
from . import score_track
from .fcp7_pair import (
    CHANNEL,
    CHANNELS_OF,
    MARK,
    TRACK_NAME,
    Placed,
    audio,
    free_ids,
    pair,
    rate,
    sequence_marker,
)
from .score_track import CHANNELS, Plan, Standing
from .xml_text import Document, Element, Node, line_before, parse, render, with_space

_SELF_CLOSED = re.compile(r"""<(audio|media)(\s+[\w.:-]+\s*=\s*("[^"<&]*"|'[^'<&]*'))*\s*/>""")
# Hosts add these to a clip by themselves; with keyframes they are somebody's work.
_HOST_FILTERS = {"Audio Levels", "Audio Pan"}


@dataclass(frozen=True)
class Music:
    """What is put on a track. `media_url` is written as it stands: Premiere wants file://localhost/..., escaped.

    `stem` is empty for a whole score.
    """

    frames: int
    media_url: str
    media_name: str
    provenance: Mapping[str, Any]
    stem: str = ""


@dataclass(frozen=True)
class SequenceMarker:
    frame: int
    name: str
    comment: str = ""


class Removal(NamedTuple):
    data: bytes
    removed: list[dict[str, Any]]  # what we had written down about each track that was ours
    warnings: list[str]


class Replacement(NamedTuple):
    data: bytes
    name: str
    warnings: list[str]


@dataclass(frozen=True)
class _Ours:
    """Tracks that belong together, one or an exploded pair; `index` is the first one's number among the tracks."""

    index: int
    tracks: tuple[Node, ...]
    clips: tuple[Node, ...]
    state: score_track.State
    in_place: bool
    provenance: dict[str, Any]
    media: str


_Change = tuple[int, int, bytes]
_Musics = Music | Sequence[Music]  # a whole score, or its stems


def sequences(data: bytes) -> list[str]:
    """The names of the document's sequences, in the order in which OpenTimelineIO's adapter gives them."""
    return [node.value("name") for node in _sequences(parse(data))]


def insert(
    data: bytes,
    sequence: int | str,
    music: _Musics,
    *,
    name: str = score_track.NAME,
    markers: Sequence[SequenceMarker] = (),
) -> bytes:
    """The document with our pairs of tracks last among the sounds of a sequence, given by number or by name."""
    return _insert(data, sequence, _listed(music), name, markers, None)


def remove(data: bytes, sequence: int | str | None = None, *, touched: bool = True) -> Removal:
    """The document as it was before `insert`; None means every sequence. Clips that are not ours stay, and so do, where
    `touched` is False, tracks of ours that somebody moved or cut.
    """
    document = parse(data)
    if sequence is None:
        chosen = [node for node in document.root.walk() if node.place == "sequence" and node.first("media")]
    else:
        chosen = [_sequence(document, sequence)]
    changes: list[_Change] = []
    removed: list[dict[str, Any]] = []
    warnings: list[str] = []
    for node in chosen:
        found = _ours(document, node)
        leaving = [ours for ours in found if touched or ours.in_place]
        if leaving or touched:
            changes += _take_out(document, node, leaving)
        removed += [ours.provenance for ours in leaving]
        warnings += [
            f"'{score_track.one_line(_name(ours.tracks[0]))}' "
            + (score_track.SHARED if ours in leaving else score_track.TOUCHED)
            for ours in found
            if ours not in leaving or not _goes_whole(ours)
        ]
    return Removal(_changed(document, changes), removed, warnings)


def replace(data: bytes, sequence: int | str, music: _Musics, *, markers: Sequence[SequenceMarker] = ()) -> Replacement:
    """Scores again: the new tracks take the old ones' place and name, or come last where `plan` says so."""
    document = parse(data)
    node = _sequence(document, sequence)
    found = _ours(document, node)
    planned = _plan(node, found)
    going = [o for o in found if o.index in planned.going or (o.state == "foreign clips" and o.in_place)]
    cleared = _changed(document, _take_out(document, node, going))
    scored = _insert(cleared, sequence, _listed(music), planned.name, markers, planned.index)
    return Replacement(scored, planned.name, list(planned.warnings))


def plan(data: bytes, sequence: int | str) -> Plan:
    """What `replace` would do, to be asked before a sound file is written over."""
    document = parse(data)
    node = _sequence(document, sequence)
    return _plan(node, _ours(document, node))


def track_names(data: bytes, sequence: int | str) -> list[str]:
    """Of the sound tracks of a sequence, by the numbers that `plan` counts in; empty for those that have none."""
    return [_name(track) for track in _tracks(_sequence(parse(data), sequence))]


def music_only(
    name: str, rate_: Rate, drop_frame: bool, start_frame: int, music: _Musics, *, track_name: str = score_track.NAME
) -> bytes:
    """A new document whose one sequence holds our tracks alone."""
    ntsc = rate_.fps.denominator == 1001
    if not ntsc and rate_.fps.denominator != 1:
        raise UsageError(f"FCP7 XML cannot say {rate_} frames a second: write an .otio file")
    timebase, word = str(rate_.nominal), "TRUE" if ntsc else "FALSE"
    musics = _listed(music)
    timecode = (
        rate(timebase, word),
        Element("string", rate_.timecode(start_frame, drop_frame)),
        Element("frame", start_frame),
        Element("displayformat", "DF" if drop_frame and rate_.can_drop else "NDF"),
    )
    # Resolve expects a format in <video>, if only an empty one (opentimelineio issue 839).
    video = Element("video", (Element("format"),))
    content = (
        Element("duration", musics[0].frames),
        rate(timebase, word),
        Element("name", name),
        Element("media", (video, audio(_pairs(musics, track_name, timebase, word, free_ids(b""), 1)))),
        Element("timecode", timecode),
    )
    sequence = Element("sequence", content, (("id", "sequence-1"), ("explodedTracks", "true")))
    body = render(Element("xmeml", (sequence,), (("version", "4"),)), "\n", "\t")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n'.encode()


def _sequences(document: Document) -> list[Node]:
    root = document.root
    listed = [
        node for node in root.walk() if node.place == "sequence" and node.parent and node.parent.tag == "children"
    ]
    whole = {
        node.attributes["id"]: node
        for node in reversed(list(root.walk()))
        if node.place == "sequence" and "id" in node.attributes and node.first("media")
    }
    return [
        node if node.first("media") else whole.get(node.attributes.get("id", ""), node)
        for node in (*root.all("sequence"), *listed)
    ]


def _sequence(document: Document, wanted: int | str) -> Node:
    found = _sequences(document)
    if isinstance(wanted, int):
        chosen = found[wanted] if 0 <= wanted < len(found) else None
    else:
        chosen = next((node for node in found if node.value("name") == wanted), None)
    if chosen is None:
        names = ", ".join(f"'{_called(node)}'" for node in found) or "none"
        raise InputError(f"the document has no sequence {wanted!r}; it has {names}")
    if chosen.first("media") is None:
        raise InputError(f"the sequence '{_called(chosen)}' has no <media>: there is nothing to put a track into")
    return chosen


def _called(sequence: Node) -> str:
    return score_track.one_line(sequence.value("name"))


def _tracks(sequence: Node) -> list[Node]:
    media = sequence.first("media")
    sound = media.first("audio") if media else None
    return sound.all("track") if sound else []


def _name(track: Node) -> str:
    return track.attributes.get(TRACK_NAME, "")


def _ours(document: Document, sequence: Node) -> list[_Ours]:
    paths = {node.attributes.get("id", ""): node.value("pathurl") for node in document.files if not node.empty}
    tracks = _tracks(sequence)
    found: list[_Ours] = []
    clips_of = [[clip for clip in track.all("clipitem") if _known(clip, paths) is not None] for track in tracks]
    for index, track in enumerate(tracks):
        if not clips_of[index] or (found and track in found[-1].tracks):
            continue
        paired = _channel(track) == "0" and any(clips_of[index + 1 : index + 2]) and _channel(tracks[index + 1]) == "1"
        span = slice(index, index + 2 if paired else index + 1)
        clips = tuple(clip for own in clips_of[span] for clip in own)
        in_place = all(_in_place(own, paths) for own in clips_of[span])
        foreign = sum(len(t.all("clipitem", "generatoritem")) for t in tracks[span]) > len(clips)
        state: score_track.State = "foreign clips" if foreign else "untouched" if in_place else "moved"
        known = next((k for clip in clips if (k := _known(clip, paths))), {})
        media = next((path for clip in clips if (path := _path(clip, paths))), "")
        found.append(_Ours(index, tuple(tracks[span]), clips, state, in_place, known, media))
    return found


def _channel(track: Node) -> str | None:
    return track.attributes.get(CHANNEL) if track.attributes.get(CHANNELS_OF) == "2" else None


def _path(clip: Node, paths: Mapping[str, str]) -> str:
    file = clip.first("file")
    return paths.get(file.attributes.get("id", ""), "") or file.value("pathurl") if file else ""


def _known(clip: Node, paths: Mapping[str, str]) -> dict[str, Any] | None:
    known = score_track.from_note(clip.value("comments", "mastercomment1"))
    return {} if known is None and score_track.is_score_media(_path(clip, paths)) else known


def _in_place(clips: list[Node], paths: Mapping[str, str]) -> bool:
    if len(clips) != 1 or clips[0].first("marker") or any(_is_users(f) for f in clips[0].all("filter")):
        return False
    clip = clips[0]
    frames = (_known(clip, paths) or {}).get("frames", clip.value("duration"))
    placed = tuple(clip.value(tag) for tag in ("start", "end", "in", "out"))
    return placed == ("0", str(frames), "0", str(frames))


def _is_users(filter_: Node) -> bool:
    effect = filter_.first("effect")
    moving = effect is not None and any(node.tag == "keyframe" for node in effect.walk())
    return moving or filter_.value("effect", "name") not in _HOST_FILTERS


def _goes_whole(ours: _Ours) -> bool:
    named = all(TRACK_NAME not in t.attributes or score_track.TRACK_NAME.fullmatch(_name(t)) for t in ours.tracks)
    return ours.state != "foreign clips" and (named or ours.in_place)


def _plan(sequence: Node, found: list[_Ours]) -> Plan:
    names = [_name(track) for track in _tracks(sequence)]
    standing = [
        Standing(
            ours.index,
            ours.state,
            ours.in_place,
            names[ours.index],
            ours.provenance,
            (ours.media,) if ours.media else (),
        )
        for ours in found
    ]
    planned = score_track.plan(standing, names)
    return planned if planned.name else replaced(planned, name=score_track.free_name(names))


def _take_out(document: Document, sequence: Node, going: list[_Ours]) -> list[_Change]:
    body = document.body
    whole = [ours for ours in going if _goes_whole(ours)]
    gone = [track for ours in whole for track in ours.tracks]
    gone += [clip for ours in going if ours not in whole for clip in ours.clips]
    gone += [node for node in sequence.all("marker") if node.value("comment").startswith(MARK)]
    changes = [(*with_space(body, node), b"") for node in gone]
    made = next((known for ours in whole if isinstance(known := ours.provenance.get("xml_was"), str)), None)
    media = sequence.first("media")
    sound = media.first("audio") if media else None
    if media and sound and made is not None and all(track in gone for track in sound.all("track")):
        put_back = _SELF_CLOSED.fullmatch(made)
        room = media if put_back and put_back[1] == "media" else sound
        if room is sound or media.children == [sound]:
            start, end = (room.start, room.end) if put_back else with_space(body, room)
            changes = [change for change in changes if not start <= change[0] < end]
            changes.append((start, end, made.encode() if put_back else b""))
    return changes + _rehoused_files(document, changes)


def _rehoused_files(document: Document, changes: list[_Change]) -> list[_Change]:
    """A file is described where it is first used: where that goes and another use stays, the description moves there."""

    def goes(node: Node) -> bool:
        return any(start <= node.start < end for start, end, _ in changes)

    moved: list[_Change] = []
    for file in document.files:
        if file.empty or not goes(file):
            continue
        same = [f for f in document.files if f is not file and f.attributes.get("id") == file.attributes.get("id")]
        heir = next((f for f in same if not goes(f)), None)
        if heir and heir.empty:
            moved.append((heir.start, heir.end, document.body[file.start : file.end]))
    return moved


def _listed(music: _Musics) -> list[Music]:
    return [music] if isinstance(music, Music) else list(music)


def _pairs(
    musics: Sequence[Music], name: str, timebase: str, ntsc: str, ids: Mapping[str, int], first_track: int
) -> tuple[Element, ...]:
    """The tracks of a score, a pair for each of its sounds."""
    nominal = float(timebase)
    tracks: tuple[Element, ...] = ()
    for number, music in enumerate(musics):
        own = {"frames": music.frames, "start": 0, "rate": nominal * 1000 / 1001 if ntsc == "TRUE" else nominal}
        known = {**music.provenance, **score_track.part_of(name, music.stem), **own}
        free = {kind: first + number * (CHANNELS if kind == "clipitem" else 1) for kind, first in ids.items()}
        called = score_track.track_name(name, music.stem)
        placed = Placed(
            called,
            music.frames,
            timebase,
            ntsc,
            music.media_url,
            music.media_name,
            known,
            free,
            first_track + number * CHANNELS,
        )
        tracks += pair(placed)
    return tracks


def _insert(
    data: bytes,
    sequence: int | str,
    musics: Sequence[Music],
    name: str,
    markers: Sequence[SequenceMarker],
    index: int | None,
) -> bytes:
    document = parse(data)
    node = _sequence(document, sequence)
    timebase, ntsc = node.value("rate", "timebase"), node.value("rate", "ntsc").upper() or "FALSE"
    if not re.fullmatch(r"[1-9]\d{0,4}", timebase) or ntsc not in ("TRUE", "FALSE"):
        raise InputError(f"the sequence '{_called(node)}' has no <rate>: how long its frames are is not known")
    tracks = _tracks(node)
    at = len(tracks) if index is None else min(index, len(tracks))
    was = _room(document, node)
    if was is not None:
        musics = [replaced(music, provenance={**music.provenance, "xml_was": was}) for music in musics]
    tracks_ = _pairs(musics, name, timebase, ntsc, free_ids(document.body), at + 1)
    changes = [_added_tracks(document, node, tracks_, at)]
    if markers:
        elements = [sequence_marker(marker.frame, marker.name, marker.comment) for marker in markers]
        changes.append(_added_markers(document, node, elements))
    return _changed(document, changes)


def _room(document: Document, sequence: Node) -> str | None:
    """What has to change to make room: None nothing, "" a missing <audio>, else the tag that closed itself."""
    media = sequence.first("media")
    sound = media.first("audio") if media else None
    tight = sound or media
    if tight and tight.empty:
        literal = document.body[tight.start : tight.end].decode()
        if not _SELF_CLOSED.fullmatch(literal):
            raise InputError(f"the sequence '{_called(sequence)}' has a <{tight.tag}> that cannot be opened")
        return literal
    return "" if sound is None else None


def _added_tracks(document: Document, sequence: Node, tracks: tuple[Element, ...], at: int) -> _Change:
    """Always right after a '>', with white space of ours before it: so it can be cut out again exactly."""
    body, media = document.body, sequence.first("media")
    assert media is not None
    outer, line = line_before(body, sequence.start), line_before(body, media.start)
    unit = line.removeprefix(outer) if len(line) > len(outer) else "\t"
    sound = media.first("audio")
    if sound and not sound.empty:
        here = line_before(body, sound.start) + unit if line else ""
        present = sound.all("track")
        if present:
            here = line_before(body, present[-1].start)
        place = sound.children.index(present[at]) if at < len(present) else len(sound.children)
        spot = sound.children[place - 1].end if place else sound.head
        return spot, spot, "".join(here + render(track, here, unit) for track in tracks).encode()
    here = line + unit if line else ""
    added = here + render(audio(tracks), here, unit)
    if sound:
        deeper = here + unit if here else ""
        inside = "".join(deeper + render(track, deeper, unit) for track in tracks)
        return sound.start, sound.end, _opened(body, sound, inside + here).encode()
    if media.empty:
        return media.start, media.end, _opened(body, media, added + line).encode()
    spot = next((node.end for node in media.all("video")), media.head)
    return spot, spot, added.encode()


def _opened(body: bytes, node: Node, inside: str) -> str:
    tag = body[node.start : node.end].decode()
    return f"{tag[:-2].rstrip()}>{inside}</{node.tag}>"


def _added_markers(document: Document, sequence: Node, markers: list[Element]) -> _Change:
    after = next(iter([*reversed(sequence.all("marker")), *sequence.all("timecode"), *sequence.all("media")]))
    body, media = document.body, sequence.all("media")[0]
    line = line_before(body, after.start)
    unit = line_before(body, media.start).removeprefix(line_before(body, sequence.start)) or "\t"
    return after.end, after.end, "".join(line + render(marker, line, unit) for marker in markers).encode()


def _changed(document: Document, changes: list[_Change]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for start, end, text in sorted(changes):
        parts += document.body[done:start], text
        done = end
    return document.encoded(b"".join([*parts, document.body[done:]]))
