"""What the stand-in for DaVinci Resolve holds: projects as plain values, the program that has one open, and its OTIO.

Made of what is written about the program, never of the program itself. Marks after a behaviour say how it is known: [D] the
vendor's documentation, [V] a third party's measurement on a live Resolve, [I] a report, [C] the source of another tool,
[G] an assumption that nobody measured: the worse of two was taken.
"""

from __future__ import annotations

import copy
import itertools
import math
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

FREE, STUDIO = "DaVinci Resolve", "DaVinci Resolve Studio"


# What a project holds: plain values, so that a project is compared and copied whole


@dataclass
class PoolClip:
    id: str
    name: str
    path: str
    fps: str
    frames: int
    metadata: dict[str, str] = field(default_factory=dict)
    third: dict[str, str] = field(default_factory=dict)


@dataclass
class Bin:
    id: str
    name: str
    clips: list[PoolClip] = field(default_factory=list)
    bins: list[Bin] = field(default_factory=list)

    def everywhere(self) -> Iterator[PoolClip]:
        yield from self.clips
        for inner in self.bins:
            yield from inner.everywhere()

    def all_bins(self) -> Iterator[Bin]:
        yield self
        for inner in self.bins:
            yield from inner.all_bins()


@dataclass
class Item:
    id: str
    clip: str  # the clip of the pool that it plays; "" for a transition or a title
    name: str
    start: int  # from timecode zero
    frames: int
    skipped: int = 0
    enabled: bool = True
    markers: dict[int, dict[str, Any]] = field(default_factory=dict)
    errored: bool = False  # the call that placed it failed: the next save throws it away [V]


@dataclass
class Track:
    name: str
    subtype: str = "video"
    items: list[Item] = field(default_factory=list)
    locked: bool = False
    enabled: bool = True


@dataclass
class Line:
    """A timeline."""

    id: str
    name: str
    rate: str  # "23.976", "29.97 DF": what GetSetting says [I]
    fps: Fraction
    start: int
    tracks: dict[str, list[Track]] = field(default_factory=lambda: {"video": [], "audio": [], "subtitle": []})
    markers: dict[int, dict[str, Any]] = field(default_factory=dict)
    playhead: int = 0

    @property
    def drop(self) -> bool:
        return self.rate.endswith("DF")

    @property
    def end(self) -> int:
        items = [item for tracks in self.tracks.values() for track in tracks for item in track.items]
        return max((item.start + item.frames for item in items), default=self.start)


@dataclass
class Held:
    """A project."""

    name: str
    rate: str
    root: Bin
    lines: list[Line] = field(default_factory=list)
    current: str = ""
    folder: str = "root"


@dataclass
class Silences:
    """Ways to go wrong that are no matter of course. `dies_after` counts the changes that are still made."""

    dies_after: int | None = None
    export: str = "yes"  # "false", "no file" [G], "not json"
    nominal_rate: bool = False  # 24 in the file for 23.976 [V: "at nominal rate"]
    inclusive_end: bool = False  # older scripts count endFrame in [I]
    errored_appends: bool = False  # placed, and thrown away by the next save [V]
    null_items: bool = False  # what append returns has no id, and may not be there [V]
    deletes_at_second_try: bool = False  # [V, once]
    deletes_no_track: bool = False  # [G]
    imports_nothing: bool = False  # [D: an empty list]
    headless: bool = False  # -nogui


class Program:
    """Resolve as it runs, or does not. `said` lists every call that was made."""

    def __init__(self, edition: str = STUDIO, version: str = "20.3.2") -> None:
        self.edition, self.version = edition, version
        self.silences = Silences()
        self.running, self.dialog = False, False
        self.generation = 0  # handles of an earlier run answer nothing
        self.disk: Held | None = None
        self.project: Held | None = None
        self.page = "edit"
        self.said: list[str] = []
        self.numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"id-{next(self.numbers)}"

    def start(self) -> None:
        self.project = copy.deepcopy(self.disk)
        self.running, self.dialog = True, False
        self.generation += 1
        self.silences.dies_after = None

    def save(self) -> None:
        assert self.project is not None
        for line in self.project.lines:
            for tracks in line.tracks.values():
                for track in tracks:
                    track.items = [item for item in track.items if not item.errored]  # [V]
        self.disk = copy.deepcopy(self.project)

    def quit(self) -> None:
        self.running, self.project = False, None


# What the program works out


def exact(rate: str) -> Fraction:
    """The ratio behind Resolve's words."""
    shown = float(rate.split()[0])
    nearest = round(shown)
    return Fraction(nearest) if abs(shown - nearest) < 1e-6 else Fraction(nearest * 1000, 1001)


