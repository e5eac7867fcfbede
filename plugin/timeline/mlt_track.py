"""The elements of our track in an MLT document: producer, playlists, track, mix, bin entry, markers."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...runtime.rate import SAMPLE_RATE
from . import score_track
from .mlt_marks import SHOTCUT, Guide
from .mlt_media import KNOWN
from .mlt_xml import Mlt
from .xml_text import Element

INTERNAL = "237"  # what Kdenlive marks the transitions and filters with that it adds by itself
WRAPPED = "hitpoint:wraps"

_HASHED = 1_000_000  # bytes at either end of a file that Kdenlive tells files apart by
_NUMBERED = re.compile(r"([A-Za-z_]+)(\d{1,9})")
_SPACE = uuid.UUID("6f6d1c5e-64a5-4f6b-9a8e-6a2f7f0b4c11")


@dataclass(frozen=True)
class Music:
    """What is put on a track. `resource` is written as it stands. `digest` and `size` are the file's, as Kdenlive wants."""

    frames: int
    resource: str
    media_name: str
    provenance: Mapping[str, Any]
    stem: str = ""
    digest: str = ""
    size: int = 0


def digest(path: Path) -> tuple[str, int]:
    """(MD5 as Kdenlive computes it, size in bytes): of the whole of a small file, of both ends of a large one."""
    size = path.stat().st_size
    known = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        if size > 2 * _HASHED:
            known.update(file.read(_HASHED))
            file.seek(size - _HASHED)
        known.update(file.read())
    return known.hexdigest(), size


class Ids:
    """Names that no element of a document has."""

    def __init__(self, document: Mlt) -> None:
        self._next: dict[str, int] = {}
        self.bin = 1
        for node in document.root.walk():
            for key in ("id", "producer"):
                if found := _NUMBERED.fullmatch(node.attributes.get(key, "")):
                    self._next[found[1]] = max(self._next.get(found[1], 0), int(found[2]) + 1)
            name = node.attributes.get("name", "") if node.tag == "property" else ""
            if name == "kdenlive:id" and re.fullmatch(r"\s*\d{1,9}\s*", node.text):
                self.bin = max(self.bin, int(node.text) + 1)
            elif folder := re.fullmatch(r"kdenlive:folder\.-?\d+\.(\d{1,9})", name):
                self.bin = max(self.bin, int(folder[1]) + 1)

    def new(self, kind: str) -> str:
        number = self._next.get(kind, 0)
        self._next[kind] = number + 1
        return f"{kind}{number}"

    def new_bin(self) -> int:
        self.bin += 1
        return self.bin - 1


@dataclass(frozen=True)
class Made:
    """A track of ours: what has to be defined before the sequence, what its bin gets, and the name of the track."""

    track: str
    definitions: tuple[Element, ...]
    bin_producer: tuple[Element, ...]
    bin_entry: tuple[Element, ...]
    hide: str


def prop(name: str, value: str | int | None) -> Element:
    return Element("property", value, (("name", name),))


def kdenlive_track(music: Music, called: str, lead: int, ids: Ids, chain: bool) -> Made:
    """As Kdenlive 19.04 and later have it: a tractor of two playlists, the second one for mixes."""
    kind = "chain" if chain else "producer"
    in_bin, on_track, number = ids.new(kind), ids.new(kind), ids.new_bin()
    playlists = [ids.new("playlist"), ids.new("playlist")]
    tractor = ids.new("tractor")
    same = _uuid(music, called)
    shared = (prop("kdenlive:id", number), prop("kdenlive:control_uuid", same))
    audio = prop("kdenlive:audio_track", 1)
    definitions = (
        _producer(kind, on_track, music, (*shared, prop("set.test_audio", 0), prop("set.test_image", 1))),
        Element("playlist", (audio, *_entry(music, on_track, lead, number)), (("id", playlists[0]),)),
        Element("playlist", (audio,), (("id", playlists[1]),)),
        Element(
            "tractor",
            (
                audio,
                prop("kdenlive:trackheight", 67),
                prop("kdenlive:timeline_active", 1),
                prop("kdenlive:collapsed", 0),
                prop("kdenlive:track_name", called),
                prop("kdenlive:thumbs_format", None),
                prop("kdenlive:audio_rec", None),
                *(Element("track", None, (("hide", "video"), ("producer", each))) for each in playlists),
                _filter(("window", 75), ("max_gain", "20dB"), ("mlt_service", "volume")),
                _filter(("channel", -1), ("mlt_service", "panner"), ("start", "0.5")),
                Element("filter", (prop("iec_scale", 0), prop("mlt_service", "audiolevel"), prop("disable", 0))),
            ),
            (("id", tractor), ("in", "0"), ("out", str(lead + music.frames - 1))),
        ),
    )
    listed = (prop("kdenlive:clipname", music.media_name), prop("kdenlive:folderid", -1), prop("kdenlive:clip_type", 1))
    entry = Element("entry", None, _span(in_bin, music.frames))
    return Made(tractor, definitions, (_producer(kind, in_bin, music, (*shared, *listed)),), (entry,), "")


