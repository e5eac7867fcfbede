"""The Edit: what a timeline says, in integer frames at a rational rate, from the timeline's first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal, Protocol

from .rate import Rate

CutKind = Literal["cut", "transition", "to_black", "from_black", "detected"]
MarkerSource = Literal["timeline", "track", "clip", "gap"]


@dataclass(frozen=True)
class Source:
    """Where the frames [start, end) of the edit come from.

    `at` is in seconds from the first frame of the medium; `speed` is seconds of the medium a second of the
    edit: 1 plays, 2 is twice as fast, 0 holds the frame, below 0 plays backwards from `at`.
    """

    start: int
    end: int
    media: str | None
    at: Fraction | None
    speed: Fraction

    def cut_to(self, start: int, end: int, rate: Rate) -> Source:
        """The part inside the frames [start, end), which must overlap it."""
        first = max(self.start, start)
        at = None if self.at is None else self.at + rate.seconds(first - self.start) * self.speed
        return replace(self, start=first, end=min(self.end, end), at=at)


@dataclass(frozen=True)
class Shot:
    """One continuous piece of visible picture, [start, end)."""

    start: int
    end: int
    name: str
    media: str | None = None
    online: bool = False
    sources: tuple[Source, ...] = ()

    def cut_to(self, start: int, end: int, rate: Rate) -> Shot:
        """The part inside the frames [start, end), which must overlap it."""
        inside = tuple(s.cut_to(start, end, rate) for s in self.sources if s.start < end and s.end > start)
        return replace(self, start=max(self.start, start), end=min(self.end, end), sources=inside)


@dataclass(frozen=True)
class Cut:
    """A frame where the visible picture changes. `confidence`, from 0 to 1, is that of a cut found in a medium."""

    frame: int
    kind: CutKind = "cut"
    maybe_overlay: bool = False
    confidence: float | None = None

    def to_json(self, rate: Rate) -> dict[str, Any]:
        said = {
            "frame": self.frame,
            "seconds": round(float(rate.seconds(self.frame)), 6),
            "kind": self.kind,
            "maybe_overlay": self.maybe_overlay,
        }
        return said if self.confidence is None else {**said, "confidence": self.confidence}


@dataclass(frozen=True)
class Marker:
    """A note on the timeline. `frames` is its length, `visible` is False outside the part of a clip that plays."""

    frame: int
    frames: int
    name: str
    note: str
    color: str
    source: MarkerSource
    visible: bool = True


@dataclass(frozen=True)
class AudioTrack:
    """A track of sound that came with the edit. `clips` are pieces of it, never our own score."""

    name: str
    clips: tuple[Shot, ...] = ()


@dataclass(frozen=True)
class Edit:
    """A timeline: `frames` long, its picture from `picture_start` to `picture_end` (None without picture)."""

    name: str
    rate: Rate
    frames: int
    start_frame: int = 0
    drop_frame: bool = False
    picture_start: int | None = None
    picture_end: int | None = None
    cuts: tuple[Cut, ...] = ()
    through_edits: tuple[int, ...] = ()
    markers: tuple[Marker, ...] = ()
    shots: tuple[Shot, ...] = ()
    audio_tracks: tuple[AudioTrack, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def seconds(self, frame: int) -> float:
        return float(self.rate.seconds(frame))

    @property
    def samples(self) -> int:
        """How long a score of this edit is, at 48 kHz."""
        return self.rate.samples(self.frames)

    def part(self, start: int | None, end: int | None) -> Edit:
        """The edit as if its picture were only the frames [start, end); its length stays."""
        first = 0 if start is None else max(0, start)
        last = self.frames if end is None else min(self.frames, end)
        shots = tuple(
            shot.cut_to(first, last, self.rate) for shot in self.shots if shot.start < last and shot.end > first
        )
        return replace(
            self,
            picture_start=shots[0].start if shots else None,
            picture_end=shots[-1].end if shots else None,
            cuts=tuple(cut for cut in self.cuts if first < cut.frame < last),
            through_edits=tuple(frame for frame in self.through_edits if first < frame < last),
            markers=tuple(marker for marker in self.markers if first <= marker.frame < last),
            shots=shots,
        )

    def timecode(self, frame: int) -> str:
        """The timecode that the host shows at a frame of the edit."""
        return self.rate.timecode(self.start_frame + frame, self.drop_frame)

    def to_json(self) -> dict[str, Any]:
        def at(frame: int) -> dict[str, Any]:
            return {"frame": frame, "seconds": round(self.seconds(frame), 6)}

        return {
            "name": self.name,
            "rate": str(self.rate),
            "drop_frame": self.drop_frame,
            "start_frame": self.start_frame,
            "start_timecode": self.timecode(0),
            "frames": self.frames,
            "seconds": round(self.seconds(self.frames), 6),
            "picture_start": self.picture_start,
            "picture_end": self.picture_end,
            "cuts": [cut.to_json(self.rate) for cut in self.cuts],
            "through_edits": [at(frame) for frame in self.through_edits],
            "markers": [
                {
                    "frame": m.frame,
                    "frames": m.frames,
                    "seconds": round(self.seconds(m.frame), 6),
                    "name": m.name,
                    "note": m.note,
                    "color": m.color,
                    "source": m.source,
                    "visible": m.visible,
                }
                for m in self.markers
            ],
            "shots": [_piece(shot) for shot in self.shots],
            "audio_tracks": [
                {"name": track.name, "clips": [_piece(clip) for clip in track.clips]} for track in self.audio_tracks
            ],
            "warnings": list(self.warnings),
        }


class FoundCut(Protocol):
    @property
    def frame(self) -> int: ...
    @property
    def confidence(self) -> float: ...


class Found(Protocol):
    """What looking into the media gave: `picture.detect.Detected`."""

    @property
    def cuts(self) -> Sequence[FoundCut]: ...
    @property
    def warnings(self) -> Sequence[str]: ...


def with_detected(edit: Edit, detected: Found) -> Edit:
    """The edit with the cuts that were found in its media, its shots parted there; what it knew itself stays."""
    known = {cut.frame for cut in edit.cuts}
    new = {cut.frame: cut.confidence for cut in detected.cuts if cut.frame not in known}
    shots: list[Shot] = []
    for shot in edit.shots:
        edges = [shot.start, *(frame for frame in sorted(new) if shot.start < frame < shot.end), shot.end]
        shots += [shot.cut_to(start, end, edit.rate) for start, end in pairwise(edges)]
    cuts = [*edit.cuts, *(Cut(frame, "detected", confidence=sure) for frame, sure in new.items())]
    return replace(
        edit,
        cuts=tuple(sorted(cuts, key=lambda cut: cut.frame)),
        shots=tuple(shots),
        warnings=tuple(dict.fromkeys([*edit.warnings, *detected.warnings])),
    )


def _piece(shot: Shot) -> dict[str, Any]:
    return {"start": shot.start, "end": shot.end, "name": shot.name, "media": shot.media, "online": shot.online}
