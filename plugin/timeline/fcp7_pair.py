"""The elements of our stereo track in FCP7 XML: a pair of tracks, one a channel, as Premiere writes one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...runtime.rate import SAMPLE_RATE
from .score_track import BITS, CHANNELS, note
from .xml_text import Element

MARK = "hitpoint:"  # what the comment of each marker of ours begins with
TRACK_NAME = "MZ.TrackName"  # where Premiere keeps a track's name
CHANNEL, CHANNELS_OF = "currentExplodedTrackIndex", "totalExplodedTrackCount"

_NUMBERED = re.compile(rb"(clipitem|file|masterclip)-(\d{1,18})(?!\d)")


@dataclass(frozen=True)
class Placed:
    """The clip to be written. `timebase` and `ntsc` are the sequence's own words; `first_track` counts from 1."""

    name: str
    frames: int
    timebase: str
    ntsc: str
    media_url: str
    media_name: str
    provenance: Mapping[str, Any]
    ids: Mapping[str, int]
    first_track: int


def free_ids(body: bytes) -> dict[str, int]:
    """The first number that no clip, file or master clip of a document has."""
    highest = dict.fromkeys(("clipitem", "file", "masterclip"), 0)
    for match in _NUMBERED.finditer(body):
        kind = match[1].decode()
        highest[kind] = max(highest[kind], int(match[2]))
    return {kind: number + 1 for kind, number in highest.items()}


def pair(placed: Placed) -> tuple[Element, ...]:
    return tuple(_track(placed, channel) for channel in range(CHANNELS))


def rate(timebase: str, ntsc: str) -> Element:
    return Element("rate", (Element("timebase", timebase), Element("ntsc", ntsc)))


def audio(tracks: tuple[Element, ...]) -> Element:
    """A sequence's sound with two outputs."""
    groups = tuple(
        Element(
            "group",
            (
                Element("index", channel),
                Element("numchannels", 1),
                Element("downmix", 0),
                Element("channel", (Element("index", channel),)),
            ),
        )
        for channel in range(1, CHANNELS + 1)
    )
    form = Element("format", (_characteristics(),))
    return Element("audio", (Element("numOutputChannels", CHANNELS), form, Element("outputs", groups), *tracks))


def sequence_marker(frame: int, name: str, comment: str = "") -> Element:
    noted = f"{MARK} {comment}".rstrip()
    return Element(
        "marker", (Element("comment", noted), Element("name", name), Element("in", frame), Element("out", -1))
    )


def _characteristics() -> Element:
    return Element("samplecharacteristics", (Element("depth", BITS), Element("samplerate", SAMPLE_RATE)))


def _track(placed: Placed, channel: int) -> Element:
    attributes = (
        (TRACK_NAME, placed.name),
        ("PannerName", "Balance"),
        ("PannerCurrentValue", "0.5"),
        ("PannerIsInverted", "true"),
        (CHANNEL, str(channel)),
        (CHANNELS_OF, str(CHANNELS)),
        ("premiereTrackType", "Stereo"),
    )
    content = (
        _clip(placed, channel),
        Element("enabled", "TRUE"),
        Element("locked", "FALSE"),
        Element("outputchannelindex", channel + 1),
    )
    return Element("track", content, attributes)


def _clip(placed: Placed, channel: int) -> Element:
    clips = [f"clipitem-{placed.ids['clipitem'] + i}" for i in range(CHANNELS)]
    links = tuple(
        Element(
            "link",
            (
                Element("linkclipref", clip),
                Element("mediatype", "audio"),
                Element("trackindex", placed.first_track + i),
                Element("clipindex", 1),
                Element("groupindex", 1),
            ),
        )
        for i, clip in enumerate(clips)
    )
    source = Element("sourcetrack", (Element("mediatype", "audio"), Element("trackindex", channel + 1)))
    content = (
        Element("masterclipid", f"masterclip-{placed.ids['masterclip']}"),
        Element("name", placed.media_name),
        Element("enabled", "TRUE"),
        Element("duration", placed.frames),
        rate(placed.timebase, placed.ntsc),
        Element("start", 0),
        Element("end", placed.frames),
        Element("in", 0),
        Element("out", placed.frames),
        _file(placed, whole=channel == 0),
        source,
        *links,
        Element("comments", (Element("mastercomment1", note(placed.provenance)),)),
    )
    return Element("clipitem", content, (("id", clips[channel]), ("premiereChannelType", "stereo")))


def _file(placed: Placed, *, whole: bool) -> Element:
    attributes = (("id", f"file-{placed.ids['file']}"),)
    if not whole:
        return Element("file", None, attributes)
    content = (
        Element("name", placed.media_name),
        Element("pathurl", placed.media_url),
        rate(placed.timebase, placed.ntsc),
        Element("duration", placed.frames),
        Element("media", (Element("audio", (_characteristics(), Element("channelcount", CHANNELS))),)),
    )
    return Element("file", content, attributes)