def shotcut_track(music: Music, called: str, lead: int, ids: Ids, chain: bool) -> Made:
    """As Shotcut has it, and as `melt` plays it: a playlist."""
    kind = "chain" if chain else "producer"
    producer, playlist = ids.new(kind), ids.new("playlist")
    named = (prop("shotcut:audio", 1), prop("shotcut:name", called))
    definitions = (
        _producer(kind, producer, music, (prop("shotcut:caption", music.media_name),)),
        Element("playlist", (*named, *_entry(music, producer, lead, None)), (("id", playlist),)),
    )
    return Made(playlist, definitions, (), (), "video")


def track(made: Made) -> Element:
    hide = (("hide", made.hide),) if made.hide else ()
    return Element("track", None, (("producer", made.track), *hide))


def mix(number: int, ids: Ids, kdenlive: bool) -> Element:
    """What adds a track's sound to the one below all others, over the whole length."""
    own = (prop("kdenlive_id", "mix"), prop("internal_added", INTERNAL)) if kdenlive else ()
    content = (
        prop("a_track", 0),
        prop("b_track", number),
        prop("mlt_service", "mix"),
        *own,
        prop("always_active", 1),
        prop("accepts_blanks", 1),
        prop("sum", 1),
    )
    return Element("transition", content, (("id", ids.new("transition")),))


def wrapper(inside: str, made: Sequence[Made], mixes: Sequence[Element], ids: Ids) -> Element:
    """A tractor for a document whose timeline is a playlist, so that a second track has a place."""
    lowest = Element("track", None, (("producer", inside),))
    content = (prop(WRAPPED, inside), lowest, *map(track, made), *mixes)
    return Element("tractor", content, (("id", ids.new("tractor")),))


def guide(mark: Guide, kinds: Mapping[int, str]) -> str:
    """One of Kdenlive's markers on one line, which none of Kdenlive's own is."""
    kind = next((number for number, color in sorted(kinds.items()) if color == mark.color), 0)
    known = {"comment": mark.text, "duration": mark.frames, "hitpoint": True, "pos": mark.frame, "type": kind}
    return json.dumps(known, ensure_ascii=False)


def shotcut_marker(mark: Guide, number: int) -> Element:
    told = (prop("text", mark.text), prop("start", mark.frame), prop("end", mark.frame), prop("color", "#008000"))
    return Element("properties", (*told, prop(KNOWN, 1)), (("name", str(number)),))


def shotcut_markers(markers: Sequence[Element]) -> Element:
    return Element("properties", tuple(markers), (("name", SHOTCUT),))


def _uuid(music: Music, called: str) -> str:
    """The same for the same sound on the same track."""
    return "{" + str(uuid.uuid5(_SPACE, f"{called}\n{music.stem}\n{music.digest}")) + "}"


def _span(producer: str, frames: int) -> tuple[tuple[str, str], ...]:
    return (("producer", producer), ("in", "0"), ("out", str(frames - 1)))


def _entry(music: Music, producer: str, lead: int, number: int | None) -> tuple[Element, ...]:
    before = (Element("blank", None, (("length", str(lead)),)),) if lead else ()
    inside = (prop("kdenlive:id", number),) if number is not None else None
    return (*before, Element("entry", inside, _span(producer, music.frames)))


def _producer(kind: str, name: str, music: Music, more: Sequence[Element]) -> Element:
    content = (
        prop("length", music.frames),
        prop("eof", "pause"),
        prop("resource", music.resource),
        prop("mlt_service", "avformat-novalidate"),
        prop("seekable", 1),
        prop("audio_index", 0),
        prop("video_index", -1),
        prop("mute_on_pause", 0),
        prop("meta.media.nb_streams", 1),
        prop("meta.media.0.stream.type", "audio"),
        prop("meta.media.0.codec.name", f"pcm_s{score_track.BITS}le"),
        prop("meta.media.0.codec.sample_fmt", "s32"),
        prop("meta.media.0.codec.sample_rate", SAMPLE_RATE),
        prop("meta.media.0.codec.channels", score_track.CHANNELS),
        *((prop("kdenlive:file_size", music.size), prop("kdenlive:file_hash", music.digest)) if music.digest else ()),
        *more,
        prop(KNOWN, score_track.note(music.provenance)),
    )
    return Element(kind, content, (("id", name), ("in", "0"), ("out", str(music.frames - 1))))


def _filter(*values: tuple[str, str | int]) -> Element:
    content = (*(prop(name, value) for name, value in values), prop("internal_added", INTERNAL), prop("disable", 1))
    return Element("filter", content)