def sound_frames(path: str, fps: Fraction) -> int:
    """Whole frames of a WAV; what is left is not counted [G]."""
    with wave.open(path, "rb") as file:
        return math.floor(Fraction(file.getnframes(), file.getframerate()) * fps)


def timecode(frame: int, line: Line) -> str:
    """SMPTE ST 12, by counting: drop-frame leaves out numbers at each minute but the tenth."""
    base = round(line.fps)
    number = frame
    if line.drop:
        skips = base // 15
        ten, one = base * 600 - 9 * skips, base * 60 - skips
        tens, rest = divmod(frame, ten)
        number += tens * 9 * skips + (0 if rest < base * 60 else skips * (1 + (rest - base * 60) // one))
    seconds, frames = divmod(number, base)
    sign = ";" if line.drop else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{sign}{frames:02}"


def frame_of(text: str, line: Line) -> int:
    hours, minutes, seconds, frames = (int(part) for part in text.replace(";", ":").split(":"))
    base = round(line.fps)
    number = (hours * 3600 + minutes * 60 + seconds) * base + frames
    if line.drop:
        whole = hours * 60 + minutes
        number -= base // 15 * (whole - whole // 10)
    return number


def exported(project: Held, line: Line, nominal: float | None = None) -> dict[str, Any]:
    """The shape of Resolve's .otio [V]: bare paths, Clip.2, start time in frames, metadata of its own."""
    rate = nominal or float(line.rate.split()[0])
    clips = {clip.id: clip for clip in project.root.everywhere()}

    def time(value: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value}

    def span(start: float, length: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(length)}

    def marker(frame: float, said: dict[str, Any]) -> dict[str, Any]:
        colors = {"Fuchsia": "MAGENTA", "Cream": "WHITE", "Cocoa": "BLACK", "Sand": "ORANGE"}
        return {
            "OTIO_SCHEMA": "Marker.2",
            "metadata": {"Resolve_OTIO": {"Note": said["note"]}},  # customData is lost [V]
            "name": said["name"],
            "color": colors.get(said["color"], said["color"].upper()),
            "comment": said["note"],
            "marked_range": span(frame, said["duration"]),
        }

    def track(number: int, found: Track, kind: str) -> dict[str, Any]:
        children, at = [], line.start
        for link, item in enumerate(sorted(found.items, key=lambda item: item.start)):
            if item.start > at:
                children.append(
                    {"OTIO_SCHEMA": "Gap.1", "metadata": {}, "name": "", "source_range": span(0, item.start - at),
                     "effects": [], "markers": [], "enabled": True}
                )  # fmt: skip
            at = item.start + item.frames
            clip = clips.get(item.clip)
            media: dict[str, Any] = {"OTIO_SCHEMA": "MissingReference.1", "metadata": {}, "name": ""}
            if clip is not None:
                length = clip.frames * line.fps / exact(clip.fps)
                media = {"OTIO_SCHEMA": "ExternalReference.1", "metadata": {}, "name": clip.name,
                         "available_range": span(0, float(length)), "target_url": clip.path}  # fmt: skip
            children.append(
                {"OTIO_SCHEMA": "Clip.2",
                 "metadata": {"Resolve_OTIO": {"Link Group ID": link + 10 * number + next(_GROUPS)}},
                 "name": item.name, "source_range": span(item.skipped, item.frames), "effects": [],
                 "markers": [marker(frame, said) for frame, said in item.markers.items()], "enabled": item.enabled,
                 "media_references": {"DEFAULT_MEDIA": media}, "active_media_reference_key": "DEFAULT_MEDIA"}
            )  # fmt: skip
        sound = {"Audio Type": found.subtype.title(), "Locked": found.locked, "SoloOn": False}
        return {"OTIO_SCHEMA": "Track.1", "metadata": {"Resolve_OTIO": sound}, "name": found.name,
                "source_range": None, "effects": [], "markers": [], "enabled": found.enabled, "children": children,
                "kind": {"video": "Video", "audio": "Audio"}[kind]}  # fmt: skip

    tracks = [track(n, found, kind) for kind in ("video", "audio") for n, found in enumerate(line.tracks[kind])]
    stack = {"OTIO_SCHEMA": "Stack.1", "metadata": {}, "name": "", "source_range": None, "effects": [],
             "markers": [marker(frame, said) for frame, said in line.markers.items()], "enabled": True,
             "children": tracks}  # fmt: skip
    return {"OTIO_SCHEMA": "Timeline.1", "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
            "name": line.name, "global_start_time": time(line.start), "tracks": stack}  # fmt: skip


_GROUPS = itertools.count()  # numbered anew by each export
