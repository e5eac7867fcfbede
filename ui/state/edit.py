"""An edit as the panel sees it: the timeline, what its picture shows, and where people speak."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ...runtime.edit import Edit


@dataclass(frozen=True)
class Swatch:
    """`colour` as #rrggbb, and the share of the picture that it stands for, from 0 to 1."""

    colour: str
    share: float


@dataclass(frozen=True)
class ShotLook:
    """What a shot shows; all but `warmth` (-1 cold to 1 warm) from 0 to 1. Neutral, and not `known`, where nothing was
    seen. `thumb` is the path of a small JPEG of its middle, "" where there is none.
    """

    light: float = 0.5
    warmth: float = 0.0
    motion: float = 0.0
    palette: tuple[Swatch, ...] = ()
    known: bool = False
    thumb: str = ""


@dataclass(frozen=True)
class Speech:
    """Somebody speaks in the frames [start, end), as sure as `confidence` from 0 to 1."""

    start: int
    end: int
    confidence: float = 1.0


@dataclass(frozen=True)
class Reasons:
    """Why the parsing gave the frames [start, end) the mood that it did, in plain words."""

    start: int
    end: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeenEdit:
    """`path` is the edit's file. `looks` has one entry a shot of `edit.shots`, or none while only the timeline is
    read (`parsed` is False). `motion` is the movement over the edit, ten values a second from 0 to 1.
    """

    path: str
    edit: Edit
    parsed: bool = False
    looks: tuple[ShotLook, ...] = ()
    speech: tuple[Speech, ...] = ()
    reasons: tuple[Reasons, ...] = ()
    motion: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()

    def cut_frames(self) -> tuple[int, ...]:
        """Where a storyboard may start: the cuts inside the picture, rising."""
        first, last = self.picture
        return tuple(sorted({cut.frame for cut in self.edit.cuts if first < cut.frame < last}))

    @property
    def picture(self) -> tuple[int, int]:
        """The frames [start, end) of the picture that lie on the timeline; (0, 0) where there is none."""
        start, end = self.edit.picture_start, self.edit.picture_end
        if start is None or end is None:
            return (0, 0)
        first, last = max(0, start), min(self.edit.frames, end)
        return (first, last) if first < last else (0, 0)

    def missing(self) -> tuple[str, ...]:
        """The media that were not found, by name, each once."""
        pieces = [*self.edit.shots, *(clip for track in self.edit.audio_tracks for clip in track.clips)]
        return tuple(dict.fromkeys(piece.media for piece in pieces if piece.media and not piece.online))

    def palette(self, start: int, end: int, most: int = 5) -> tuple[Swatch, ...]:
        """The colours of the frames [start, end), the largest share first; shares add up to 1 or less."""
        weights: dict[str, float] = {}
        whole = max(1, end - start)
        for shot, look in self.shots_in(start, end):
            inside = min(shot[1], end) - max(shot[0], start)
            for swatch in look.palette:
                weights[swatch.colour] = weights.get(swatch.colour, 0.0) + swatch.share * inside / whole
        return tuple(Swatch(colour, round(share, 4)) for colour, share in _apart(weights)[:most])

    def shots_in(self, start: int, end: int) -> Iterable[tuple[tuple[int, int], ShotLook]]:
        """The shots that reach into the frames [start, end), as ((start, end), look)."""
        shots = self.edit.shots
        at = max(0, bisect_right(shots, start, key=lambda shot: shot.start) - 1)
        while at < len(shots) and shots[at].start < end:
            if shots[at].end > start:
                yield (shots[at].start, shots[at].end), self.looks[at] if at < len(self.looks) else ShotLook()
            at += 1


def _apart(weights: dict[str, float], near: int = 60) -> list[tuple[str, float]]:
    """The colours by weight, those that look alike taken together."""
    kept: list[tuple[str, float]] = []
    for colour, weight in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])):
        for index, (other, sum_) in enumerate(kept):
            if _distance(colour, other) < near:
                kept[index] = (other, sum_ + weight)
                break
        else:
            kept.append((colour, weight))
    return sorted(kept, key=lambda pair: (-pair[1], pair[0]))


def _distance(one: str, other: str) -> int:
    def parts(colour: str) -> list[int]:
        return [int(colour[first:last], 16) for first, last in pairwise((1, 3, 5, 7))]

    return sum(abs(a - b) for a, b in zip(parts(one), parts(other), strict=True))
