"""Cuts inside flattened media: a shot may be a film that is edited already, whose cuts no timeline knows."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from ..edit import Edit, Shot, Source
from ..progress import Progress, part, silent
from .boundaries import boundaries
from .media import Unreadable
from .reel import SLACK, Reel, Small
from .survey import Find, find_plainly

Mode = Literal["auto", "always", "never"]

LONG_SECONDS = 20  # `auto`: a shot at least so long that is most of the picture
ALONE, ALONE_SECONDS = 2, 60  # `auto`: in an edit of so few shots one so long
SHORTEST_SECONDS = 2  # `always`
EDGE = 1  # frames: a cut so near to a known one is the known one
SAID_EVERY = 0.2  # seconds


@dataclass(frozen=True)
class DetectedCut:
    """A cut that the timeline does not know. Confidence from 0 to 1: hard cuts from 0.5, dissolves and fades below.

    `frame` is the first of the new scene, or the middle of a transition.
    """

    frame: int
    confidence: float

    def to_json(self) -> dict[str, Any]:
        return {"frame": self.frame, "confidence": self.confidence}


@dataclass(frozen=True)
class Detected:
    """What was found, in order, and the shots that were searched."""

    cuts: tuple[DetectedCut, ...] = ()
    searched: tuple[Shot, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def detect(edit: Edit, *, mode: Mode = "auto", progress: Progress = silent, find: Find = find_plainly) -> Detected:
    """Look for cuts in the media of an edit: only what it shows, at its own frames.

    `auto` searches long lone shots, which may be finished films; `always` every shot of two seconds or more; `never`
    none. A medium that cannot be read gives a warning. `find` turns a medium's name in the edit into its file.
    """
    shots = [
        shot for shot in edit.shots if any(_plays(source) for source in shot.sources) and _wanted(edit, shot, mode)
    ]
    known = sorted({*(cut.frame for cut in edit.cuts), *(edge for s in edit.shots for edge in (s.start, s.end))})
    total = sum(shot.end - shot.start for shot in shots)
    found: dict[int, float] = {}
    warnings: dict[str, None] = {}
    done = 0
    for shot in shots:
        share = part(progress, done / total, (done + shot.end - shot.start) / total)
        for source in shot.sources:
            for cut in _search(edit, shot, source, find, share, warnings):
                if not any(abs(cut.frame - edge) <= EDGE for edge in known):
                    found[cut.frame] = max(cut.confidence, found.get(cut.frame, 0.0))
        done += shot.end - shot.start
    if shots:
        progress(1.0, "looked for cuts")
    return Detected(tuple(DetectedCut(at, found[at]) for at in sorted(found)), tuple(shots), tuple(warnings))


def _wanted(edit: Edit, shot: Shot, mode: Mode) -> bool:
    length = edit.rate.seconds(shot.end - shot.start)
    if mode == "auto":
        picture = sum(other.end - other.start for other in edit.shots)
        most = length >= LONG_SECONDS and 2 * (shot.end - shot.start) > picture
        return most or (len(edit.shots) <= ALONE and length >= ALONE_SECONDS)
    return mode == "always" and length >= SHORTEST_SECONDS


def _plays(source: Source) -> bool:
    return source.media is not None and source.speed != 0


def _search(
    edit: Edit, shot: Shot, source: Source, find: Find, progress: Progress, warnings: dict[str, None]
) -> Iterator[DetectedCut]:
    if not _plays(source) or source.media is None:
        return
    path = find(source.media)
    if path is None:
        warnings[f"{source.media}: not found; not searched for cuts"] = None
        return
    at = source.at or Fraction(0)
    step = source.speed / edit.rate.fps  # seconds of the medium a frame of the edit
    far = at + (source.end - source.start - 1) * step
    first, last = min(at, far), max(at, far) + SLACK
    said = _Said(progress, float((source.start - shot.start) / Fraction(shot.end - shot.start)))
    try:
        reel = Reel(path, edit.rate.fps, check=said.again)
    except Unreadable as error:
        warnings[f"{source.media}: {error}; not searched for cuts"] = None
        return
    try:
        share = Fraction(source.end - source.start, shot.end - shot.start)
        pictures = said.along(reel.between(first, last), first, last, float(share))
        for boundary in boundaries(pictures, said.again):
            frame = source.start + _frames(boundary.time, at, step)
            if source.start < frame < source.end:
                yield DetectedCut(frame, boundary.confidence)
        if reel.damaged:
            warnings[f"{source.media}: is damaged; cuts in what cannot be read are not found"] = None
    finally:
        reel.close()


def _frames(moment: Fraction, at: Fraction, step: Fraction) -> int:
    """Which frame of a source is the first on the other side of a moment of its medium."""
    if step > 0:
        return math.ceil((moment - at - SLACK) / step)
    return math.floor((moment - at - SLACK) / step) + 1


class _Said:
    """Progress that is told a few times a second, however fast or slowly pictures come."""

    def __init__(self, progress: Progress, fraction: float) -> None:
        self._progress, self._fraction, self._start = progress, fraction, fraction
        self._last = -math.inf

    def again(self) -> None:
        now = time.monotonic()
        if now - self._last >= SAID_EVERY:
            self._last = now
            self._progress(self._fraction, "looking for cuts")

    def along(self, pictures: Iterator[Small], first: Fraction, last: Fraction, share: float) -> Iterator[Small]:
        for small in pictures:
            self._fraction = self._start + share * min(1.0, float((small.time - first) / (last - first)))
            self.again()
            yield small
